"""Exports proved by readers written from the format documents alone."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from drywet.errors import DrywetError
from drywet.formats.guitarml import proteus as guitarml
from drywet.formats.load import load
from drywet.formats.nam import concat
from drywet.formats.nam import write as nam
from drywet.formats.rtneural import aidax as aidax_format
from drywet.formats.rtneural import write as rtneural
from drywet.inference.stream import predict
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.trained.knob_range import KnobRange
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import ModelCard, TrainedModel, save_model
from tests.support import drywet, mild_model, playing, random_model, save, shared

RATE = 48_000
X = playing(0.25, RATE)
MADE = datetime(2026, 11, 23)
SIZES = [(1, 8), (1, 16), (2, 8), (3, 5)]
SETTLED = 11_025  # samples of silence after which no state moves any more


def trained(config) -> TrainedModel:
    card = ModelCard(model=config, rate=RATE, output_latency=1)
    return TrainedModel.of(random_model(config, 3.1, 0.17), card)


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def play_nam(document: dict, x: np.ndarray) -> np.ndarray:
    """NAM's LSTM from the format document: [W_ih | W_hh], b, h0, c0 per layer; head."""
    assert document["architecture"] == "LSTM"
    size, count = document["config"]["hidden_size"], document["config"]["num_layers"]
    weights = np.array(document["weights"])
    at = 0

    def take(*shape):
        nonlocal at
        n = int(np.prod(shape))
        at += n
        return weights[at - n : at].reshape(shape)

    layers = []
    for i in range(count):
        inputs = document["config"]["input_size"] if i == 0 else size
        layers.append([take(4 * size, inputs + size), take(4 * size), take(size), take(size)])
    head, bias = take(size), take(1)[0]
    assert at == len(weights)
    y = np.empty(len(x))
    for n, sample in enumerate(x):
        signal = np.array([sample])
        for layer in layers:
            matrix, b, h, c = layer
            i, f, g, o = np.split(matrix @ np.concatenate((signal, h)) + b, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            layer[2:] = h, c
            signal = h
        y[n] = head @ signal + bias
    return y


def play_rtneural(document: dict, x: np.ndarray, settle: int) -> np.ndarray:
    """RTNeural's layers from the format document, from zero state after ``settle`` zeros."""
    states = [
        [np.zeros(layer["shape"][-1]), np.zeros(layer["shape"][-1])] for layer in document["layers"]
    ]

    def step(sample):
        signal = np.array([sample])
        for layer, state in zip(document["layers"], states, strict=True):
            h, c = state
            if layer["type"] == "dense":
                w, b = (np.array(part) for part in layer["weights"])
                signal = signal @ w + b
                continue
            w, u, b = layer["weights"]
            if layer["type"] == "lstm":
                i, f, g, o = np.split(signal @ np.array(w) + h @ np.array(u) + np.array(b), 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            else:
                from_input = signal @ np.array(w) + np.array(b[0])
                from_hidden = h @ np.array(u) + np.array(b[1])
                zi, ri, ni = np.split(from_input, 3)
                zh, rh, nh = np.split(from_hidden, 3)
                z, r = sigmoid(zi + zh), sigmoid(ri + rh)
                h = (1 - z) * np.tanh(ni + r * nh) + z * h
            state[:] = h, c
            signal = h
        return signal[0]

    for _ in range(settle):
        step(0.0)
    return np.array([step(sample) for sample in x])


@pytest.mark.parametrize(("layers", "hidden"), SIZES)
def test_nam_plays_like_the_model(layers, hidden):
    model = trained(RecurrentConfig(layers=layers, hidden=hidden))
    document = json.loads(json.dumps(nam.document(model, "x", MADE)))
    y = predict(model, X)
    assert np.max(np.abs(play_nam(document, X) - y)) < 1e-5 * np.max(np.abs(y)) + 1e-6


@pytest.mark.parametrize(("layers", "hidden"), SIZES)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_rtneural_plays_like_the_model(cell, layers, hidden):
    model = trained(RecurrentConfig(cell=cell, layers=layers, hidden=hidden))
    document = json.loads(json.dumps(rtneural.document(model, "x", MADE)))
    y = predict(model, X[:2000])
    got = play_rtneural(document, X[:2000], settle=2000)
    assert np.max(np.abs(got - y)) < 1e-5 * np.max(np.abs(y)) + 1e-6


def test_the_independent_reader_reads_others_models():
    """Where NAM's own files are at hand, their weights fill the layout we assume."""
    for name in ("BossLSTM-1x16.nam", "BossLSTM-2x8.nam", "core_lstm.nam"):
        document = json.loads(shared("models", "nam", name).read_text())
        y = play_nam(document, X[:500])
        assert np.all(np.isfinite(y))
        ours = nam.document(
            trained(
                RecurrentConfig(
                    hidden=document["config"]["hidden_size"],
                    layers=document["config"]["num_layers"],
                )
            ),
            "x",
            MADE,
        )
        assert len(ours["weights"]) == len(document["weights"])
        assert set(ours["config"]) == set(document["config"])


def test_export_verb_writes_both(run_folder):
    for name, suffix in (("nam", ".nam"), ("rtneural", ".json")):
        done = drywet("export", run_folder, "--format", name, "--json")
        assert done.code == 0, done.err
        assert Path(done.json["path"]).suffix == suffix
        document = json.loads(Path(done.json["path"]).read_text())
        assert ("weights" in document) == (name == "nam")
    assert document["metadata"]["samplerate"] == 16_000


def aidax(document: dict, x: np.ndarray, settle: int) -> np.ndarray:
    """The plugin: gain, net, skip, gain."""
    gain_in, gain_out = (10 ** (document[key] / 20) for key in ("in_gain", "out_gain"))
    driven = x * gain_in
    return gain_out * (play_rtneural(document, driven, settle) + document["in_skip"] * driven)


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_aidax_plays_like_the_model(cell, skip):
    model = trained(RecurrentConfig(cell=cell, hidden=8, skip=skip))
    document = json.loads(json.dumps(aidax_format.document(model, "x", MADE)))
    y = predict(model, X[:2000])
    got = aidax(document, X[:2000], settle=2000)
    assert np.max(np.abs(got - y)) < 1e-5 * np.max(np.abs(y)) + 1e-6
    given, wanted = (np.array(document[key]) for key in ("input_batch", "output_batch"))
    assert np.max(np.abs(aidax(document, given, settle=0) - wanted)) < 1e-5


def play_guitarml(document: dict, x: np.ndarray, knobs: list[float]) -> np.ndarray:
    """Automated-GuitarAmpModelling's own net, from zero state."""
    data, state = document["model_data"], document["state_dict"]
    kind = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}[data["unit_type"]]
    rec = kind(data["input_size"], data["hidden_size"], data["num_layers"]).double()
    lin = torch.nn.Linear(data["hidden_size"], 1).double()
    tensors = {name: torch.tensor(value, dtype=torch.float64) for name, value in state.items()}
    rec.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("rec.")})
    lin.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("lin.")})
    columns = [np.asarray(x, float), *(np.full(len(x), knob) for knob in knobs)]
    with torch.no_grad():
        y = lin(rec(torch.tensor(np.stack(columns, 1)))[0])[:, 0].numpy()
    return y + data["skip"] * x


