"""Nets with knobs as a ``.nam``, for the fork of Neural Amp Modeler that has controls.

NamParametricPlugin (2026) plays the architectures ``ConcatLSTM`` and ``ConcatWaveNet`` of file
version 1.0.0: the weights are an LSTM's of more inputs than one (`drywet.formats.nam.lstm`), or a
WaveNet's whose first array and condition have as many (`drywet.formats.nam.wavenet`).
``config.params`` lists the controls with their ends, and a continuous control enters as -1 at its
one end to 1 at its other. Neural Amp Modeler itself refuses such files. The facts are those of the
fork's own tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats import limits
from drywet.formats.document import (
    FIX,
    configured,
    encoded,
    listed,
    mapping,
    number,
    shown,
)
from drywet.formats.nam import lstm, wavenet
from drywet.formats.nam.metadata import metadata
from drywet.models.config import MOST_KNOBS, Config, Weights
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import kind_of
from drywet.models.wavenet.config import WaveNetConfig
from drywet.trained.knob_range import KnobRange
from drywet.trained.model_file import TrainedModel
from drywet.trained.settled import settled_state
from drywet.validation import parse

LSTM, WAVENET = "ConcatLSTM", "ConcatWaveNet"
ARCHITECTURES = (LSTM, WAVENET)
VERSION = "1.0.0"
_ABLE = "an LSTM without skip or a WaveNet, with knobs"
_TARGET = "NAM with knobs"


def encode(trained: TrainedModel, name: str, made: datetime) -> bytes:
    """The whole file.

    Args:
        trained: an LSTM without skip or a WaveNet, with knobs.
        name: shown in the plugin.
        made: date for the metadata.

    Raises:
        DrywetError: another model, or one that gives no finite samples.
    """
    require(trained.card.model, trained.card.rate)
    architecture, config, weights = _net(trained)
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
            "architecture": architecture,
            "config": config | {"params": params},
            "weights": weights,
            "sample_rate": trained.card.rate,
        }
    )  # fmt: skip


def require(config: Config, rate: int) -> None:
    """Refuse what the fork cannot hold; any ``rate`` in Hz will do.

    Raises:
        DrywetError: it cannot.
    """
    match config:
        case RecurrentConfig():
            limits.require_cells(config, _TARGET, ("lstm",), _ABLE)
            limits.require_no_skip(config, _TARGET, _ABLE)
        case WaveNetConfig():
            pass
        case other:
            raise limits.refuse(other, _TARGET, _ABLE, "Train one: drywet train --captures FOLDER.")
    if not config.controls:
        raise limits.refuse(config, _TARGET, _ABLE, "Export it as nam.")


def _net(trained: TrainedModel) -> tuple[str, dict[str, Any], list[float]]:
    config = trained.card.model
    # The fork's controls go from -1 to 1: a share of 0 to 1 is half of that, and a half.
    signed = replace(trained, weights=_rescaled(config, trained.weights, 0.5, 0.5))
    if isinstance(config, RecurrentConfig):
        _, weights = lstm.write(signed, config, settled_state(trained))
        return LSTM, {"hidden_size": config.hidden, "num_layers": config.layers}, weights
    assert isinstance(config, WaveNetConfig)
    _, found, weights = wavenet.write(signed, config)
    return WAVENET, found, weights


def read(
    architecture: str, config: dict[str, Any], weights: Any, path: Path
) -> tuple[Config, dict[str, Any], tuple[KnobRange, ...]]:
    """Net, weights and knobs; gains are left out.

    Args:
        architecture: one of `ARCHITECTURES`.
        config: of the file.
        weights: of the file.
        path: of the file.

    Raises:
        DrywetError: as `lstm.read` and `wavenet.read`, or controls that drywet has no place for.
    """
    knobs = tuple(
        _knob(mapping(given, "a control", path), path)
        for given in listed(config.get("params"), "params", path, MOST_KNOBS)
    )
    names = tuple(knob.name for knob in knobs)
    found: Config
    if architecture == LSTM:
        sizes = {
            "hidden_size": config.get("hidden_size"),
            "num_layers": config.get("num_layers", 1),
        }
        plain, tensors = lstm.read(sizes, weights, path, 1 + len(knobs))
        found = configured(RecurrentConfig, {**plain.model_dump(), "knobs": names}, path)
    else:
        found, tensors = wavenet.read(config, weights, path, names)
    with np.errstate(over="ignore", invalid="ignore"):
        own = _rescaled(found, tensors, 2.0, -1.0)
    if not all(np.isfinite(tensor).all() for tensor in own.values()):
        raise DrywetError(f"{path}: weights of knobs that are too large", "finite weights", FIX)
    return found, own, knobs


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


def _rescaled(config: Config, weights: Weights, factor: float, offset: float) -> dict[str, Any]:
    """The weights that take ``knob`` where these take ``factor * knob + offset``."""
    offsets: Mapping[str, float] = dict.fromkeys(config.controls, offset)
    _, still = kind_of(config).with_knobs(config, weights, offsets)
    return {
        name: part
        if part.shape == weights[name].shape
        else np.concatenate([part, weights[name][:, 1:] * np.float32(factor)], axis=1)
        for name, part in still.items()
    }
