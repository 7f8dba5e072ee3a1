"""Activations in NumPy, as PyTorch has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drywet.models.activation import Activation

Values = NDArray[Any]


def sigmoid(x: Values) -> Values:
    """The logistic function, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


_FUNCTIONS: dict[str, Callable[[Values], Values]] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
}


def apply(activation: Activation, x: Values) -> Values:
    """The activation of ``(channels, samples)`` or ``(channels,)``."""
    if activation.name == "leaky_relu":
        return np.where(x >= 0, x, activation.slope * x)
    if activation.name == "softmax":
        raised = np.exp(x - x.max(axis=0, keepdims=True))
        return np.asarray(raised / raised.sum(axis=0, keepdims=True))
    return _FUNCTIONS[activation.name](x)
