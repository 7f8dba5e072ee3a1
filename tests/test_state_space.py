"""State-space layers against filters of SciPy's, and against the equations, sample by sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from torch import nn

from drywet.kernels import recurrent as fused
from drywet.kernels.stream import RecurrentStream
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.kind import Recurrent
from drywet.models.recurrent.net import recurrent_net
from drywet.models.recurrent.poles import poles
from drywet.models.recurrent.state_space import StateSpace
from drywet.models.registry import build

SAMPLES = 3000
SMALL = 1e-3  # what tanh leaves as it is, to a millionth


def one_unit(rate, angle, b, a, c, d, bias):
    """A layer of one unit, with everything chosen."""
    layer = StateSpace(1, 1, 1).double()
    values = {
        "weight_ih_l0": [[b], [d]], "weight_hh_l0": [[c.real], [c.imag]], "bias_ih_l0": [a, bias],
        "bias_hh_l0": [math.log(rate), angle],
    }  # fmt: skip
    layer.load_state_dict(
        {name: torch.tensor(v, dtype=torch.float64) for name, v in values.items()}
    )
    return layer


@pytest.mark.parametrize("rate", [1e-5, 4e-4, 0.1, 1.0, 40.0])
@pytest.mark.parametrize("angle", [0.0, 0.01, 2.5])
def test_a_unit_is_a_filter_of_one_complex_pole(rate, angle):
    """tanh of what SciPy's filter with that pole and the stated gain makes, and of the input."""
    b, c, d = 0.7, 0.6 - 0.3j, 0.2
    x = SMALL * np.random.default_rng(0).standard_normal(SAMPLES)
    pole = np.exp(-rate + 1j * angle)
    gain = math.sqrt(1 - math.exp(-2 * rate))
    s = lfilter([gain * b], [1, -pole], x.astype(complex))
    want = np.tanh(c.real * s.real + c.imag * s.imag + d * x)
    layer = one_unit(rate, angle, b, 0.0, c, d, 0.0)
    got = layer(torch.from_numpy(x)[None, :, None])[0][0, :, 0].detach().numpy()
    assert np.max(np.abs(got - want)) < 1e-10 * SMALL / min(rate, 1)
    found = poles(layer.bias_hh_l0.detach().numpy())
    less_one = math.expm1(-rate) * math.cos(angle) - 2 * math.sin(angle / 2) ** 2
    assert np.allclose(found.re, less_one, rtol=1e-10, atol=0)
    assert np.allclose(found.im, pole.imag, rtol=1e-12, atol=0)
    assert np.allclose(found.gain, math.sqrt(-math.expm1(-2 * rate)), rtol=1e-12, atol=0)


def test_a_state_that_lasts_for_seconds_is_not_rounded_in_float32(target):
    """The answer to a step, against the exact one; a pole in float32 would be 0.3 % off."""
    rate, samples, b, c = 1e-5, 200_000, 0.02, 0.1
    layer, head = one_unit(rate, 0.0, b, 0.0, c + 0j, 0.0, 0.0).float(), nn.Linear(1, 1)
    with torch.no_grad():
        head.weight.fill_(1.0)
        head.bias.zero_()
    n = np.arange(1, samples + 1)
    gain = math.sqrt(-math.expm1(-2 * rate))
    want = np.tanh(c * gain * b * np.expm1(-rate * n) / math.expm1(-rate))
    x = np.ones(samples, np.float32)
    with torch.no_grad():
        together = fused.run(layer, head, torch.from_numpy(x)[None, :, None])[0][0, :, 0].numpy()
    parameters = [p.detach().numpy() for p in (*layer.parameters(), *head.parameters())]
    streamed = RecurrentStream("ssm", 0.0, parameters).process(x)
    for got in (together, streamed):
        assert np.max(np.abs(got - want)) < 2e-4 * np.max(np.abs(want))


def by_hand(rec, head, x, skip):
    """The equations, a sample at a time; ``x`` ``(samples, inputs)``."""
    weights = {name: p.detach().double().numpy() for name, p in rec.named_parameters()}
    y = x
    for layer in range(rec.num_layers):
        b, d = np.split(weights[f"weight_ih_l{layer}"], 2)
        c_re, c_im = np.split(weights[f"weight_hh_l{layer}"], 2)
        a, bias = np.split(weights[f"bias_ih_l{layer}"], 2)
        n, t = np.split(weights[f"bias_hh_l{layer}"], 2)
        pole = np.exp(-np.exp(n) + 1j * t)
        gain = np.sqrt(1 - np.abs(pole) ** 2)
        s, out = np.zeros(len(pole), complex), []
        for v in y:
            s = pole * s + gain * (b @ v + a)
            z = np.tanh(c_re @ s.real + c_im @ s.imag + d @ v + bias)
            out.append(z if layer == 0 else v + z)
        y = np.array(out)
    return y @ head.weight.detach().double().numpy()[0] + head.bias.item() + skip * x[:, 0]


