"""Activations in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from drywet.models.activation import Activation

_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "hardtanh": functional.hardtanh,
    "hardswish": functional.hardswish,
    "softsign": functional.softsign,
    "elu": functional.elu,
}


def apply(activation: Activation, x: Tensor, channels: int) -> Tensor:
    """The activation of a tensor whose channels lie along dimension ``channels``."""
    if activation.name == "leaky_relu":
        return functional.leaky_relu(x, activation.slope)
    if activation.name == "softmax":
        return torch.softmax(x, dim=channels)
    return _FUNCTIONS[activation.name](x)
