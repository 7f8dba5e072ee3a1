"""PyTorch's optimisers in the kernels: their states stay where they are, so that either goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from drywet.kernels.choice import target
from drywet.kernels.threads import threads
from drywet.optimizers import soap
from drywet.optimizers.choose import Optimizer


class KernelOptimizer:
    """An optimiser of the kernels over a net's weights.

    Args:
        optimizer: an ``AdamW`` or a `Soap`, over the trained ones among them, in one group.
        weights: of the net, in the order in which the kernels take them.
        clip: largest norm of the gradient, all trained weights together
            (``torch.nn.utils.clip_grad_norm_``).

    Attributes:
        native: for the functions of the compiled module.
    """

    def __init__(self, optimizer: Optimizer, weights: Sequence[Tensor], clip: float) -> None:
        self._optimizer = optimizer
        self._state: object = optimizer.state
        self._trained = [weight for weight in weights if weight.requires_grad]
        make = _soap if isinstance(optimizer, soap.Soap) else _adamw
        self.native = make(optimizer, weights, clip)

    @property
    def is_stale(self) -> bool:
        """Whether PyTorch's optimiser was given another state since, which this does not hold."""
        return self._optimizer.state is not self._state

    def stepped(self, updates: int, rate: float) -> None:
        """Tell PyTorch's optimiser what was done.

        Args:
            updates: how many.
            rate: learning rate of the last one.
        """
        for weight in self._trained:
            self._optimizer.state[weight]["step"] += updates
        self._optimizer.param_groups[0]["lr"] = rate


def _adamw(optimizer: Any, weights: Sequence[Tensor], clip: float) -> Any:
    from drywet.kernels import _native

    states = [_moments(optimizer, weight) if weight.requires_grad else None for weight in weights]
    means, squares = (
        [None if state is None else state[name].numpy() for state in states]
        for name in ("exp_avg", "exp_avg_sq")
    )
    group = optimizer.param_groups[0]
    return _native.adamw(
        [weight.detach().numpy() for weight in weights], means, squares, _done(states),
        group["betas"], group["eps"], group["weight_decay"], clip,
    )  # fmt: skip


def _moments(optimizer: Optimizer, weight: Tensor) -> dict[str, Any]:
    """A parameter's moments; made as AdamW's first step makes them."""
    state: dict[str, Any] = optimizer.state[weight]
    if not state:
        state["step"] = torch.zeros(())
        state["exp_avg"] = torch.zeros_like(weight)
        state["exp_avg_sq"] = torch.zeros_like(weight)
    return state


def _soap(optimizer: Any, weights: Sequence[Tensor], clip: float) -> Any:
    from drywet.kernels import _native

    blocks, states = [], []
    for number, weight in enumerate(weights):
        if weight.requires_grad:
            state = optimizer.state_of(weight)
            sides = [
                (state[f"covariance_{side}"].numpy(), state[f"basis_{side}"].numpy())
                if f"basis_{side}" in state
                else None
                for side in (0, 1)
            ]
            blocks.append((number, state["mean"].numpy(), state["mean_square"].numpy(), *sides))
            states.append(state)
    decay = optimizer.param_groups[0]["weight_decay"]
    return _native.soap(
        target(), [weight.detach().numpy() for weight in weights], blocks,
        optimizer.norm_square.numpy(), _done(states), soap.BETAS, soap.EPS, soap.RIDGE, decay, clip,
        soap.SPIKE, soap.EVERY, threads(),
    )  # fmt: skip


def _done(states: Sequence[dict[str, Any] | None]) -> int:
    return max((int(state["step"]) for state in states if state is not None), default=0)