def play_concat_lstm(document: dict, x: np.ndarray, positions: dict[str, float]) -> np.ndarray:
    """As the fork's own test pins it: a stock LSTM that is given the sample and -1 to 1 a knob."""
    config, weights = document["config"], iter(document["weights"])
    hidden, layers, params = config["hidden_size"], config["num_layers"], config["params"]
    rec = torch.nn.LSTM(1 + len(params), hidden, layers).double()
    lin = torch.nn.Linear(hidden, 1).double()
    states = []

    def take(*shape: int) -> torch.Tensor:
        found = [next(weights) for _ in range(int(np.prod(shape)))]
        return torch.tensor(found, dtype=torch.float64).reshape(shape)

    with torch.no_grad():
        for i in range(layers):
            inputs = 1 + len(params) if i == 0 else hidden
            matrix = take(4 * hidden, inputs + hidden)
            getattr(rec, f"weight_ih_l{i}").copy_(matrix[:, :inputs])
            getattr(rec, f"weight_hh_l{i}").copy_(matrix[:, inputs:])
            getattr(rec, f"bias_ih_l{i}").copy_(take(4 * hidden))
            getattr(rec, f"bias_hh_l{i}").zero_()
            states.append(take(2, hidden))
        lin.weight.copy_(take(1, hidden))
        lin.bias.copy_(take(1))
        assert next(weights, None) is None
        columns = [np.asarray(x, float)]
        for param in params:
            share = (positions[param["name"]] - param["min"]) / (param["max"] - param["min"])
            columns.append(np.full(len(x), 2 * share - 1))
        h, c = (torch.stack([state[i] for state in states]) for i in (0, 1))
        return lin(rec(torch.tensor(np.stack(columns, 1)), (h, c))[0])[:, 0].numpy()


