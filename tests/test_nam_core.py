"""The target runtime itself: NAM Core, as WebAssembly, plays what drywet writes, and reads what
drywet reads.

Core's fast tanh is up to 8.7e-4 off, which bounds the agreement of nets with tanh; nets without it
must agree to rounding.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from drywet.formats.load import load
from drywet.formats.nam import write as nam
from drywet.formats.nam.levels import loudness_and_gain
from drywet.inference.stream import predict
from drywet.models.activation import Activation
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.stack.config import ConvLayer, DenseLayer, StackConfig
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig, WaveNetLayer
from drywet.trained.model_file import ModelCard, TrainedModel
from tests.support import drywet, mild_model, playing, random_model, shared, tool

RATE = 48_000
X = playing(0.25, RATE)
MADE = datetime(2026, 11, 23)


@pytest.fixture(scope="session")
def core():
    """Plays a file of ours through Core."""
    tool("node")
    folder = Path(__file__).parent / "nam_core"
    if not (folder / "node_modules").is_dir():
        assert not os.environ.get("CI"), ".ci/run must install tests/nam_core"
        pytest.skip("NAM Core is not installed: npm install in tests/nam_core")

    def play(path: Path, x: np.ndarray = X) -> np.ndarray:
        done = subprocess.run(
            ["node", folder / "run.mjs", path, str(RATE)],
            input=x.tobytes(), capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return np.frombuffer(done.stdout, np.float32)

    return play


def trained(config) -> TrainedModel:
    make = random_model if isinstance(config, RecurrentConfig) else mild_model
    model = make(config, 3.1, 0.5)
    if isinstance(config, WaveNetConfig):
        model.head_scale.fill_(1.0)
    return TrainedModel.of(model, ModelCard(model=config, rate=RATE, output_latency=1))


def act(name: str, slope: float = 0.01) -> Activation:
    return Activation(name=name, slope=slope)


def wavenet(*layers: WaveNetLayer, **changes) -> WaveNetConfig:
    array = {"channels": 4, "bottleneck": 4, "head": 1, "layers": layers} | changes
    return WaveNetConfig(arrays=(WaveNetArray(**array),))


CURVES = ("relu", "leaky_relu", "hardtanh", "hardswish", "softsign", "silu", "sigmoid")
EXACT = {
    **{name: wavenet(WaveNetLayer(kernel=3, dilation=2, activation=act(name))) for name in CURVES},
    "gated": wavenet(
        WaveNetLayer(kernel=2, dilation=3, activation=act("relu"), gating="gated"), bottleneck=3
    ),
    "blended": wavenet(
        WaveNetLayer(
            kernel=2, dilation=3, activation=act("relu"), gating="blended", gate=act("sigmoid")
        )
    ),
    "layer head": wavenet(
        WaveNetLayer(kernel=2, dilation=1, activation=act("relu")), layer_head=2, head_kernel=5,
        head_bias=True,
    ),
    "a2-lite": WaveNetConfig(preset="a2-lite"),
    "filter": LinearConfig(taps=300, bias=True),
    "convnet": StackConfig(
        layers=(
            *(ConvLayer(width=3, kernel=2, dilation=d, activation=act("relu")) for d in (1, 2, 4)),
            DenseLayer(width=1),
        )
    ),
}  # fmt: skip
FAST_TANH = {
    **{f"LSTM {n}x{h}": RecurrentConfig(layers=n, hidden=h)
       for n, h in ((1, 8), (1, 16), (2, 8), (3, 5))},
    "nano": WaveNetConfig(preset="nano"),
    "feather": WaveNetConfig(preset="feather"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_core_plays_like_the_model(core, tmp_path, name):
    model = trained(EXACT[name])
    path = tmp_path / "model.nam"
    path.write_bytes(nam.encode(model, "x", MADE))
    want = predict(model, X)
    got = core(path)
    assert np.max(np.abs(got - want)) < 1e-5 * max(np.max(np.abs(want)), 1)
    assert np.std(want) > 1e-4


@pytest.mark.parametrize("name", FAST_TANH)
def test_core_plays_like_the_model_but_for_its_tanh(core, tmp_path, name):
    model = trained(FAST_TANH[name])
    path = tmp_path / "model.nam"
    path.write_bytes(nam.encode(model, "x", MADE))
    want = predict(model, X)
    got = core(path)
    assert len(got) == len(want)
    assert np.sum((got - want) ** 2) < 1e-4 * np.sum(want**2)


@pytest.mark.parametrize("name", ["BossWN-a2", "core_A2"])
def test_others_models_play_as_in_core(core, name):
    path = shared("models", "nam", f"{name}.nam")
    want = core(path)
    assert np.max(np.abs(predict(load(path), X) - want)) < 1e-5


@pytest.mark.parametrize("name", ["BossWN-standard", "BossWN-feather", "BossWN-nano"])
def test_others_models_play_as_in_core_but_for_its_tanh(core, name):
    path = shared("models", "nam", f"{name}.nam")
    want = core(path)
    assert np.sum((predict(load(path), X) - want) ** 2) < 2e-5 * np.sum(want**2)


def test_both_models_of_a_container_are_found(core, tmp_path):
    path = shared("models", "nam", "BossWN-a2.nam")
    small = tmp_path / "small.nam"
    small.write_text(json.dumps(json.loads(path.read_text())["config"]["submodels"][0]["model"]))
    want = core(small)
    assert np.max(np.abs(predict(load(path, 0.3), X) - want)) < 1e-5
    assert np.max(np.abs(predict(load(path, 0.5), X) - want)) > 1e-3


def test_a_container_is_written_as_core_plays_it(core, tmp_path):
    """The heavier model at the slider's end, the lighter one below, and refusals in a line."""
    models = {
        "light": trained(wavenet(WaveNetLayer(kernel=3, dilation=2, activation=act("relu")))),
        "heavy": trained(EXACT["a2-lite"]),
    }
    for name, model in models.items():
        (tmp_path / f"{name}.nam").write_bytes(nam.encode(model, name, MADE))
    both = tmp_path / "both.nam"
    done = drywet(
        "export", tmp_path / "heavy.nam", "--slim", tmp_path / "light.nam", "-o", both, "--json"
    )
    assert done.code == 0, done.err
    want = predict(models["heavy"], X)
    assert np.max(np.abs(core(both) - want)) < 1e-5 * max(np.max(np.abs(want)), 1)
    for size, name in ((1, "heavy"), (0.7, "heavy"), (0.4, "light"), (0, "light")):
        got, each = predict(load(both, size), X), predict(models[name], X)
        assert np.max(np.abs(got - each)) < 1e-5 * max(np.max(np.abs(each)), 1)
    alone = tmp_path / "alone.nam"  # as core plays the slider's low end
    document = json.loads(both.read_text())
    alone.write_text(json.dumps(document["config"]["submodels"][0]["model"]))
    want = predict(models["light"], X)
    assert np.max(np.abs(core(alone) - want)) < 1e-5 * max(np.max(np.abs(want)), 1)
    for words, said in (
        (("export", tmp_path / "light.nam", "--slim", tmp_path / "heavy.nam"), "heaviest first"),
        (("export", tmp_path / "heavy.nam", "--slim", tmp_path / "heavy.nam"), "heaviest first"),
        (
            ("export", tmp_path / "heavy.nam", "--slim", tmp_path / "light.nam", "--format", "c"),
            "--format nam",
        ),
    ):
        done = drywet(*words, "-o", tmp_path / "no.nam")
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert said in done.err
        assert not (tmp_path / "no.nam").exists()


