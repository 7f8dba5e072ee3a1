"""SOAP against torch's Adam, NumPy's eigenvectors and a problem whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from drywet.optimizers import soap
from drywet.optimizers.soap import Soap


def stepped(optimizer, parameter, gradient):
    parameter.grad = gradient.clone()
    optimizer.step()


@pytest.mark.parametrize("shape", [(7, 3), (5,), (1, 4), (6, 2, 3), (300, 2)])
def test_the_first_update_is_adams(shape):
    """The eigenvectors start as the identity."""
    torch.manual_seed(0)
    start, gradient = torch.randn(shape), torch.randn(shape)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    stepped(Soap([ours], 1e-2, weight_decay=0.1), ours, gradient)
    adam = torch.optim.AdamW([theirs], lr=1e-2, betas=soap.BETAS, eps=soap.EPS, weight_decay=0.1)
    stepped(adam, theirs, gradient)
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-6)


def test_a_side_too_long_is_not_turned():
    parameter = nn.Parameter(torch.zeros(soap.MOST_SIDE + 1, 2))
    state = Soap([parameter], 1e-2).state_of(parameter)
    assert "basis_0" in state
    assert "basis_1" not in state


def test_it_finds_the_eigenvectors_of_the_gradients():
    """Of gradients A z B with z white, they are those of A A' and of B' B."""
    rng = np.random.default_rng(0)
    outputs, inputs = 6, 4
    a = np.linalg.qr(rng.standard_normal((outputs, outputs)))[0] * 2.0 ** -np.arange(outputs)
    b = np.linalg.qr(rng.standard_normal((inputs, inputs)))[0] * 3.0 ** -np.arange(inputs)
    parameter = nn.Parameter(torch.zeros(outputs, inputs))
    optimizer = Soap([parameter], 0.0)
    for _ in range(400):
        noise = rng.standard_normal((outputs, inputs))
        stepped(optimizer, parameter, torch.from_numpy(a @ noise @ b.T).float())
    state = optimizer.state_of(parameter)
    for side in (0, 1):
        covariance = state[f"covariance_{side}"].double().numpy()
        vectors = np.linalg.eigh(covariance)[1][:, ::-1]
        found = state[f"basis_{side}"].double().numpy()
        assert np.abs(found.T @ found - np.eye(len(found))).max() < 1e-5
        along = np.abs(np.sum(found * vectors, axis=0))
        assert along.min() > 0.95, along


def test_a_skewed_valley_is_no_harder_than_a_straight_one():
    """Least squares whose axes lie askew; Adam at the same rate is far slower."""
    rng = np.random.default_rng(1)
    size = 8
    turn = torch.from_numpy(np.linalg.qr(rng.standard_normal((size, size)))[0]).float()
    stretch = turn @ torch.diag(10.0 ** -torch.linspace(0, 3, size)) @ turn.T
    wanted = torch.randn(size, size, generator=torch.Generator().manual_seed(0))

    def left(make) -> float:
        weights = nn.Parameter(torch.zeros(size, size))
        optimizer = make(weights)
        for step in range(300):
            optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 300)
            optimizer.zero_grad()
            (stretch @ (weights - wanted)).square().sum().backward()
            optimizer.step()
        return float((stretch @ (weights.detach() - wanted)).square().sum())

    adam = left(lambda w: torch.optim.Adam([w], lr=0.1, betas=soap.BETAS))
    assert left(lambda w: Soap([w], 0.1)) < 0.1 * adam


def test_a_saved_state_goes_on():
    torch.manual_seed(0)
    gradients = torch.randn(12, 5, 3)
    whole, halves = (nn.Parameter(torch.zeros(5, 3)) for _ in range(2))
    first, second = Soap([whole], 1e-2), Soap([halves], 1e-2)
    for number, gradient in enumerate(gradients):
        if number == 6:
            saved = second.state_dict()
            second = Soap([halves], 1e-2)
            second.load_state_dict(saved)
        stepped(first, whole, gradient)
        stepped(second, halves, gradient)
    assert torch.equal(whole, halves)
