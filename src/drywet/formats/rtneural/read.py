"""Reading RTNeural's JSON, and AIDA-X's, which is RTNeural's with gains and a skip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats.document import (
    FIX,
    Weights,
    configured,
    lag_of,
    listed,
    mapping,
    metadata_of,
    number,
    rate_of,
    read_document,
    shown,
    whole,
)
from drywet.formats.rtneural.layers import read_cell, read_conv, read_dense
from drywet.models.activation import Activation, Name
from drywet.models.config import Config
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.stack.config import CellLayer, ConvLayer, DenseLayer, StackConfig
from drywet.trained.model_file import ModelCard, TrainedModel

_WANTED = "a model of RTNeural"
_KNOWN = "lstm, gru, dense, conv1d, activation"
_ACTIVATIONS: tuple[Name, ...] = ("linear", "tanh", "relu", "sigmoid", "softmax", "elu")
_AIDAX_KEYS = ("in_skip", "in_gain", "out_gain")
_MOST_INPUTS = 8


def read_rtneural(path: Path | str) -> TrainedModel:
    """Read a stack of layers.

    One or more recurrent layers of one kind and width and a dense layer become a recurrent net,
    whose inputs after the first are knobs; all else a stack, of one input.

    Args:
        path: of the JSON.

    Raises:
        DrywetError: missing, too large, no such JSON, layers that drywet can't play, or weights
            that don't fit them.
    """
    path = Path(path)
    return parse_rtneural(read_document(path, _WANTED), path)


def parse_rtneural(document: dict[str, Any], path: Path) -> TrainedModel:
    """As `read_rtneural`, from what the file holds."""
    shape = listed(document.get("in_shape"), "in_shape", path, 4)
    inputs = whole(shape[-1], 1, _MOST_INPUTS, "in_shape", path)
    skip, gain_in, gain_out = _aidax(document, path)
    layers, weights = _layers(listed(document.get("layers"), "layers", path, 64), inputs, path)
    config: Config
    recurrent = _recurrent(layers)
    if recurrent is not None:
        knobs = tuple(f"knob{n}" for n in range(1, inputs))
        config = configured(RecurrentConfig, recurrent | {"skip": skip, "knobs": knobs}, path)
        weights = _renamed(weights, config.layers)
    elif inputs == 1:
        config = configured(StackConfig, {"layers": layers, "skip": skip}, path)
    else:
        raise DrywetError(f"{path}: a stack of {inputs} inputs", "1, the dry sample", FIX)
    known = document.get("metadata")
    known = known if isinstance(known, dict) else {}
    gains = {
        "input_gain": np.array(gain_in, np.float32),
        "output_gain": np.array(gain_out, np.float32),
    }
    rate = known.get("samplerate", known.get("sample_rate"))
    return TrainedModel(
        gains | weights,
        ModelCard(
            model=config,
            rate=rate_of(_from_text(rate), path),
            output_latency=lag_of(known.get("output_latency_samples")),
            metadata=metadata_of(known),
        ),
    )


def _from_text(rate: Any) -> Any:
    """Some trainers write the rate as text."""
    if isinstance(rate, str) and rate.isascii() and rate.isdigit() and len(rate) < 8:
        return int(rate)
    return rate


def _aidax(document: dict[str, Any], path: Path) -> tuple[bool, float, float]:
    """AIDA-X's skip and gains; none of them in plain RTNeural."""
    skip = document.get("in_skip", 0)
    if skip not in (0, 1):
        raise DrywetError(f"{path}: in_skip is {shown(skip)}", "0 or 1", FIX)
    gains = [
        10 ** (number(document.get(key, 0.0), 120.0, key, path) / 20) for key in _AIDAX_KEYS[1:]
    ]
    return bool(skip), gains[0], gains[1]


def _layers(found: list[Any], inputs: int, path: Path) -> tuple[list[Any], dict[str, Weights]]:
    layers: list[Any] = []
    weights: dict[str, Weights] = {}
    for place, value in enumerate(found, 1):
        layer = mapping(value, f"layer {place}", path)
        kind = layer.get("type")
        what = f"layer {place} ({shown(kind)})"
        if kind == "activation":
            if not layers or layers[-1].kind == "cell" or layers[-1].activation.name != "linear":
                raise DrywetError(f"{path}: {what} after no dense or conv1d", _KNOWN, FIX)
            layers[-1] = layers[-1].model_copy(update={"activation": _activation(layer, path)})
            continue
        shape = listed(layer.get("shape"), f"shape of {what}", path, 4)
        width = whole(shape[-1], 1, 512, f"shape of {what}", path)
        if kind in ("lstm", "gru"):
            own = read_cell(kind, layer, inputs, width, what, path)
            own = {f"{name}_l0": weight for name, weight in own.items()}
            layers.append(CellLayer(cell=kind, width=width))
        elif kind in ("dense", "time-distributed-dense"):
            own = read_dense(layer, inputs, width, what, path)
            layers.append(DenseLayer(width=width, activation=_activation(layer, path)))
        elif kind == "conv1d":
            own, taps, dilation = read_conv(layer, inputs, width, what, path)
            activation = _activation(layer, path)
            layers.append(
                ConvLayer(width=width, kernel=taps, dilation=dilation, activation=activation)
            )
        else:
            raise DrywetError(f"{path}: a layer of type {shown(kind)}", _KNOWN, FIX)
        weights |= {f"layers.{len(layers) - 1}.{name}": weight for name, weight in own.items()}
        inputs = width
    return layers, weights


def _activation(layer: dict[str, Any], path: Path) -> Activation:
    found = layer.get("activation") or "linear"
    for name in _ACTIVATIONS:
        if found == name:
            return Activation(name=name)
    raise DrywetError(f"{path}: activation {shown(found)}", ", ".join(_ACTIVATIONS), FIX)


def _recurrent(layers: list[Any]) -> dict[str, Any] | None:
    """The settings of a recurrent net, where the layers are one."""
    *cells, last = layers
    kinds = {(layer.cell, layer.width) for layer in cells if isinstance(layer, CellLayer)}
    if not (
        1 <= len(cells) <= 4
        and all(isinstance(layer, CellLayer) for layer in cells)
        and len(kinds) == 1
        and isinstance(last, DenseLayer)
        and last == DenseLayer(width=1)
    ):
        return None
    cell, width = kinds.pop()
    return {"cell": cell, "hidden": width, "layers": len(cells)}


def _renamed(weights: dict[str, Weights], count: int) -> dict[str, Weights]:
    """A stack's tensors under a recurrent net's names."""
    found = {}
    for name, weight in weights.items():
        _, layer, part = name.split(".")
        last = int(layer) == count
        found[f"head.{part}" if last else f"rec.{part.removesuffix('0')}{layer}"] = weight
    return found
