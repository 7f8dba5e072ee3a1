"""Writing RTNeural's JSON: a list of layers, each with its weights."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats import limits
from drywet.formats.document import described, encoded
from drywet.formats.rtneural.layers import cell, conv, dense
from drywet.models.config import Config
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import fold
from drywet.models.stack.config import CellLayer, ConvLayer, StackConfig
from drywet.models.stack.fold import fold as fold_stack
from drywet.models.stack.fold import tail
from drywet.trained.model_file import TrainedModel

_ABLE = "an LSTM or GRU without skip, a filter, or a stack of layers"
_ACTIVATIONS = ("linear", "tanh", "relu", "sigmoid", "softmax", "elu")


def encode(trained: TrainedModel, name: str, made: datetime) -> bytes:
    """The whole file.

    Args:
        trained: an LSTM or GRU without skip, a filter, or a stack.
        name: for the metadata.
        made: date for the metadata.

    Raises:
        DrywetError: RTNeural cannot hold this model.
    """
    return encoded(document(trained, name, made))


def require(config: Config, rate: int) -> None:
    """Refuse a kind of model that RTNeural cannot hold; any ``rate`` in Hz will do.

    Raises:
        DrywetError: it cannot.
    """
    if isinstance(config, RecurrentConfig):
        limits.require_cells(config, "RTNeural", ("lstm", "gru"), _ABLE)
    elif not isinstance(config, LinearConfig | StackConfig):
        raise limits.refuse(
            config, "RTNeural", _ABLE, "Train one: drywet train DRY WET --model recurrent."
        )
    if isinstance(config, RecurrentConfig | StackConfig):
        limits.require_no_skip(config, "RTNeural", _ABLE)


def document(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """What `encode` writes, as JSON's objects; the sample rate is in ``metadata``."""
    config = trained.card.model
    require(config, trained.card.rate)
    inputs = 1
    if isinstance(config, RecurrentConfig):
        inputs += len(config.knobs)
        layers = recurrent_layers(trained, config)
    elif isinstance(config, StackConfig):
        layers = _stack(trained, config)
    else:
        layers = [_filter(trained)]
    return {
        "in_shape": [None, None, inputs],
        "layers": layers,
        "metadata": described(trained, name, made),
    }


def recurrent_layers(trained: TrainedModel, config: RecurrentConfig) -> list[dict[str, Any]]:
    """The layers of a net with its gains folded in."""
    net = fold(config, trained.weights)
    layers = [
        cell(
            config.cell,
            {
                "weight_ih": layer.input,
                "weight_hh": layer.hidden,
                "bias_ih": layer.input_bias,
                "bias_hh": layer.hidden_bias,
            },
        )
        for layer in net.layers
    ]
    return [*layers, dense(net.head[None], np.array([net.head_bias], np.float32))]


def _filter(trained: TrainedModel) -> dict[str, Any]:
    weights = trained.weights
    taps = weights["taps"][::-1] * (weights["input_gain"] * weights["output_gain"])
    bias = weights.get("bias", np.zeros(1, np.float32)) * weights["output_gain"]
    return conv(taps[None, None], bias, 1)


def _stack(trained: TrainedModel, config: StackConfig) -> list[dict[str, Any]]:
    weights = fold_stack(config, trained.weights)
    layers = []
    for i, layer in enumerate(config.layers):
        prefix = f"layers.{i}."
        own = {
            name.removeprefix(prefix).removesuffix("_l0"): weight
            for name, weight in weights.items()
            if name.startswith(prefix)
        }
        if isinstance(layer, CellLayer):
            layers.append(cell(layer.cell, own))
            continue
        activation = layer.activation.name
        if activation not in _ACTIVATIONS:
            raise DrywetError(
                f"RTNeural knows no {activation}", ", ".join(_ACTIVATIONS),
                "Export it as ONNX or C.",
            )  # fmt: skip
        shown = "" if activation == "linear" else activation
        if isinstance(layer, ConvLayer):
            layers.append(conv(own["weight"], own["bias"], layer.dilation, shown))
        else:
            layers.append(dense(own["weight"], own["bias"], shown))
    left = tail(config, trained.weights)
    if left != 1:
        layers.append(dense(np.array([[left]], np.float32), np.zeros(1, np.float32)))
    return layers
