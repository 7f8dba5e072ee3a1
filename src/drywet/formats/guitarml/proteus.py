"""The JSON of Automated-GuitarAmpModelling, which GuitarML's plugins load: PyTorch's own tensors.

The net adds the dry sample itself where ``skip`` is 1. Inputs after the first are knobs, 0 to 1.
Files state no rate: 44.1 kHz, at which GuitarML's plugins were made, or what drywet wrote.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats import limits
from drywet.formats.document import (
    FIX,
    Weights,
    configured,
    described,
    encoded,
    lag_of,
    mapping,
    metadata_of,
    rate_of,
    read_document,
    shown,
    tensor,
    whole,
)
from drywet.models.config import Config
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import fold
from drywet.models.registry import shapes
from drywet.trained.model_file import ModelCard, TrainedModel

_WANTED = "a model of GuitarML or Automated-GuitarAmpModelling"
_RATE = 44_100
_HIDDEN = 40
_MOST_KNOBS = 2
_ABLE = "one LSTM layer of 40 units with skip, at 44100 Hz, with at most 2 knobs"
_TRAIN = "Train with --hidden 40 --skip --rate 44100."


def encode(trained: TrainedModel, name: str, made: datetime) -> bytes:
    """The whole file for Proteus.

    Args:
        trained: an LSTM of 40 units with skip, at 44.1 kHz.
        name: for the metadata.
        made: date for the metadata.

    Raises:
        DrywetError: Proteus cannot hold this model.
    """
    return encoded(document(trained, name, made))


def require(config: Config, rate: int) -> None:
    """Refuse a kind of model that Proteus cannot hold at a ``rate`` in Hz.

    Raises:
        DrywetError: it cannot.
    """
    if not isinstance(config, RecurrentConfig):
        raise limits.refuse(config, "Proteus", _ABLE, _TRAIN)
    limits.require_cells(config, "Proteus", ("lstm",), _ABLE)
    limits.require_one_layer(config, "Proteus", _ABLE)
    if config.hidden != _HIDDEN or not config.skip or len(config.knobs) > _MOST_KNOBS:
        raise limits.refuse(config, "Proteus", _ABLE, _TRAIN)
    if rate != _RATE:
        raise DrywetError(f"Proteus runs at {_RATE} Hz and this model at {rate} Hz", _ABLE, _TRAIN)


def document(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """What `encode` writes, as JSON's objects."""
    require(trained.card.model, trained.card.rate)
    config = limits.require_recurrent(trained.card.model, "Proteus", _ABLE)
    net = fold(config, trained.weights)
    limits.require_plain_skip(net, "Proteus")
    layer = net.layers[0]
    return {
        "model_data": {
            "model": "SimpleRNN",
            "input_size": 1 + len(config.knobs),
            "skip": 1,
            "output_size": 1,
            "unit_type": "LSTM",
            "num_layers": 1,
            "hidden_size": config.hidden,
            "bias_fl": True,
        },
        "state_dict": {
            "rec.weight_ih_l0": layer.input.tolist(),
            "rec.weight_hh_l0": layer.hidden.tolist(),
            "rec.bias_ih_l0": layer.input_bias.tolist(),
            "rec.bias_hh_l0": layer.hidden_bias.tolist(),
            "lin.weight": [net.head.tolist()],
            "lin.bias": [net.head_bias],
        },
        "metadata": described(trained, name, made),
    }


def read_guitarml(path: Path | str) -> TrainedModel:
    """Read a recurrent net.

    Args:
        path: of the JSON.

    Raises:
        DrywetError: missing, too large, no such JSON, another kind of net, or weights that don't
            fit its sizes.
    """
    path = Path(path)
    return parse_guitarml(read_document(path, _WANTED), path)


def parse_guitarml(document: dict[str, Any], path: Path) -> TrainedModel:
    """As `read_guitarml`, from what the file holds."""
    data = mapping(document.get("model_data"), "model_data", path)
    state = mapping(document.get("state_dict"), "state_dict", path)
    unit = data.get("unit_type")
    if data.get("model", "SimpleRNN") != "SimpleRNN" or unit not in ("LSTM", "GRU", "RNN"):
        raise DrywetError(
            f"{path} holds a {shown(data.get('model'))} of {shown(unit)}",
            "a SimpleRNN of LSTM, GRU or RNN",
            FIX,
        )
    for key, wanted in (("output_size", 1), ("bias_fl", True)):
        if data.get(key, wanted) != wanted:
            raise DrywetError(f"{path}: {key} is {shown(data[key])}", f"{wanted}", FIX)
    inputs = whole(data.get("input_size", 1), 1, 8, "input_size", path)
    skip = whole(data.get("skip", 0), 0, 1, "skip", path)
    config = configured(
        RecurrentConfig,
        {
            "cell": unit.lower(),
            "hidden": whole(data.get("hidden_size"), 1, 512, "hidden_size", path),
            "layers": whole(data.get("num_layers", 1), 1, 4, "num_layers", path),
            "skip": bool(skip),
            "knobs": tuple(f"knob{n}" for n in range(1, inputs)),
        },
        path,
    )
    weights: dict[str, Weights] = {}
    for name, shape in shapes(config).items():
        if name in ("input_gain", "output_gain"):
            weights[name] = np.ones((), np.float32)
            continue
        theirs = name.replace("head.", "lin.")
        weights[name] = tensor(state.get(theirs), shape, theirs, path)
    if unit != "GRU":  # only their sum counts, and drywet keeps it in one
        for i in range(config.layers):
            weights[f"rec.bias_ih_l{i}"] += weights[f"rec.bias_hh_l{i}"]
            weights[f"rec.bias_hh_l{i}"] = np.zeros_like(weights[f"rec.bias_hh_l{i}"])
    known = document.get("metadata")
    known = known if isinstance(known, dict) else {}
    rate = known.get("samplerate")
    return TrainedModel(
        weights,
        ModelCard(
            model=config,
            rate=_RATE if rate is None else rate_of(rate, path),
            output_latency=lag_of(known.get("output_latency_samples")),
            metadata=metadata_of(known),
        ),
    )
