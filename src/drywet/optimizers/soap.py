"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner.

Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson and Kakade, "SOAP: Improving and
Stabilizing Shampoo using Adam", ICLR 2025. A matrix of weights has two running covariances of its
gradients, of its inputs and of its outputs. In their eigenvectors the gradient's entries are nearly
uncorrelated, and there Adam scales each by itself.

Here the eigenvectors start as the identity, so that the first updates are Adam's, and a power
iteration brings them on; ``kernels/soap.hpp`` does the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

BETAS = (0.95, 0.95)
"""Of the mean of the gradients, and of their squares and covariances."""

EPS = 1e-8

EVERY = 1
"""Updates between two steps of the power iteration; before so many every one has a step."""

MOST_SIDE = 256
"""A longer side of a matrix is not turned: its entries are taken as uncorrelated."""

RIDGE = 1e-6
"""Of a covariance's trace: where no gradient ever was, the eigenvectors stay what they are."""


class Soap(torch.optim.Optimizer):
    """See the module. A parameter ``(outputs, ...)`` is a matrix of its outputs and the rest.

    The state of a parameter is

    * ``step``: updates so far;
    * ``mean``: of the gradients, ``(inputs, outputs)``;
    * ``mean_square``: likewise, of the gradients in the eigenvectors;
    * ``covariance_0`` and ``basis_0``, ``(inputs, inputs)``, and ``covariance_1`` and ``basis_1``,
      ``(outputs, outputs)``, where that side has 2 to `MOST_SIDE` entries: the eigenvectors are the
      columns.

    Args:
        parameters: to train.
        lr: learning rate.
        weight_decay: decoupled, as AdamW's.
    """

    def __init__(
        self, parameters: list[nn.Parameter], lr: float, weight_decay: float = 0.0
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    def state_of(self, parameter: Tensor) -> dict[str, Any]:
        """What is kept of a parameter; made where there is nothing yet."""
        state: dict[str, Any] = self.state[parameter]
        if not state:
            shape = _matrix(parameter.detach()).shape
            state["step"] = torch.zeros(())
            state["mean"] = parameter.new_zeros(shape)
            state["mean_square"] = parameter.new_zeros(shape)
            for side, size in enumerate(shape):
                if 1 < size <= MOST_SIDE:
                    state[f"covariance_{side}"] = parameter.new_zeros(size, size)
                    state[f"basis_{side}"] = torch.eye(size).to(parameter)
        return state

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            rate, decay = group["lr"], group["weight_decay"]
            for parameter in group["params"]:
                if parameter.grad is not None:
                    update = _update(self.state_of(parameter), _matrix(parameter.grad))
                    parameter.mul_(1 - rate * decay).sub_(rate * update.T.reshape(parameter.shape))


def _matrix(parameter: Tensor) -> Tensor:
    """``(inputs, outputs)``."""
    return parameter.reshape(len(parameter), -1).T


def _update(state: dict[str, Any], gradient: Tensor) -> Tensor:
    """What to take from the weights at a learning rate of 1; the state is brought on."""
    state["step"] += 1
    step = int(state["step"])
    mean, square = state["mean"], state["mean_square"]
    mean.lerp_(gradient, 1 - BETAS[0])
    square.lerp_(_turned(state, gradient).square(), 1 - BETAS[1])
    mean_there = _turned(state, mean) / (1 - BETAS[0] ** step)
    scaled = mean_there / ((square / (1 - BETAS[1] ** step)).sqrt() + EPS)
    update = _turned_back(state, scaled)
    for side, product in enumerate((gradient @ gradient.T, gradient.T @ gradient)):
        if f"basis_{side}" in state:
            state[f"covariance_{side}"].lerp_(product, 1 - BETAS[1])
            if step < EVERY or step % EVERY == 0:
                _iterate(state, side)
    return update


def _turned(state: dict[str, Any], matrix: Tensor) -> Tensor:
    if "basis_1" in state:
        matrix = matrix @ state["basis_1"]
    return state["basis_0"].T @ matrix if "basis_0" in state else matrix


def _turned_back(state: dict[str, Any], matrix: Tensor) -> Tensor:
    if "basis_1" in state:
        matrix = matrix @ state["basis_1"].T
    return state["basis_0"] @ matrix if "basis_0" in state else matrix


def _iterate(state: dict[str, Any], side: int) -> None:
    """One step of the power iteration, the eigenvectors sorted by their eigenvalues."""
    covariance, basis = state[f"covariance_{side}"].double(), state[f"basis_{side}"].double()
    product = covariance @ basis + RIDGE * covariance.trace() * basis
    order = torch.argsort((basis * product).sum(0), descending=True, stable=True)
    orthogonal = torch.linalg.qr(product[:, order])[0]
    state[f"basis_{side}"].copy_(orthogonal)
    state["mean_square"].copy_(state["mean_square"].index_select(side, order))
