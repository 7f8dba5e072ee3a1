"""A stack of layers as a stream, in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from drywet.kernels.cells import state_count
from drywet.models.config import Samples, Weights
from drywet.models.numpy_activation import apply, sigmoid
from drywet.models.player import Player
from drywet.models.stack.config import CellLayer, ConvLayer, StackConfig

State = list[Any]
"""Layer by layer: a convolution's past input ``(inputs, samples)``; a cell's ``h`` and, of an LSTM,
its ``c``, each ``(width,)``; nothing for a dense layer.
"""


class StackPlayer(Player):
    """See `StackConfig`; the same results as `drywet.models.stack.net.StackModel`, up to rounding.

    Args:
        config: of the model.
        weights: of the model.
        rate: in Hz.
    """

    def __init__(self, config: StackConfig, weights: Weights, rate: int) -> None:
        self._config, self._weights = config, weights
        self._state = self._zeros()
        self.process(np.zeros(rate, np.float32))
        self._start = self._state

    @property
    def start(self) -> State:
        """The state in settled silence."""
        return self._start

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        dry = (block * self._weights["input_gain"])[None]
        x, after = dry, []
        for i, (layer, state) in enumerate(zip(self._config.layers, self._state, strict=True)):
            at = f"layers.{i}"
            if isinstance(layer, CellLayer):
                x, new = _STEPS[layer.cell](self._weights, at, x, state)
            else:
                x, new = self._instant(layer, at, x, state)
                x = np.asarray(apply(layer.activation, x), np.float32)
            after.append(new)
        self._state = after
        y = x + dry if self._config.skip else x
        return np.asarray(y[0] * self._weights["output_gain"], np.float32)

    def reset(self) -> None:
        """See `Player`."""
        self._state = self._start

    def _instant(self, layer: Any, at: str, x: Samples, state: Any) -> tuple[Samples, Any]:
        """A dense layer, or a convolution."""
        weight, bias = self._weights[f"{at}.weight"], self._weights[f"{at}.bias"][:, None]
        if not isinstance(layer, ConvLayer):
            return weight @ x + bias, None
        joined, samples = np.concatenate((state, x), axis=1), x.shape[1]
        y = np.broadcast_to(bias, (layer.width, samples)).copy()
        for tap in range(layer.kernel):
            first = tap * layer.dilation
            y += weight[..., tap] @ joined[:, first : first + samples]
        return y, joined[:, joined.shape[1] - state.shape[1] :]

    def _zeros(self) -> State:
        found: State = []
        inputs = 1
        for layer in self._config.layers:
            if isinstance(layer, CellLayer):
                parts = range(state_count(layer.cell))
                found.append(tuple(np.zeros(layer.width, np.float32) for _ in parts))
            elif isinstance(layer, ConvLayer):
                past = (layer.kernel - 1) * layer.dilation
                found.append(np.zeros((inputs, past), np.float32))
            else:
                found.append(None)
            inputs = layer.width
        return found


def _lstm(weights: Weights, at: str, x: Samples, state: Any) -> tuple[Samples, Any]:
    """PyTorch's gates: input, forget, cell, output."""
    hidden = weights[f"{at}.weight_hh_l0"]
    bias = weights[f"{at}.bias_ih_l0"] + weights[f"{at}.bias_hh_l0"]
    given = (weights[f"{at}.weight_ih_l0"] @ x).T + bias
    h, c = state
    width = len(h)
    y = np.empty((len(given), width), np.float32)
    for t, gates in enumerate(given):
        z = gates + hidden @ h
        cell = np.tanh(z[2 * width : 3 * width])
        z = sigmoid(z)
        c = z[width : 2 * width] * c + z[:width] * cell
        h = y[t] = z[3 * width :] * np.tanh(c)
    return np.ascontiguousarray(y.T), (h, c)


def _gru(weights: Weights, at: str, x: Samples, state: Any) -> tuple[Samples, Any]:
    """PyTorch's gates: reset, update, new."""
    hidden, bias = weights[f"{at}.weight_hh_l0"], weights[f"{at}.bias_hh_l0"]
    given = (weights[f"{at}.weight_ih_l0"] @ x).T + weights[f"{at}.bias_ih_l0"]
    (h,) = state
    width = len(h)
    y = np.empty((len(given), width), np.float32)
    for t, gates in enumerate(given):
        z = hidden @ h + bias
        both = sigmoid(gates[: 2 * width] + z[: 2 * width])
        new = np.tanh(gates[2 * width :] + both[:width] * z[2 * width :])
        h = y[t] = new + both[width:] * (h - new)
    return np.ascontiguousarray(y.T), (h,)


_STEPS: dict[str, Callable[[Weights, str, Samples, Any], tuple[Samples, Any]]] = {
    "lstm": _lstm,
    "gru": _gru,
}
