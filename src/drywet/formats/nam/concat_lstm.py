"""LSTMs with knobs as a ``.nam``, for the fork of Neural Amp Modeler that has controls.

NamParametricPlugin (2026) plays the architecture ``ConcatLSTM`` of file version 1.0.0: the weights
are an LSTM's of more inputs than one (`drywet.formats.nam.lstm`), ``config.params`` lists the
controls with their ends, and a continuous control enters as -1 at its one end to 1 at its other.
Neural Amp Modeler itself refuses such files. The facts are those of the fork's own tests.
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
    encoded,
    listed,
    mapping,
    number,
    shown,
)
from drywet.formats.nam import lstm
from drywet.formats.nam.metadata import metadata
from drywet.models.config import MOST_KNOBS, Config
from drywet.models.recurrent.config import RecurrentConfig
from drywet.trained.knob_range import KnobRange
from drywet.trained.model_file import TrainedModel
from drywet.trained.settled import settled_state
from drywet.validation import parse

ARCHITECTURE = "ConcatLSTM"
VERSION = "1.0.0"
_ABLE = "an LSTM with knobs, without skip"


def encode(trained: TrainedModel, name: str, made: datetime) -> bytes:
    """The whole file.

    Args:
        trained: an LSTM with knobs, without skip.
        name: shown in the plugin.
        made: date for the metadata.

    Raises:
        DrywetError: another model, or one that gives no finite samples.
    """
    config = require(trained.card.model, trained.card.rate)
    _, weights = lstm.write(_signed(trained), config, settled_state(trained))
    params = [
        {
            "name": knob.name, "min": knob.least, "max": knob.most, "default": knob.middle,
            "type": "continuous",
        }
        for knob in trained.card.ranges.values()
    ]  # fmt: skip
    return encoded(
        {
            "version": VERSION,
            "metadata": metadata(trained, name, made),
            "architecture": ARCHITECTURE,
            "config": {
                "hidden_size": config.hidden, "num_layers": config.layers, "params": params,
            },
            "weights": weights,
            "sample_rate": trained.card.rate,
        }
    )  # fmt: skip


def require(config: Config, rate: int) -> RecurrentConfig:
    """Refuse what the fork cannot hold; any ``rate`` in Hz will do.

    Raises:
        DrywetError: it cannot.
    """
    target = "NAM with knobs"
    found = limits.require_recurrent(config, target, _ABLE)
    limits.require_cells(found, target, ("lstm",), _ABLE)
    limits.require_no_skip(found, target, _ABLE)
    if not found.knobs:
        raise limits.refuse(config, target, _ABLE, "Export it as nam.")
    return found


def read(
    config: dict[str, Any], weights: Any, path: Path
) -> tuple[RecurrentConfig, dict[str, Weights], tuple[KnobRange, ...]]:
    """Net, weights and knobs; gains are left out.

    Raises:
        DrywetError: as `lstm.read`, or controls that drywet has no place for.
    """
    knobs = tuple(
        _knob(mapping(given, "a control", path), path)
        for given in listed(config.get("params"), "params", path, MOST_KNOBS)
    )
    names = tuple(knob.name for knob in knobs)
    sizes = {"hidden_size": config.get("hidden_size"), "num_layers": config.get("num_layers", 1)}
    plain, tensors = lstm.read(sizes, weights, path, 1 + len(knobs))
    found = configured(RecurrentConfig, {**plain.model_dump(), "knobs": names}, path)
    matrix, bias = tensors["rec.weight_ih_l0"], tensors["rec.bias_ih_l0"]
    tensors["rec.bias_ih_l0"] = bias - matrix[:, 1:].sum(axis=1)
    matrix[:, 1:] *= 2
    if not (np.isfinite(matrix).all() and np.isfinite(tensors["rec.bias_ih_l0"]).all()):
        raise DrywetError(f"{path}: weights of knobs that are too large", "finite weights", FIX)
    return found, tensors, knobs


def _knob(given: dict[str, Any], path: Path) -> KnobRange:
    if given.get("type", "continuous") != "continuous":
        raise DrywetError(
            f"{path}: the control {shown(given.get('name'))} is a {shown(given.get('type'))}",
            "continuous controls", "Switches of several inputs cannot be played.",
        )  # fmt: skip
    wanted = {
        "name": str(given.get("name")).replace(" ", "_"),
        "least": number(given.get("min"), 1e6, "min", path),
        "most": number(given.get("max"), 1e6, "max", path),
    }
    return parse(KnobRange, wanted, path, FIX)


def _signed(trained: TrainedModel) -> TrainedModel:
    """Weights for knobs from -1 to 1, which no card says: ``w s + b = w/2 (2 s - 1) + b + w/2``."""
    weights = dict(trained.weights)
    matrix = weights["rec.weight_ih_l0"].copy()
    matrix[:, 1:] *= np.float32(0.5)
    weights["rec.weight_ih_l0"] = matrix
    weights["rec.bias_ih_l0"] = weights["rec.bias_ih_l0"] + matrix[:, 1:].sum(axis=1)
    return TrainedModel(weights, trained.card, trained.graph)
