"""The kernels that train WaveNets: outputs and gradients are those of PyTorch in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from drywet.kernels.threads import set_threads
from drywet.models.activation import Activation, Name
from drywet.models.registry import build
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig, WaveNetLayer
from tests.support import grid

KNOWN: tuple[Name, ...] = (
    "tanh", "leaky_relu", "relu", "sigmoid", "hardtanh", "softsign", "linear", "silu", "hardswish",
)  # fmt: skip
EVERYTHING = WaveNetConfig(
    arrays=(
        WaveNetArray(
            channels=5, bottleneck=3, head=4, head_kernel=3, head_bias=True, layer_head=6,
            layers=tuple(
                WaveNetLayer(
                    kernel=1 + i % 3, dilation=1 + i, activation=Activation(name=name, slope=0.2),
                    gating=("none", "gated", "blended", "gated")[i % 4],
                    gate=Activation(name=KNOWN[i - 4], slope=0.2),
                )
                for i, name in enumerate(KNOWN)
            ),
        ),
        WaveNetArray(
            channels=2, bottleneck=4, head=1, head_kernel=2, residual=False,
            layers=(
                WaveNetLayer(kernel=2, dilation=7),
                WaveNetLayer(kernel=1, dilation=3, gating="gated"),
            ),
        ),
    )
)  # fmt: skip
SIGN_TURNING = WaveNetConfig(
    arrays=(
        WaveNetArray(
            channels=4, bottleneck=4, head=1,
            layers=tuple(
                WaveNetLayer(
                    kernel=2, dilation=1 + i, gating=gating,
                    activation=Activation(name="leaky_relu", slope=-0.3),
                    gate=Activation(name="leaky_relu", slope=-0.7),
                )
                for i, gating in enumerate(("none", "gated", "blended"))
            ),
        ),
    )
)  # fmt: skip
NETS = {
    "everything": EVERYTHING,
    "sign turning": SIGN_TURNING,
    "knobs": EVERYTHING.model_copy(update={"knobs": ("drive", "bass", "treble")}),
    **{name: WaveNetConfig(preset=name) for name in ("nano", "feather", "standard", "a2-lite")},
}


def made(config: WaveNetConfig):
    torch.manual_seed(0)
    net = build(config)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1.5)
    return net


def learned(net, dtype: torch.dtype, batch: int, samples: int):
    """Outputs, and the gradients of all parameters by some derivatives of the outputs."""
    generator = torch.Generator().manual_seed(1)
    inputs = 1 + len(net.config.knobs)
    x = torch.randn(batch, samples + net.warm_up, inputs, generator=generator).mul_(0.5).to(dtype)
    dy = torch.randn(batch, samples, 1, generator=generator).to(dtype)
    net = net.to(dtype)
    net.zero_grad()
    y, _ = net.core(x[:, net.warm_up :], (x[:, : net.warm_up],))
    y.backward(dy)
    found = {name: p.grad for name, p in net.named_parameters()}
    zero = torch.zeros((), dtype=dtype)
    return y.detach(), {n: zero if g is None else g for n, g in found.items()}


@pytest.mark.parametrize(
    "case",
    grid(
        [(name, batch, samples) for name in NETS for batch, samples in ((3, 700), (1, 1), (2, 33))],
        {("everything", 1, 1), ("everything", 2, 33)}
        | {(name, 3, 700) for name in ("everything", "knobs", "nano", "sign turning")},
    ),
)
def test_outputs_and_gradients_are_pytorchs(target, case):
    name, batch, samples = case
    net = made(NETS[name])
    assert net.trains_in_kernels
    y, found = learned(net, torch.float32, batch, samples)
    wanted, gradients = learned(net, torch.float64, batch, samples)
    assert torch.max(torch.abs(y - wanted)) < 3e-6 * torch.max(torch.abs(wanted))
    largest = max(float(g.abs().max()) for g in gradients.values())
    for parameter, gradient in gradients.items():
        gap = float((found[parameter] - gradient).abs().max())
        assert gap < 1e-5 * largest + 1e-4 * float(gradient.abs().max()), parameter


def test_results_do_not_depend_on_the_number_of_threads(own_threads):
    net = made(NETS["feather"])
    found = []
    for threads in (1, 2, 3):
        set_threads(threads)
        y, gradients = learned(net, torch.float32, 5, 300)
        found.append(torch.cat([y.reshape(-1), *(g.reshape(-1) for g in gradients.values())]))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_a_nan_in_one_window_stays_a_nan():
    """A training that has blown up must be seen to have."""
    net = made(EVERYTHING)
    x = torch.zeros(2, 50 + net.warm_up, 1)
    x[1, -10] = float("nan")
    y, _ = net.core(x[:, net.warm_up :], (x[:, : net.warm_up],))
    assert torch.isfinite(y[0]).all()
    assert not torch.isfinite(y[1]).all()
    y.sum().backward()
    assert not torch.isfinite(net.get_parameter("arrays.0.layers.0.conv.bias").grad).all()


def test_what_the_kernels_do_not_train_pytorch_does():
    layer = WaveNetLayer(kernel=2, dilation=1, activation=Activation(name="elu"))
    config = WaveNetConfig(
        arrays=(WaveNetArray(channels=2, bottleneck=2, head=1, layers=(layer,)),)
    )
    net = made(config)
    assert not net.trains_in_kernels
    y, found = learned(net, torch.float32, 2, 40)
    wanted, gradients = learned(net, torch.float64, 2, 40)
    assert torch.allclose(y.double(), wanted, atol=1e-6)
    assert all(torch.allclose(found[n].double(), gradients[n], atol=1e-4) for n in gradients)


def test_derivatives_by_the_samples_are_pytorchs():
    net = made(NETS["nano"])
    x = torch.zeros(1, 10, 1, requires_grad=True)
    y, _ = net.core(x, net.init_state(1))
    y.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