POSITIONS = ({"drive": 4.5, "tone": 1.0}, {"drive": 12.0, "tone": 0.25})


def for_the_fork(path: Path, config, output_gain: float) -> tuple[TrainedModel, dict]:
    """A model with the knobs of `POSITIONS`, and its document, which is written there."""
    ranges = (KnobRange(name="drive", least=2, most=12), KnobRange(name="tone"))
    card = ModelCard(model=config, rate=44_100, output_latency=1, knobs=ranges)
    model = TrainedModel.of(mild_model(config, 4.0, output_gain), card)
    path.write_bytes(concat.encode(model, "x", MADE))
    return model, json.loads(path.read_text())


def played_alike(model: TrainedModel, path: Path, positions: dict[str, float], play) -> np.ndarray:
    """What drywet plays there, which the fork and what is read back play, too."""
    y = predict(with_knobs(model, positions), X)
    padded = np.concatenate((np.zeros(SETTLED, np.float32), X))
    got = play(json.loads(path.read_text()), padded, positions)[SETTLED:]
    assert np.max(np.abs(got - y)) < 1e-5 * np.max(np.abs(y)) + 1e-6
    again = predict(with_knobs(load(path), positions), X)
    assert np.max(np.abs(again - y)) < 1e-5 * np.max(np.abs(y)) + 1e-6
    return y


@pytest.mark.parametrize("layers", [1, 2])
def test_an_lstm_with_knobs_is_what_the_fork_of_nam_plays(tmp_path, layers):
    config = RecurrentConfig(hidden=6, layers=layers, knobs=("drive", "tone"))
    path = tmp_path / "m.knobs.nam"
    model, document = for_the_fork(path, config, 0.25)
    assert (document["version"], document["architecture"]) == ("1.0.0", "ConcatLSTM")
    for positions in POSITIONS:
        played_alike(model, path, positions, play_concat_lstm)


def play_concat_wavenet(document: dict, x: np.ndarray, positions: dict[str, float]) -> np.ndarray:
    """As the fork's own test pins it: a stock WaveNet of the sample and -1 to 1 a knob.

    Of plain layers of tanh alone.
    """
    config, weights = document["config"], iter(document["weights"])
    columns = [np.asarray(x, float)]
    for param in config["params"]:
        share = (positions[param["name"]] - param["min"]) / (param["max"] - param["min"])
        columns.append(np.full(len(x), 2 * share - 1))
    condition = torch.tensor(np.stack(columns))[None]

    def take(*shape: int) -> torch.Tensor:
        found = [next(weights) for _ in range(int(np.prod(shape)))]
        return torch.tensor(found, dtype=torch.float64).reshape(shape)

    y, total = condition, torch.zeros(1, dtype=torch.float64)
    for array in config["layers"]:
        wide, kernel = array["channels"], array["kernel_size"]
        y = torch.conv1d(y, take(wide, array["input_size"], 1))
        for dilation in array["dilations"]:
            padded = torch.nn.functional.pad(y, ((kernel - 1) * dilation, 0), mode="replicate")
            z = torch.conv1d(padded, take(wide, wide, kernel), take(wide), dilation=dilation)
            z = torch.tanh(z + torch.conv1d(condition, take(wide, array["condition_size"], 1)))
            total = total + z
            y = y + torch.conv1d(z, take(wide, wide, 1), take(wide))
        head = take(array["head_size"], wide, 1)
        total = torch.conv1d(total, head, take(array["head_size"]) if array["head_bias"] else None)
    y = take(1) * total
    assert next(weights, None) is None
    return y[0, 0].numpy()


