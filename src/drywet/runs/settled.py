"""What a model that is exported remembers of settled silence, memory by memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.models.activation import Activation
from drywet.models.config import LinearConfig, RecurrentConfig, WindowedConfig
from drywet.models.onnx_config import OnnxConfig
from drywet.models.stack_config import CellLayer, ConvLayer, StackConfig
from drywet.models.wavenet_config import WaveNetArray, WaveNetConfig
from drywet.runs.knobs import at_knobs
from drywet.runs.model_file import TrainedModel

Values = NDArray[np.float32]


def settled(trained: TrainedModel) -> list[Values]:
    """The state in which drywet starts a model, its knobs at noon.

    Returns:
        In the order of the layers: ``(hidden,)`` for a recurrent layer's h and, of an LSTM, after
        it for its c; ``(channels, samples)`` for what a convolution heard last, the newest sample
        at the end. A convolution that looks back no sample has no memory.

    Raises:
        DrywetError: an ONNX graph.
    """
    config, rate = trained.card.model, trained.card.rate
    match config:
        case LinearConfig(taps=reach) | WindowedConfig(frame=reach):
            return [np.zeros((1, reach - 1), np.float32)] if reach > 1 else []
        case WaveNetConfig():
            return _wavenet(trained, config)
        case RecurrentConfig():
            state = at_knobs(trained).model.settled_state(1, rate)
            return [part[i, 0].numpy() for i in range(config.layers) for part in state]
        case StackConfig():
            parts = [part[0].numpy() for part in trained.model.settled_state(1, rate)]
            return _stack(config, parts)
        case OnnxConfig():
            raise DrywetError(
                "the state of somebody's ONNX graph", "a model of drywet's own", "Name such a one."
            )


def _stack(config: StackConfig, parts: list[Values]) -> list[Values]:
    found: list[Values] = []
    for layer in config.layers:
        if isinstance(layer, CellLayer):
            found += [parts.pop(0)[0] for _ in range(2 if layer.cell == "lstm" else 1)]
        elif isinstance(layer, ConvLayer):
            history = parts.pop(0)
            found += [history] if history.shape[1] else []
    return found


def _wavenet(trained: TrainedModel, config: WaveNetConfig) -> list[Values]:
    """Silence is one sample again and again, so every layer has heard one column again and again.

    `WaveNetModel` keeps the dry samples instead, from which it works out the same.
    """
    weights = {name: part.astype(np.float64) for name, part in trained.weights.items()}
    found: list[Values] = []
    x, head = np.zeros(1), np.zeros(())
    for a, array in enumerate(config.arrays):
        at = f"arrays.{a}"
        x = weights[f"{at}.rechannel.weight"].sum(2) @ x
        for i, layer in enumerate(array.layers):
            found += _held(x, (layer.kernel - 1) * layer.dilation)
            own = {
                name.removeprefix(f"{at}.layers.{i}."): part
                for name, part in weights.items()
                if name.startswith(f"{at}.layers.{i}.")
            }
            z = _activated(array, i, own["conv.weight"].sum(2) @ x + own["conv.bias"])
            part = own["head.weight"][..., 0] @ z + own["head.bias"] if array.layer_head else z
            head = head + part
            if array.residual:
                x = x + own["residual.weight"][..., 0] @ z + own["residual.bias"]
        found += _held(head, array.head_kernel - 1)
        head = weights[f"{at}.head.weight"].sum(2) @ head
        if array.head_bias:
            head = head + weights[f"{at}.head.bias"]
    return found


def _held(column: NDArray[np.float64], samples: int) -> list[Values]:
    shape = (len(column), samples)
    return [np.broadcast_to(column.astype(np.float32)[:, None], shape)] if samples else []


def _activated(array: WaveNetArray, i: int, z: NDArray[np.float64]) -> NDArray[np.float64]:
    layer = array.layers[i]
    first = z[: array.bottleneck]
    active = _apply(layer.activation, first)
    if layer.gating == "none":
        return active
    gate = _apply(layer.gate, z[array.bottleneck :])
    return gate * active if layer.gating == "gated" else gate * active + (1 - gate) * first


def _apply(activation: Activation, column: NDArray[np.float64]) -> NDArray[np.float64]:
    import torch

    from drywet.models.functions import apply

    found: NDArray[np.float64] = apply(activation, torch.from_numpy(column), 0).numpy()
    return found
