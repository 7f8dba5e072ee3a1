"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner.

Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson and Kakade, "SOAP: Improving and
Stabilizing Shampoo using Adam", ICLR 2025. A matrix of weights has two running covariances of its
gradients, of its inputs and of its outputs. In their eigenvectors the gradient's entries are nearly
uncorrelated, and there Adam scales each by itself.

Here the eigenvectors start as the identity, so that the first updates are Adam's, and a power
iteration brings them on; ``kernels/soap.hpp`` does the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

BETAS = (0.95, 0.95)
"""Of the mean of the gradients, and of their squares and covariances."""

EPS = 1e-8

SPIKE = 3.0
"""Times the norm of late (its root mean square) is the most that a gradient may have: one much
larger would turn the eigenvectors and fill the means for long."""

EVERY = 1
"""Updates between two steps of the power iteration; before so many every one has a step."""

MOST_SIDE = 256
"""A longer side of a matrix is not turned: its entries are taken as uncorrelated."""

RIDGE = 1e-6
"""Of a covariance's trace: where no gradient ever was, the eigenvectors stay what they are."""


_LEAST_NORM = 1e-6  # as in torch.nn.utils.clip_grad_norm_


class Soap:
    """See the module. A parameter ``(outputs, ...)`` is a matrix of its outputs and the rest.

    It has what a training needs of a ``torch.optim.Optimizer``, whose import of the compiler
    would take longer than some trainings. The state of a parameter is

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

    Attributes:
        param_groups: one, with the keys ``params``, ``lr`` and ``weight_decay``.
        state: by parameter.
        norm_square: running mean of the squared norm of the gradient, shape ``(1,)``.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], lr: float, weight_decay: float = 0.0
    ) -> None:
        self.param_groups: list[dict[str, Any]] = [
            {"params": list(parameters), "lr": lr, "weight_decay": weight_decay}
        ]
        self.state: dict[Tensor, dict[str, Any]] = {}
        self.norm_square = torch.zeros(1)

    @property
    def _parameters(self) -> list[nn.Parameter]:
        return list(self.param_groups[0]["params"])

    def state_of(self, parameter: Tensor) -> dict[str, Any]:
        """What is kept of a parameter; made where there is nothing yet."""
        if parameter not in self.state:
            shape = _matrix(parameter.detach()).shape
            state: dict[str, Any] = {"step": torch.zeros(())}
            state["mean"] = torch.zeros(shape).to(parameter)
            state["mean_square"] = torch.zeros(shape).to(parameter)
            for side, size in enumerate(shape):
                if 1 < size <= MOST_SIDE:
                    state[f"covariance_{side}"] = torch.zeros(size, size).to(parameter)
                    state[f"basis_{side}"] = torch.eye(size).to(parameter)
            self.state[parameter] = state
        return self.state[parameter]

    @torch.no_grad()
    def step(self) -> None:
        """One update of every parameter that has a gradient."""
        self._clip_spikes()
        rate, decay = self.param_groups[0]["lr"], self.param_groups[0]["weight_decay"]
        for parameter in self._parameters:
            if parameter.grad is not None:
                update = _update(self.state_of(parameter), _matrix(parameter.grad))
                parameter.mul_(1 - rate * decay).sub_(rate * update.T.reshape(parameter.shape))

    def _clip_spikes(self) -> None:
        """Scale a gradient down that is much larger than those of late."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        norm = float(torch.linalg.vector_norm(torch.stack([g.norm() for g in gradients])))
        done = max((int(state["step"]) for state in self.state.values()), default=0)
        if done:
            most = SPIKE * math.sqrt(float(self.norm_square) / (1 - BETAS[1] ** done))
            factor = most / (norm + _LEAST_NORM)
            if factor < 1:
                for gradient in gradients:
                    gradient.mul_(factor)
                norm = most
        self.norm_square.lerp_(torch.tensor([norm**2]), 1 - BETAS[1])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.zero_()

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values, the parameters by their numbers; not copied."""
        states = {
            number: self.state[parameter]
            for number, parameter in enumerate(self._parameters)
            if parameter in self.state
        }
        group = self.param_groups[0]
        return {
            "state": states,
            "norm_square": self.norm_square,
            "lr": group["lr"],
            "weight_decay": group["weight_decay"],
        }

    def load_state_dict(self, found: dict[str, Any]) -> None:
        """Go on from a state such as `state_dict` gives.

        Raises:
            ValueError: it is of other parameters.
            KeyError: likewise.
        """
        states: dict[Tensor, dict[str, Any]] = {}
        for number, parameter in enumerate(self._parameters):
            if number not in found["state"]:
                continue
            given = found["state"][number]
            expected = Soap([parameter], 0.0).state_of(parameter)
            if {n: t.shape for n, t in given.items()} != {n: t.shape for n, t in expected.items()}:
                raise ValueError("the state is of other parameters")
            for name, tensor in expected.items():
                tensor.copy_(given[name])
            states[parameter] = expected
        self.state = states
        self.norm_square = found["norm_square"].clone()
        self.param_groups[0].update(lr=found["lr"], weight_decay=found["weight_decay"])


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