def new_net(inputs, hidden, layers):
    """As training begins, its biases not all zero."""
    torch.manual_seed(0)
    rec, head = StateSpace(inputs, hidden, layers), nn.Linear(hidden, 1)
    with torch.no_grad():
        for layer in range(layers):
            rec._of(layer)[2].normal_(0, 0.5)
    return rec, head


@pytest.mark.parametrize(("inputs", "hidden", "layers"), [(1, 8, 4), (3, 5, 2), (1, 17, 1)])
def test_nets_are_their_equations(target, inputs, hidden, layers):
    rec, head = new_net(inputs, hidden, layers)
    x = np.random.default_rng(1).standard_normal((SAMPLES, inputs)).astype(np.float32)
    want = by_hand(rec, head, x, 0.5)
    given = torch.from_numpy(x)[None]
    with torch.no_grad():
        hidden_values, _ = rec(given)
        by_torch = head(hidden_values)[0, :, 0].numpy() + 0.5 * x[:, 0]
        played = fused.run(rec, head, given, None, 0.5)[0][0, :, 0].numpy()
    for got in (by_torch, played):
        assert np.max(np.abs(got - want)) < 2e-5 * np.max(np.abs(want))


def test_slow_states_are_learned_from_as_exactly_as_fast_ones(target):
    """Gradients in float64 by the kernels and by PyTorch, with poles as a training has them."""
    rec, head = (module.double() for module in new_net(2, 6, 3))
    x = torch.randn(4, 900, 2, dtype=torch.float64)
    weights = torch.randn(4, 900, 1, dtype=torch.float64)

    def gradients(run):
        y, state = run()
        loss = (weights * y).sum() + sum((part**2).sum() for part in state)
        return torch.autograd.grad(loss, [*rec.parameters(), *head.parameters()])

    def torchs():
        hidden, state = rec(x)
        return head(hidden) + 0.5 * x[..., :1], state

    for got, want in zip(
        gradients(lambda: fused.run(rec, head, x, None, 0.5)), gradients(torchs), strict=True
    ):
        assert float((got - want).abs().max()) < 1e-11 * float(want.abs().max())


@pytest.mark.parametrize("name", ["bias_hh_l0", "bias_hh_l1"])
def test_the_derivatives_by_the_poles_are_finite_differences(name):
    rec, head = (module.double() for module in new_net(1, 3, 2))
    x = torch.randn(2, 300, 1, dtype=torch.float64)
    parameter = dict(rec.named_parameters())[name]

    def loss():
        return recurrent_net(rec, head, x, None)[0].square().sum()

    (found,) = torch.autograd.grad(loss(), [parameter])
    for entry in range(len(parameter)):
        step = torch.zeros_like(parameter)
        step[entry] = 1e-6
        with torch.no_grad():
            parameter += step
            above = loss()
            parameter -= 2 * step
            below = loss()
            parameter += step
        assert float((above - below) / 2e-6) == pytest.approx(float(found[entry]), rel=1e-5)


def test_knobs_that_stand_still_are_biases():
    config = RecurrentConfig(cell="ssm", hidden=4, layers=3, knobs=("drive", "tone"))
    torch.manual_seed(0)
    model = build(config)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    plain, folded = Recurrent().with_knobs(config, weights, {"drive": 0.3, "tone": 0.9})
    still = build(plain)
    still.load_state_dict({name: torch.from_numpy(value) for name, value in folded.items()})
    x = torch.randn(1, SAMPLES, 1)
    turned = torch.cat((x, torch.tensor([0.3, 0.9]).expand(1, SAMPLES, 2)), dim=2)
    with torch.no_grad():
        want = model(turned, model.init_state(1))[0]
        got = still(x, still.init_state(1))[0]
    assert float((got - want).abs().max()) < 1e-5


def test_the_default_is_four_narrow_layers():
    config = RecurrentConfig(cell="ssm")
    assert (config.hidden, config.layers, config.title) == (8, 4, "SSM 4x8")
    assert RecurrentConfig(cell="ssm", hidden=5, layers=1).title == "SSM 5"
    assert RecurrentConfig.model_validate(config.model_dump()) == config
    trained = sum(p.numel() for p in build(config).parameters() if p.requires_grad)
    assert Recurrent().parameters(config) == trained


def test_multiply_adds_are_those_of_the_matrices_and_the_states():
    """By hand, for one input: B and D, C twice, and two states that turn, with what drives them."""
    hidden, layers = 8, 4
    first = 2 * hidden + 2 * hidden**2 + 5 * hidden
    other = 2 * hidden**2 + 2 * hidden**2 + 5 * hidden
    config = RecurrentConfig(cell="ssm", hidden=hidden, layers=layers)
    assert Recurrent().multiply_adds(config) == first + (layers - 1) * other + hidden