def test_a_wavenet_with_knobs_is_what_the_fork_of_nam_plays(tmp_path):
    config = WaveNetConfig(preset="feather", knobs=("drive", "tone"))
    path = tmp_path / "m.knobs.nam"
    model, document = for_the_fork(path, config, 25.0)
    assert (document["version"], document["architecture"]) == ("1.0.0", "ConcatWaveNet")
    heard = [played_alike(model, path, at, play_concat_wavenet) for at in POSITIONS]
    assert np.max(np.abs(heard[0] - heard[1])) > 0.01 * np.max(np.abs(heard[0]))
    done = drywet("export", path, "--format", "nam", "-o", tmp_path / "m.nam")
    assert done.code == 2
    assert "--drive" in done.err
    plain = drywet("export", path, "--drive", 12, "--tone", 0.25, "-o", tmp_path / "m.nam")
    assert plain.code == 0, plain.err
    fixed = predict(load(tmp_path / "m.nam"), X)
    assert np.max(np.abs(fixed - heard[1])) < 1e-5 * np.max(np.abs(heard[1])) + 1e-6


@pytest.mark.parametrize(
    "config",
    [RecurrentConfig(hidden=3, knobs=("a", "b")), WaveNetConfig(preset="nano", knobs=("a", "b"))],
    ids=lambda c: c.title,
)
def test_weights_that_knobs_make_infinite_are_told_in_a_line(config, tmp_path):
    model = TrainedModel.of(
        mild_model(config, 1.0, 1.0), ModelCard(model=config, rate=44_100, output_latency=1)
    )
    for part in model.weights.values():
        part[part != 0] = 3e38
    with pytest.raises(DrywetError, match="too large"):
        with_knobs(model, {"a": 1.0, "b": 1.0})


def test_lighter_models_have_their_knobs_fixed_too(tmp_path):
    paths = []
    for name in ("feather", "nano"):
        config = WaveNetConfig(preset=name, knobs=("drive",))
        card = ModelCard(model=config, rate=44_100, output_latency=1)
        paths.append(tmp_path / f"{name}.safetensors")
        save_model(paths[-1], TrainedModel.of(mild_model(config, 4.0, 25.0), card))
    target = tmp_path / "both.nam"
    done = drywet("export", paths[0], "--slim", paths[1], "--drive", 0.8, "-o", target)
    assert done.code == 0, done.err
    for path, size in zip(paths, (1.0, 0.1), strict=True):
        wanted = predict(with_knobs(load(path), {"drive": 0.8}), X)
        got = predict(load(target, size), X)
        assert np.max(np.abs(got - wanted)) < 1e-5 * np.max(np.abs(wanted)) + 1e-6


def test_a_switch_of_the_forks_that_is_several_inputs_is_refused(tmp_path):
    config = RecurrentConfig(hidden=3, knobs=("mode",))
    card = ModelCard(model=config, rate=44_100, output_latency=1)
    model = TrainedModel.of(mild_model(config, 4.0, 0.25), card)
    document = json.loads(concat.encode(model, "x", MADE))
    document["config"]["params"][0]["type"] = "switch"
    (tmp_path / "m.nam").write_text(json.dumps(document))
    with pytest.raises(DrywetError, match="switch"):
        load(tmp_path / "m.nam")


def test_proteus_plays_like_the_model():
    config = RecurrentConfig(hidden=40, skip=True)
    card = ModelCard(model=config, rate=44_100, output_latency=1)
    model = TrainedModel.of(mild_model(config, 4.0, 0.25), card)
    document = json.loads(json.dumps(guitarml.document(model, "x", MADE)))
    y = predict(model, X)
    got = play_guitarml(document, np.concatenate((np.zeros(SETTLED, np.float32), X)), [])[SETTLED:]
    assert np.max(np.abs(got - y)) < 1e-5 * np.max(np.abs(y)) + 1e-6