def test_groups_are_read_as_core_reads_them(core, tmp_path):
    """A grouped net is written by hand: drywet writes none."""
    model = trained(
        wavenet(*[WaveNetLayer(kernel=2, dilation=d, activation=act("relu")) for d in (1, 3)])
    )
    document = nam.document(model, "x", MADE)
    grouped = copy.deepcopy(document)
    if "head" not in grouped["config"]["layers"][0]:
        layer = grouped["config"]["layers"][0]
        layer["groups_input"] = 2
        layer["layer1x1"] = {"active": True, "groups": 2}
    rng = np.random.default_rng(0)
    per_layer = 4 * 4 * 2 // 2 + 4 + 4 + 4 * 4 // 2 + 4
    grouped["weights"] = (0.5 * rng.standard_normal(4 + 2 * per_layer + 4 + 1)).tolist()
    path = tmp_path / "grouped.nam"
    path.write_text(json.dumps(grouped))
    want = core(path)
    assert np.std(want) > 1e-3
    assert np.max(np.abs(predict(load(path), X) - want)) < 1e-5 * max(np.max(np.abs(want)), 1)


@pytest.mark.parametrize(
    "name",
    ["BossLSTM-1x16", "BossLSTM-2x8", "BossWN-feather", "BossWN-nano", "BossWN-standard",
     "core_lstm", "core_wavenet"],
)  # fmt: skip
def test_loudness_and_gain_are_what_nams_trainer_wrote(name):
    """Another noise of the same spectrum: within half a dB, and 0.02 where it plays loud enough."""
    path = shared("models", "nam", f"{name}.nam")
    metadata = json.loads(path.read_text())["metadata"]
    loudness, gain = loudness_and_gain(load(path))
    assert abs(loudness - metadata["loudness"]) < 0.5
    if name != "core_lstm":
        assert abs(gain - metadata["gain"]) < 0.02


def test_a_real_render_of_nams_is_met():
    """The wet file of sd1-nam is what NAM made with one of the models at hand."""
    import soundfile

    dry, wet = (
        soundfile.read(shared("audio", "sd1-nam", f"{side}.flac"), 480_000, dtype="float32")[0]
        for side in ("dry", "wet")
    )
    y = predict(load(shared("models", "nam", "BossWN-standard.nam")), dry)
    assert np.max(np.abs(y - wet)) < 1e-5
