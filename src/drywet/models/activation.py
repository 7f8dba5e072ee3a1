"""The functions between a net's layers, without PyTorch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Literal[
    "linear", "tanh", "relu", "leaky_relu", "sigmoid", "silu", "hardtanh", "hardswish",
    "softsign", "elu", "softmax",
]  # fmt: skip


class Activation(BaseModel):
    """A function of each number by itself; softmax over a layer's numbers.

    Attributes:
        name: as PyTorch has it.
        slope: of ``leaky_relu``, below 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: Name
    slope: float = Field(default=0.01, ge=-1e3, le=1e3)


LINEAR, TANH, SIGMOID = (Activation(name=name) for name in ("linear", "tanh", "sigmoid"))
