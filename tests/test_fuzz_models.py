"""Ten thousand spoiled model files: a model or one clear line, and never anything else.

Small files of every JSON format are spoiled in the ways that attackers and damage spoil them:
values swapped for hostile ones, keys lost, lists cut or grown, bytes flipped. What is still read
must have finite weights and play.
"""

from __future__ import annotations

import copy
import json
import random
import resource
import sys
from datetime import datetime

import numpy as np
import pytest

from drywet.errors import DrywetError
from drywet.formats.load import load
from drywet.formats.registry import FORMATS
from drywet.inference.stream import Stream
from drywet.models.activation import Activation
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.stack.config import CellLayer, ConvLayer, DenseLayer, StackConfig
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig, WaveNetLayer
from drywet.trained.model_file import ModelCard, TrainedModel
from drywet.verbs.export import convert
from tests.support import mild_model

MUTANTS = 2_500  # in each part
PARTS = 4
A_FEW = 300
MOST_GROWTH = 1 << 20  # KiB of memory
TANH = Activation(name="tanh")
FORBIDDEN = ("os.system", "subprocess.Popen", "pickle.find_class", "socket.connect")

SEEDS = [
    ("nam", RecurrentConfig(hidden=3)),
    ("nam", LinearConfig(taps=5, bias=True)),
    ("nam", WaveNetConfig(arrays=(
        WaveNetArray(
            channels=2, bottleneck=2, head=1, head_bias=True,
            layers=tuple(WaveNetLayer(kernel=3, dilation=d) for d in (1, 2)),
        ),
    ))),
    ("nam", WaveNetConfig(arrays=(
        WaveNetArray(
            channels=2, bottleneck=3, head=1, head_kernel=2, layer_head=2, residual=False,
            layers=(WaveNetLayer(kernel=2, dilation=3, gating="gated"),),
        ),
    ))),
    ("nam", StackConfig(layers=(
        ConvLayer(width=2, kernel=2, dilation=3, activation=TANH), DenseLayer(width=1),
    ))),
    ("rtneural", RecurrentConfig(cell="gru", hidden=2, knobs=("knob1",))),
    ("rtneural", StackConfig(layers=(
        ConvLayer(width=2, kernel=2, dilation=3, activation=TANH), CellLayer(cell="lstm", width=2),
        DenseLayer(width=1),
    ))),
    ("aidax", RecurrentConfig(hidden=8, skip=True)),
    ("nam-knobs", RecurrentConfig(hidden=2, knobs=("drive", "tone"))),
    ("nam-knobs", WaveNetConfig(
        arrays=(
            WaveNetArray(
                channels=2, bottleneck=2, head=1, layers=(WaveNetLayer(kernel=2, dilation=1),)
            ),
        ),
        knobs=("drive",),
    )),
]  # fmt: skip

HOSTILE = [
    None, True, False, 0, -1, 1, 2, 3, 10**6, 10**12, -(10**9), 2**63, 10**300, 1e308, -1e308, 0.5,
    "", "x", "Tanh", "WaveNet", "lstm", "A" * 5000, "\u0000", "1", [], [1], [[]], [[[[1]]]], {},
    {"type": "Tanh"}, {"active": True}, [None] * 40, list(range(300)), float("nan"), float("inf"),
]  # fmt: skip


def documents() -> list[dict]:
    made = datetime(2026, 11, 23)
    found = []
    for format, config in SEEDS:
        card = ModelCard(model=config, rate=4_000, output_latency=0)
        model = TrainedModel.of(mild_model(config, 2.0, 0.5), card)
        document = json.loads(FORMATS[format].writer.encode(model, "x", made))
        document.pop("input_batch", None)
        document.pop("output_batch", None)
        found.append(document)
    found.append(
        {
            "version": "0.7.0", "architecture": "SlimmableContainer", "weights": [],
            "config": {"submodels": [
                {"max_value": 0.5, "model": found[2]}, {"max_value": 1.0, "model": found[3]},
            ]},
        }
    )  # fmt: skip
    net = torch_like()
    return [*found, net]


