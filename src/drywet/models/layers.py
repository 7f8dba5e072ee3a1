"""Shapes and sizes of the layers that several kinds of model have."""

from __future__ import annotations

from typing import Literal

from drywet.models.config import Shape

Cell = Literal["lstm", "gru", "rnn", "ssm"]

GATES = {"lstm": 4, "gru": 3, "rnn": 1, "ssm": 2}
"""Rows of a recurrent layer's matrices for each unit."""

RECURRENT_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""A recurrent layer's tensors, in PyTorch's order."""


def recurrent_shapes(
    prefix: str, cell: str, hidden: int, layers: int, inputs: int = 1
) -> dict[str, Shape]:
    """Tensors of recurrent layers, named as PyTorch names them."""
    rows = GATES[cell] * hidden
    found: dict[str, Shape] = {}
    for i in range(layers):
        found[f"{prefix}.weight_ih_l{i}"] = (rows, hidden if i else inputs)
        found[f"{prefix}.weight_hh_l{i}"] = (rows, hidden)
        found[f"{prefix}.bias_ih_l{i}"] = (rows,)
        found[f"{prefix}.bias_hh_l{i}"] = (rows,)
    return found


def recurrent_names(prefix: str, layers: int) -> list[str]:
    """Names of the tensors of recurrent layers and of the dense layer ``head`` after them.

    In the order in which the kernels take them.
    """
    named = [f"{prefix}.{part}_l{i}" for i in range(layers) for part in RECURRENT_PARTS]
    return [*named, "head.weight", "head.bias"]


def dense_shapes(prefix: str, inputs: int, outputs: int) -> dict[str, Shape]:
    """Tensors of a dense layer."""
    return {f"{prefix}.weight": (outputs, inputs), f"{prefix}.bias": (outputs,)}


def recurrent_multiply_adds(cell: str, hidden: int, layers: int, inputs: int = 1) -> int:
    """Of recurrent layers, per step."""
    each = [inputs] + [hidden] * (layers - 1)
    turning = 5 * hidden * layers if cell == "ssm" else 0  # of the complex states, and their gain
    return turning + sum(GATES[cell] * hidden * (n + hidden) for n in each)
