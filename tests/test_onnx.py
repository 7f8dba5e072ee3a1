"""ONNX files played by onnxruntime itself; untrusted graphs, good and bad."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import onnx
import onnxruntime
import pytest

from drywet.dsp.oversampling import filters
from drywet.errors import DrywetError
from drywet.formats.onnx import write as onnx_write
from drywet.formats.onnx.read import read_onnx
from drywet.inference.stream import Stream
from drywet.models.onnx.config import OnnxConfig
from drywet.models.windowed.config import WindowedConfig
from drywet.trained.knob_range import KnobRange
from drywet.trained.knobs import with_knobs
from tests.exported import CONFIGS, KNOBS, KNOBS_WAVENET, RATE, close, reference, trained
from tests.support import playing

X = playing(0.05, 48_000)
MADE = datetime(2026, 11, 23)


def session(data: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def play(data: bytes, x: np.ndarray, cuts: list[int], knobs: list[float] | None = None):
    """A host written from the description in onnx_write alone."""
    run = session(data)
    props = run.get_modelmeta().custom_metadata_map
    wanted = {i.name: i.shape for i in run.get_inputs() if i.name.startswith("state_")}
    state = [
        np.broadcast_to(np.array(value, np.float32), wanted[f"state_{k}_in"])
        for k, value in enumerate(json.loads(props["initial_state"]))
    ]
    assert len(state) == len(wanted)
    more = {} if knobs is None else {"knobs": np.array([knobs], np.float32)}
    parts = []
    for block in np.split(x, cuts):
        feed = {f"state_{k}_in": part for k, part in enumerate(state)}
        y, *state = run.run(None, {"audio": block[None, None], **feed, **more})
        assert y.shape == (1, 1, len(block))
        parts.append(y[0, 0])
    return np.concatenate(parts)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.title)
def test_onnxruntime_plays_like_the_model_for_blocks_of_any_length(config):
    model = trained(config)
    data = onnx_write.encode(model, "x", MADE)
    onnx.checker.check_model(data, full_check=True)
    want = reference(model, X)
    assert close(play(data, X, [len(X) // 2]), want)
    assert close(play(data, X, [1, 2, 3, 10, 500, 501]), want)


@pytest.mark.parametrize("config", [*CONFIGS, KNOBS, KNOBS_WAVENET], ids=lambda c: c.title)
def test_reading_gives_back_the_model_bit_for_bit(config, tmp_path):
    model, path = trained(config), tmp_path / "model.onnx"
    path.write_bytes(onnx_write.encode(model, "x", MADE))
    back = read_onnx(path)
    assert back.card == model.card
    assert set(back.weights) == set(model.weights)
    for name, weight in model.weights.items():
        assert back.weights[name].shape == weight.shape
        assert back.weights[name].tobytes() == weight.tobytes()


@pytest.mark.parametrize("config", [KNOBS, KNOBS_WAVENET], ids=lambda c: c.title)
def test_knobs_are_an_input(config):
    model = trained(config)
    data = onnx_write.encode(model, "x", MADE)
    assert close(play(data, X, [100], [0.5, 0.5]), reference(model, X))
    turned = play(data, X, [100], [1.0, 0.0])
    want = reference(model, X, {config.knobs[0]: 1.0, config.knobs[1]: 0.0})
    assert close(turned[-500:], want[-500:])  # once the net has forgotten where it started
    assert not close(turned[-500:], reference(model, X)[-500:])


def test_metadata_says_how_to_play_it():
    data = onnx_write.encode(trained(KNOBS), "Old\udcff Box", MADE)
    props = session(data).get_modelmeta().custom_metadata_map
    assert (props["sample_rate"], props["output_latency"]) == (str(RATE), "3")
    assert (props["name"], props["date"]) == ("Old? Box", "2026-11-23T00:00:00")
    assert tuple(json.loads(props["knobs"])) == KNOBS.knobs


def test_an_oversampled_graph_plays_like_the_stream(tmp_path):
    """In onnxruntime, in blocks of any length; and read back it is a graph to be played."""
    around = filters(RATE, 4)
    for config in [*CONFIGS, KNOBS, KNOBS_WAVENET]:
        model, knobs = trained(config), [0.5, 0.5] if config.controls else None
        if isinstance(config, WindowedConfig):
            with pytest.raises(DrywetError, match="render --oversample"):
                onnx_write.encode(model, "x", MADE, around)
            continue
        data = onnx_write.encode(model, "x", MADE, around)
        onnx.checker.check_model(data, full_check=True)
        want = Stream(model, 4).process(X)
        assert close(play(data, X, [len(X) // 2], knobs), want)
        assert close(play(data, X, [1, 2, 3, 10, 500, 501], knobs), want)
    path = tmp_path / "a.onnx"
    path.write_bytes(onnx_write.encode(trained(CONFIGS[0]), "x", MADE, around))
    assert isinstance(read_onnx(path).card.model, OnnxConfig)


@pytest.mark.parametrize("config", [KNOBS, KNOBS_WAVENET], ids=lambda c: c.title)
def test_an_oversampled_graph_read_back_has_its_knobs_in_their_own_units(config, tmp_path):
    model, path = trained(config), tmp_path / "a.onnx"
    first, second = config.knobs
    card = model.card.model_copy(update={"knobs": (KnobRange(name=first, least=2, most=12),)})
    model = replace(model, card=card)
    path.write_bytes(onnx_write.encode(model, "x", MADE, filters(RATE, 4)))
    back = read_onnx(path)
    assert back.card.ranges == model.card.ranges
    at = {first: 8.0, second: 0.25}
    want = Stream(with_knobs(model, at), 4).process(X)
    assert close(Stream(with_knobs(back, at)).process(X), want)
    assert close(Stream(back).process(X), Stream(model, 4).process(X))  # in the middle
    assert not close(Stream(back).process(X), want)
    with pytest.raises(DrywetError, match="2 to 12"):
        with_knobs(back, {first: 13.0})
