"""Exports proved by readers written from the format documents alone, and by NAM Core itself."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from drywet.errors import DrywetError
from drywet.formats import nam, rtneural
from drywet.inference.stream import predict
from drywet.models.config import LinearConfig, RecurrentConfig, WindowedConfig
from drywet.runs.folder import EXPORTS
from drywet.runs.model_file import ModelCard, TrainedModel
from tests.support import drywet, playing, random_model, shared, tool

RATE = 48_000
X = playing(0.25, RATE)
MADE = datetime(2026, 11, 23)
SIZES = [(1, 8), (1, 16), (2, 8), (3, 5)]


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
    y = predict(model, X[:4000])
    got = play_rtneural(document, X[:4000], settle=3000)
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


@pytest.mark.parametrize(
    ("config", "writer", "reason"),
    [
        (RecurrentConfig(skip=True), nam, "no input skip"),
        (RecurrentConfig(skip=True), rtneural, "no input skip"),
        (RecurrentConfig(cell="gru"), nam, "knows no GRU"),
        (RecurrentConfig(cell="rnn"), rtneural, "knows no RNN"),
        (WindowedConfig(), nam, "cannot hold a windowed"),
        (LinearConfig(), rtneural, "cannot hold a linear"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(config, writer, reason):
    with pytest.raises(DrywetError, match=reason):
        writer.document(trained(config), "x", MADE)


def test_a_run_knows_its_exports_by_their_suffix():
    """An overwritten run must not leave an export of the old model behind."""
    assert {nam.SUFFIX, rtneural.SUFFIX} == set(EXPORTS)


def test_export_verb_writes_both(run_folder):
    for name, suffix in (("nam", ".nam"), ("rtneural", ".json")):
        done = drywet("export", run_folder, "--format", name, "--json")
        assert done.code == 0, done.err
        assert Path(done.json["path"]).suffix == suffix
        document = json.loads(Path(done.json["path"]).read_text())
        assert ("weights" in document) == (name == "nam")
    assert document["metadata"]["samplerate"] == 16_000


@pytest.fixture(scope="session")
def nam_core() -> Path:
    """NAM Core as WebAssembly, which ``npm install`` in tests/nam_core brings."""
    tool("node")
    folder = Path(__file__).parent / "nam_core"
    if not (folder / "node_modules").is_dir():
        assert not os.environ.get("CI"), ".ci/run must install tests/nam_core"
        pytest.skip("NAM Core is not installed: npm install in tests/nam_core")
    return folder


@pytest.mark.parametrize(("layers", "hidden"), SIZES)
def test_nam_core_plays_like_the_model(nam_core, tmp_path, layers, hidden):
    """The target runtime itself. Its fast tanh (8.7e-4 off) bounds the agreement."""
    model = trained(RecurrentConfig(layers=layers, hidden=hidden))
    path = tmp_path / "model.nam"
    path.write_text(json.dumps(nam.document(model, "x", MADE)))
    done = subprocess.run(
        ["node", nam_core / "run.mjs", path, str(RATE)],
        input=X.tobytes(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    y = np.frombuffer(done.stdout, np.float32)
    want = predict(model, X)
    assert len(y) == len(want)
    assert np.sum((y - want) ** 2) < 1e-4 * np.sum(want**2)
