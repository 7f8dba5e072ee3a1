"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import nn

from drywet.optimizers.soap import Soap

Name = Literal["soap", "adam"]

Optimizer: TypeAlias = "torch.optim.Optimizer | Soap"
"""``step``, ``zero_grad``, ``state``, ``param_groups``, ``state_dict`` and ``load_state_dict``."""


def optimizer_of(
    name: Name, parameters: Sequence[nn.Parameter], lr: float, weight_decay: float
) -> Optimizer:
    """SOAP, or AdamW (Loshchilov and Hutter, ICLR 2019), which without decay is Adam.

    AdamW fused: a step over a small net is nearly all overhead otherwise.
    """
    if name == "soap":
        return Soap(parameters, lr, weight_decay)
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=weight_decay, fused=True)
