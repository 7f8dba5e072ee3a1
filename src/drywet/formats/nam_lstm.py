"""Reading a ``.nam`` whose net is an LSTM: the inverse of `drywet.formats.nam`.

The file holds the state to start from, ``h0`` and ``c0``; a `TrainedModel` has no place for one,
and drywet's streams start from settled silence instead. NAM's trainer writes the state after a
second of silence, so for its files the two are the same to within the rounding of float32. A file
with any other start state plays differently until the net has forgotten it.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from drywet.errors import DrywetError
from drywet.models.config import RecurrentConfig
from drywet.runs.model_file import ModelCard, TrainedModel
from drywet.storage import read_json

_MAX_BYTES = 50_000_000
_MAX_LAG = 1 << 20  # samples
_RATE = 48_000  # of files that state none, as in NAM's plugin
_WANTED = "a .nam model of Neural Amp Modeler"
_FIX = "Download or export it again."


def read_nam(path: Path | str) -> TrainedModel:
    """Read an LSTM.

    Args:
        path: of the ``.nam``.

    Returns:
        The model. Its output latency is 0, as NAM's trainer takes the latency out, but for what
        drywet exported: there it is the exported model's.

    Raises:
        DrywetError: missing, too large, not a ``.nam``, another architecture than LSTM, larger
            than drywet's own models may be, or with weights that are too few, too many or not
            finite.
    """
    path = Path(path)
    document = read_json(path, _WANTED, _MAX_BYTES)
    if not isinstance(document, dict) or "architecture" not in document:
        raise DrywetError(f"{path} names no architecture", _WANTED, _FIX)
    if document["architecture"] != "LSTM":
        raise DrywetError(
            f"{path} holds a net of the architecture {_shown(document['architecture'])}",
            "an LSTM",
            "Of the .nam files only LSTMs can be played so far.",
        )
    card = ModelCard(
        model=_config(document, path), rate=_rate(document, path), output_latency=_lag(document)
    )
    return TrainedModel(_weights(document, card, path), card)


def _shown(value: Any) -> str:
    return shorten(str(value)[:200], 40) if isinstance(value, str | int | float) else "(no text)"


def _config(document: dict[str, Any], path: Path) -> RecurrentConfig:
    config = document.get("config")
    if not isinstance(config, dict):
        raise DrywetError(f"{path} has no config", "the sizes of its LSTM", _FIX)
    if config.get("input_size", 1) != 1:
        raise DrywetError(
            f"{path}: input_size is {_shown(config['input_size'])}", "1, the dry sample", _FIX
        )
    try:
        return RecurrentConfig.model_validate(
            {"hidden": config.get("hidden_size"), "layers": config.get("num_layers")}, strict=True
        )
    except ValidationError as error:
        first = error.errors()[0]
        key = {"hidden": "hidden_size", "layers": "num_layers"}[str(first["loc"][0])]
        raise DrywetError(
            f"{path}: {key} is {_shown(config.get(key))}",
            first["msg"].removeprefix("Input should be "),
            _FIX,
        ) from error


def _rate(document: dict[str, Any], path: Path) -> int:
    rate = document.get("sample_rate")
    if rate is None:
        return _RATE
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 1e3 <= rate <= 768e3:
        raise DrywetError(f"{path}: sample_rate is {_shown(rate)}", "1000 to 768000 Hz", _FIX)
    if rate != int(rate):
        raise DrywetError(f"{path}: sample_rate is {rate}", "a whole number of Hz", _FIX)
    return int(rate)


def _lag(document: dict[str, Any]) -> int:
    """What `drywet.formats.nam` wrote; in others' files the key is absent."""
    found: Any = document
    for key in ("metadata", "training", "output_latency_samples"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if type(found) is int and 0 <= found <= _MAX_LAG else 0


def _weights(
    document: dict[str, Any], card: ModelCard, path: Path
) -> dict[str, NDArray[np.float32]]:
    config = card.model
    assert isinstance(config, RecurrentConfig)
    size, gates = config.hidden, 4 * config.hidden
    inputs = [1] + [size] * (config.layers - 1)
    wanted = sum(gates * (n + size) + gates + 2 * size for n in inputs) + size + 1
    flat = _numbers(document.get("weights"), wanted, path)
    at = 0

    def take(*shape: int) -> NDArray[np.float32]:
        nonlocal at
        at += int(np.prod(shape))
        return flat[at - int(np.prod(shape)) : at].reshape(shape)

    one = np.ones((), np.float32)
    weights: dict[str, NDArray[np.float32]] = {"input_gain": one, "output_gain": one.copy()}
    for i, n in enumerate(inputs):
        matrix = take(gates, n + size)
        weights[f"rec.weight_ih_l{i}"] = matrix[:, :n].copy()
        weights[f"rec.weight_hh_l{i}"] = matrix[:, n:].copy()
        weights[f"rec.bias_ih_l{i}"] = take(gates)  # already the sum of both
        weights[f"rec.bias_hh_l{i}"] = np.zeros(gates, np.float32)
        take(2, size)  # h0 and c0
    return weights | {"head.weight": take(1, size), "head.bias": take(1)}


def _numbers(values: Any, wanted: int, path: Path) -> NDArray[np.float32]:
    if not isinstance(values, list) or len(values) != wanted:
        held = f"{len(values)} weights" if isinstance(values, list) else "no list of weights"
        raise DrywetError(f"{path} holds {held}", f"{wanted} for an LSTM of its size", _FIX)
    if not all(type(value) in (int, float) for value in values):
        raise DrywetError(f"{path} holds weights that are no numbers", "numbers", _FIX)
    try:
        with np.errstate(over="ignore"):
            numbers = np.array(values, np.float64).astype(np.float32)
    except OverflowError:
        numbers = np.array([np.inf], np.float32)
    if not np.isfinite(numbers).all():
        raise DrywetError(f"{path} holds NaN or infinite weights", "finite weights", _FIX)
    return numbers