@pytest.mark.parametrize("name", ["BossDistortionDs1_highGain", "TS9_FullD", "TS9_DriveKnob"])
@pytest.mark.parametrize("knob", [0.0, 0.5, 1.0])
def test_models_of_guitarml_play_as_in_pytorch(name, knob):
    path = shared("models", "guitarml", f"{name}.json")
    found = load(path)
    knobs = found.card.model.controls
    assert len(knobs) == ("Knob" in name)
    y = predict(with_knobs(found, dict.fromkeys(knobs, knob)), X)
    padded = np.concatenate((np.zeros(SETTLED, np.float32), X))
    want = play_guitarml(json.loads(path.read_text()), padded, [knob] * len(knobs))[SETTLED:]
    assert np.max(np.abs(y - want)) < 1e-5


def test_the_verbs_convert_and_describe(run_folder, tmp_path):
    nam_file, aida_file = tmp_path / "a.nam", tmp_path / "b.aidax.json"
    described = ("--gear-type", "pedal", "--gear-make", "Me", "--input-level-dbu", "12.5")
    done = drywet("export", run_folder, "-o", nam_file, "--name", "Mine", *described)
    assert done.code == 0, done.err
    metadata = json.loads(nam_file.read_text())["metadata"]
    assert (metadata["name"], metadata["gear_make"], metadata["gear_type"]) == (
        "Mine",
        "Me",
        "pedal",
    )
    assert metadata["input_level_dbu"] == 12.5
    assert -60 < metadata["loudness"] < 10
    assert 0 <= metadata["gain"] <= 1
    assert drywet("convert", nam_file, aida_file).code == 0
    found = drywet("info", aida_file, "--json").json
    assert found["model"] == "LSTM 8"
    assert (found["rate"], found["metadata"]["name"]) == (16_000, "Mine")
    assert found["formats"] == ["nam", "rtneural", "aidax"]
    text = drywet("info", aida_file).out
    assert "LSTM 8" in text
    assert "pedal" in text
    source = save(tmp_path / "in.wav", playing(1))
    played = []
    for model in (run_folder, nam_file, aida_file):
        out = tmp_path / "out.wav"
        assert drywet("render", model, source, out, "--overwrite").code == 0
        played.append(soundfile.read(out)[0])
    assert np.max(np.abs(played[0] - played[1])) < 1e-5
    assert np.max(np.abs(played[0] - played[2])) < 1e-5


def test_anyones_model_is_scored_on_a_capture(run_folder, capture, tmp_path):
    path = tmp_path / "a.nam"
    assert drywet("export", run_folder, "-o", path).code == 0
    found = drywet("evaluate", path, *capture, "--json")
    assert found.code == 0, found.err
    ours = drywet("evaluate", run_folder, "--json").json
    assert 0.2 * ours["esr"] < found.json["esr"] < 5 * ours["esr"]
    assert found.json["linear"]["esr"] > found.json["esr"]
    assert drywet("evaluate", path).code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("convert", "{nam}", "{folder}/x.xyz"), "the ending of a format"),
        (("convert", "{nam}", "{nam}"), "is the model itself"),
        (("convert", "{nam}", "{folder}/x.nam", "--drive", "0.5"), "no such knob"),
        (("render", "{nam}", "x.wav", "y.wav", "--size", "0.5"), "slimmable"),
        (("info", "{folder}/absent.nam"), "cannot read"),
        (("info", "{folder}/absent.xyz"), "does not exist"),
        (("export", "{nam}", "--gear-type", "spaceship"), "gear_type"),
    ],
)
def test_what_cannot_be_converted_is_one_clear_line(run_folder, tmp_path, arguments, words):
    nam_file = tmp_path / "a.nam"
    assert drywet("export", run_folder, "-o", nam_file).code == 0
    places = {"nam": nam_file, "folder": tmp_path}
    done = drywet(*(part.format(**places) for part in arguments))
    assert done.code == 2
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.nam"]


def test_no_export_writes_over_a_model(run_folder, tmp_path):
    baseline = run_folder / "baseline.safetensors"
    before = baseline.read_bytes()
    for target in (baseline, run_folder / "model.safetensors"):
        done = drywet("export", run_folder, "--format", "drywet", "-o", target)
        assert done.code == 2, target
    assert baseline.read_bytes() == before
    own = tmp_path / "own.json"
    assert drywet("export", run_folder, "--format", "rtneural", "-o", own).code == 0
    data = own.read_bytes()
    assert drywet("export", own, "--format", "drywet", "-o", own).code == 2
    assert own.read_bytes() == data