def torch_like() -> dict:
    """A model of GuitarML's, which may have any width."""
    rng = np.random.default_rng(0)

    def some(*shape):
        return rng.uniform(-0.5, 0.5, shape).tolist()

    return {
        "model_data": {
            "model": "SimpleRNN", "input_size": 2, "skip": 1, "output_size": 1,
            "unit_type": "GRU", "num_layers": 1, "hidden_size": 3, "bias_fl": True,
        },
        "state_dict": {
            "rec.weight_ih_l0": some(9, 2), "rec.weight_hh_l0": some(9, 3),
            "rec.bias_ih_l0": some(9), "rec.bias_hh_l0": some(9),
            "lin.weight": some(1, 3), "lin.bias": some(1),
        },
    }  # fmt: skip


def places(value, at=()):
    """Paths to everything in a document."""
    found = [at] if at else []
    items = (
        value.items() if isinstance(value, dict)
        else enumerate(value[:12]) if isinstance(value, list) else ()
    )  # fmt: skip
    for key, inner in items:
        found += places(inner, (*at, key))
    return found


def mutant(document: dict, draw: random.Random) -> bytes:
    """The document, spoiled in one to three places."""
    spoiled = copy.deepcopy(document)
    for _ in range(draw.choice((1, 1, 2, 3))):
        at = draw.choice(places(spoiled))
        holder = spoiled
        for key in at[:-1]:
            holder = holder[key]
        key, way = at[-1], draw.randrange(5)
        if way == 0 and isinstance(holder, dict):
            del holder[key]
        elif way == 1 and isinstance(holder[key], list):
            holder[key] = holder[key][: draw.randrange(len(holder[key]) + 1)]
        elif way == 2 and isinstance(holder[key], list):
            holder[key] = holder[key] * draw.choice((2, 3))
        elif way == 3 and isinstance(holder[key], int | float):
            holder[key] = holder[key] * draw.choice((-1, 0, 2, 1000, 1e30)) + draw.choice((0, 1))
        else:
            holder[key] = copy.deepcopy(draw.choice(HOSTILE))
        if not places(spoiled):
            break
    data = bytearray(json.dumps(spoiled).encode())
    if draw.random() < 0.15:
        for _ in range(draw.randrange(1, 5)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    if draw.random() < 0.05:
        data = data[: draw.randrange(len(data))]
    return bytes(data)


WATCHED: list[str] = []
WATCHING = [False]


def watch(event: str, _arguments: tuple) -> None:
    if WATCHING[0] and event in FORBIDDEN:
        WATCHED.append(event)


@pytest.mark.parametrize(
    ("part", "mutants"),
    [(0, A_FEW), *(pytest.param(n, MUTANTS, marks=pytest.mark.proof) for n in range(PARTS))],
)
def test_spoiled_files_are_one_clear_line(tmp_path, part, mutants):
    sys.addaudithook(watch)
    draw = random.Random(part)
    originals = documents()
    files = {suffix: tmp_path / f"model{suffix}" for suffix in (".nam", ".json")}
    signal = np.random.default_rng(0).uniform(-0.5, 0.5, 100).astype(np.float32)
    for document in originals:  # all of them are good, and everything lazy is imported
        path = files[".nam" if "architecture" in document else ".json"]
        path.write_text(json.dumps(document))
        assert np.isfinite(Stream(load(path)).process(signal)).all()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = 0
    WATCHING[0] = True
    try:
        for number in range(mutants):
            document = draw.choice(originals)
            path = files[".nam" if "architecture" in document else ".json"]
            path.write_bytes(mutant(document, draw))
            try:
                model = load(path)
            except DrywetError as error:
                assert "\n" not in str(error)
                assert len(str(error)) < 600
                continue
            read += 1
            assert all(np.isfinite(weight).all() for weight in model.weights.values())
            if number % 10 == 0:
                assert len(Stream(model).process(signal)) == len(signal)
    finally:
        WATCHING[0] = False
    assert read > mutants // 50, "the files are spoiled beyond all use"
    assert not WATCHED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH


@pytest.mark.parametrize("suffix", [".nam", ".json", ".onnx", ".safetensors"])
def test_noise_is_no_model(tmp_path, suffix):
    draw = random.Random(0)
    path = tmp_path / f"model{suffix}"
    for size in (0, 1, 17, 300, 5000):
        path.write_bytes(draw.randbytes(size))
        with pytest.raises(DrywetError):
            load(path)


@pytest.mark.parametrize("opening", [b"[", b'{"config":', b'{"a":[', b'[{"weights":'])
@pytest.mark.parametrize("suffix", [".nam", ".json"])
def test_deep_json_is_refused(tmp_path, suffix, opening):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(opening * 100_000)
    with pytest.raises(DrywetError):
        load(path)


def stack_of(layers: list[dict]) -> dict:
    return {"in_shape": [None, None, 1], "layers": layers}


def dense_json(inputs: int, width: int) -> dict:
    weights = [[[0.01] * width for _ in range(inputs)], [0.0] * width]
    return {"type": "dense", "activation": "", "shape": [None, None, width], "weights": weights}


def conv_json(inputs: int, width: int, taps: int, dilation: int, groups: int) -> dict:
    weights = [[[[0.01] * width] * (inputs // groups)] * taps, [0.0] * width]
    return {
        "type": "conv1d", "activation": "", "shape": [None, None, width], "weights": weights,
        "kernel_size": [taps], "dilation": [dilation], "groups": groups,
    }  # fmt: skip


def grouped_nam() -> dict:
    """Small in the file, large once played."""
    layer = {
        "input_size": 1, "condition_size": 1, "channels": 512, "kernel_sizes": [2] * 3,
        "dilations": [2**18 - 1] * 3, "activation": "ReLU", "groups_input": 512,
        "layer1x1": {"active": False, "groups": 1},
        "head": {"out_channels": 1, "kernel_size": 1, "bias": False},
    }  # fmt: skip
    count = 512 + 3 * (2 * 512 + 512 + 512) + 512 + 1
    config = {"layers": [layer], "head": None, "head_scale": 1.0}
    document = {"version": "0.7.0", "architecture": "WaveNet", "config": config}
    return document | {"weights": [0.01] * count}


BOMBS = {
    "a grouped WaveNet.nam": grouped_nam(),
    "a long memory.json": stack_of(
        [dense_json(1, 64), conv_json(64, 64, 4, 2**18, 64), dense_json(64, 1)]
    ),
    "groups.json": stack_of(
        [dense_json(1, 512), conv_json(512, 512, 256, 1, 512), dense_json(512, 1)]
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_is_small_in_the_file_and_large_in_memory_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_text(json.dumps(BOMBS[name]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DrywetError):
        load(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH


def test_what_overflows_is_not_written(tmp_path):
    source, target = tmp_path / "a.aidax.json", tmp_path / "b.rtneural.json"
    config = RecurrentConfig(hidden=8)
    card = ModelCard(model=config, rate=4_000, output_latency=0)
    model = TrainedModel.of(mild_model(config, 2.0, 0.5), card)
    document = json.loads(FORMATS["aidax"].writer.encode(model, "x", datetime(2026, 11, 23)))
    document["in_gain"] = 120.0
    document["layers"][0]["weights"][0][0][0] = 1e38
    source.write_text(json.dumps(document))
    with pytest.raises(DrywetError, match="beyond all bounds"):
        convert(source, target)
    assert not target.exists()


def test_untrusted_text_stays_on_its_line(tmp_path):
    path = tmp_path / "a.nam"
    document = documents()[0]
    document["metadata"]["name"] = "a\nb\x1b[31mred"
    path.write_text(json.dumps(document))
    assert load(path).card.metadata.name is None
    path.write_text(json.dumps(document | {"architecture": "\x1b[31mred"}))
    with pytest.raises(DrywetError) as refused:
        load(path)
    assert str(refused.value).isprintable()
