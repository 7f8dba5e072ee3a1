"""The WaveNet kernel against torch.nn.functional in float64, on every target of this machine."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
import torch
from torch.nn import functional

from drywet.kernels.choice import choice
from tests.support import shared

if not choice().possible:
    pytest.skip(choice().reason, allow_module_level=True)

from drywet.kernels import _native

BLOCKS = (1, 7, 16, 63, 64, 1000, 100_000)
ACTIVATIONS = {
    "linear": lambda x, slope: x,
    "tanh": lambda x, slope: x.tanh(),
    "relu": lambda x, slope: x.relu(),
    "leaky_relu": functional.leaky_relu,
    "sigmoid": lambda x, slope: x.sigmoid(),
    "silu": lambda x, slope: functional.silu(x),
    "hardtanh": lambda x, slope: functional.hardtanh(x),
    "hardswish": lambda x, slope: functional.hardswish(x),
    "softsign": lambda x, slope: functional.softsign(x),
}


@pytest.fixture(params=_native.targets())
def target(request):
    """Each target that this CPU runs, in turn."""
    return request.param


def layer(kernel=3, dilation=1, act="tanh", slope=0.0, gating="none", gate="", gate_slope=0.0):
    return (kernel, dilation, act, slope, gating, gate, gate_slope)


def array(layers, channels=4, inputs=1, bottleneck=0, head=1, **others):
    other = {"head_kernel": 1, "head_bias": True, "residual": True, "head1x1": 0} | others
    return (inputs, channels, bottleneck or channels, head, *other.values(), layers)


class Reference:
    """The net as PyTorch computes it, from as many samples of silence as an output sees."""

    def __init__(self, arrays, weights=None):
        self.arrays, self.weights, self.taken, self.past = arrays, weights, 0, 0

    def take(self, *shape):
        first, self.taken = self.taken, self.taken + int(np.prod(shape))
        if self.weights is None:
            return torch.zeros(shape, dtype=torch.float64)
        return torch.from_numpy(self.weights[first : self.taken]).double().reshape(shape)

    def convolve(self, x, weight, bias=None, dilation=1):
        past = (weight.shape[2] - 1) * dilation
        self.past += past
        return functional.conv1d(functional.pad(x, (past, 0)), weight, bias, dilation=dilation)

    def net(self, signal):
        self.taken, self.past = 0, 0
        rows = torch.as_tensor(signal, dtype=torch.float64).reshape(len(signal), -1)
        condition = x = rows.T[None]
        total = 0
        for (
            inputs,
            channels,
            narrow,
            head,
            head_kernel,
            biased,
            residual,
            ones,
            layers,
        ) in self.arrays:
            x = self.convolve(x, self.take(channels, inputs, 1))
            for kernel, dilation, act, slope, gating, gate, gate_slope in layers:
                rows = narrow * (1 if gating == "none" else 2)
                weight, bias, mixin = (
                    self.take(rows, channels, kernel),
                    self.take(rows),
                    self.take(rows, condition.shape[1], 1),
                )
                both = self.convolve(x, weight, bias, dilation)
                both = both + functional.conv1d(condition, mixin)
                raw = both[:, :narrow]
                z = ACTIVATIONS[act](raw, slope)
                if gating != "none":
                    alpha = ACTIVATIONS[gate](both[:, narrow:], gate_slope)
                    z = alpha * z + ((1 - alpha) * raw if gating == "blended" else 0)
                if residual:
                    x = x + self.convolve(z, self.take(channels, narrow, 1), self.take(channels))
                if ones:
                    z = self.convolve(z, self.take(ones, narrow, 1), self.take(ones))
                total = total + z
            weight = self.take(head, ones or narrow, head_kernel)
            total = self.convolve(total, weight, self.take(head) if biased else None)
        return self.take(1) * total

    def count(self):
        self.net(np.zeros((1, self.arrays[0][0])))
        return self.taken

    def field(self):
        self.net(np.zeros((1, self.arrays[0][0])))
        return self.past + 1

    def __call__(self, signal, knobs=()):
        """From silence with the knobs there."""
        silence = np.zeros((self.field(), *signal.shape[1:]))
        if len(knobs):
            silence[:, 1:] = knobs
        return self.net(np.concatenate([silence, signal]))[0, 0, len(silence) :].numpy()


def weights_of(arrays, seed=0, largest=0.5):
    """Weights that reach the activations' curves, from the uniform distribution."""
    count = Reference(arrays).count()
    weights = np.random.default_rng(seed).uniform(-largest, largest, count)
    weights[-1] = 1.0
    return weights.astype(np.float32)


def noise(samples, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)


def play(net, x, block=100_000):
    y = np.empty_like(x)
    for first in range(0, len(x), block):
        net.process(x[first : first + block], y[first : first + block])
    return y


def check(target, arrays, samples=200, largest=0.5):
    """As exact as float32 allows: errors are compared with what the largest output is."""
    weights = weights_of(arrays, largest=largest)
    net, x = _native.WaveNet(target, arrays, weights), noise(samples)
    reference = Reference(arrays, weights)
    wanted = reference(x)
    assert net.receptive_field == reference.field()
    y = play(net, x)
    assert np.abs(y - wanted).max() <= 3e-6 * max(1.0, np.abs(wanted).max())
    net.reset()
    assert np.array_equal(play(net, x, 29), y)


@pytest.mark.parametrize("act", ACTIVATIONS)
def test_every_activation(target, act):
    check(target, [array([layer(3, 2, act, 0.1), layer(2, 5, act, -0.3)], 5)], largest=1.0)


@pytest.mark.parametrize("gating", ["gated", "blended"])
@pytest.mark.parametrize("act", ACTIVATIONS)
def test_every_gate(target, gating, act):
    others = list(ACTIVATIONS)
    other = others[(others.index(act) + 3) % len(others)]
    layers = [
        layer(3, 1, act, 0.2, gating, other, 0.1),
        layer(2, 7, other, 0.3, gating, act, 0.4),
    ]
    check(target, [array(layers, 4, bottleneck=3)])


@pytest.mark.parametrize("act", ["tanh", "leaky_relu", "silu"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 33])
def test_every_size(target, act, channels):
    layers = [layer(3, 1, act, 0.01), layer(6, 3, act, 0.01), layer(15, 1, act, 0.01)]
    check(target, [array(layers, channels)], largest=1 / channels**0.5)


def test_odd_shapes(target):
    """Bottlenecks, arrays that seed each other's heads, long head kernels, nothing residual."""
    layers = [layer(3, 4), layer(1, 1, "relu"), layer(4, 33)]
    check(target, [array(layers, 8, head_kernel=16)])
    check(target, [array(layers, 5, bottleneck=9, head_kernel=3, head_bias=False)])
    check(target, [array(layers, 3, residual=False)])
    check(target, [array(layers, 6, bottleneck=7, head1x1=5)])
    check(target, [array(layers, 16, bottleneck=3, head1x1=17, residual=False, head_kernel=2)])
    check(
        target,
        [
            array(layers, 6, bottleneck=4, head=3, head_kernel=5),
            array(layers[:1], 2, inputs=6, bottleneck=5, head1x1=3, head=7, head_bias=False),
            array([layer(2, 9, "relu", 0.0, "gated", "sigmoid")], 7, inputs=2, residual=False),
        ],
    )


# Nets as people play them: file, number of the submodel.
PRESETS = [("standard", None), ("feather", None), ("nano", None), ("a2", 0), ("a2", 1)]


def preset(name, submodel):
    model = json.loads(shared("models", "nam", f"BossWN-{name}.nam").read_text())
    if submodel is not None:
        model = model["config"]["submodels"][submodel]["model"]
    arrays = []
    for one in model["config"]["layers"]:
        head = one.get("head") or {"out_channels": one["head_size"], "bias": one["head_bias"]}
        act = ("tanh", 0.0) if one["activation"] == "Tanh" else ("leaky_relu", 0.01)
        kernels = one.get("kernel_sizes") or [one["kernel_size"]] * len(one["dilations"])
        arrays.append(
            array(
                [layer(k, d, *act) for k, d in zip(kernels, one["dilations"], strict=True)],
                one["channels"],
                inputs=one["input_size"],
                head=head["out_channels"],
                head_kernel=head.get("kernel_size", 1),
                head_bias=head["bias"],
            )
        )
    return arrays, np.array(model["weights"], np.float32)


@pytest.mark.parametrize(("name", "submodel"), PRESETS)
def test_captures_whatever_the_blocks(name, submodel):
    """Within 1e-5 of full scale, the same to the bit in all blocks, and again after a reset."""
    arrays, weights = preset(name, submodel)
    x = 0.5 * noise(3000)
    wanted = Reference(arrays, weights)(x)
    for target in _native.targets():
        net = _native.WaveNet(target, arrays, weights)
        y = play(net, x)
        assert np.abs(y - wanted).max() <= 1e-5 * np.abs(wanted).max()
        for block in BLOCKS:
            net.reset()
            assert np.array_equal(play(net, x, block), y)


def test_blocks_of_all_lengths_in_turn(target):
    arrays = [array([layer(3, 64), layer(6, 3), layer(3, 200)], 3, head_kernel=16)]
    net = _native.WaveNet(target, arrays, weights_of(arrays))
    x = noise(20_000)
    y, again, first = play(net, x), np.empty_like(x), 0
    net.reset()
    lengths = np.random.default_rng(2).integers(0, 150, 1000)
    for length in lengths:
        net.process(x[first : first + length], again[first : first + length])
        first += length
    assert first >= len(x)
    assert np.array_equal(again, y)


def test_silence_is_where_it_starts(target):
    """Biases sound for ever: a new net, one after a reset and one left alone agree."""
    arrays = [array([layer(3, 40), layer(2, 9)], 5, head_kernel=4)]
    net = _native.WaveNet(target, arrays, weights_of(arrays))
    silence = np.zeros(net.receptive_field + 100, np.float32)
    rest = play(net, silence)
    assert rest[0] != 0
    assert (rest == rest[0]).all()
    play(net, noise(500))
    assert (play(net, silence)[net.receptive_field - 1 :] == rest[0]).all()
    play(net, noise(77))
    net.reset()
    assert np.array_equal(play(net, silence), rest)


KNOBS = [
    [array([layer(3, 40), layer(2, 9)], channels, inputs=inputs, head_kernel=4)]
    for channels, inputs in ((1, 2), (4, 3), (8, 2), (17, 8))
] + [
    [
        array([layer(2, 3, gating="gated", gate="sigmoid")], 5, inputs=4, head=6),
        array([layer(3, 5)], 3, inputs=5, bottleneck=6),
    ]
]


@pytest.mark.parametrize("arrays", KNOBS, ids=lambda arrays: f"{arrays[0][1]}x{arrays[0][0]}")
def test_knobs_turn_from_where_they_stood_in_silence(target, arrays):
    weights, inputs = weights_of(arrays), arrays[0][0]
    net, reference = _native.WaveNet(target, arrays, weights), Reference(arrays, weights)
    stood = noise(inputs - 1, seed=4)
    x = noise(300 * inputs).reshape(300, inputs)
    x[:100, 1:] = stood
    net.settle(stood)
    wanted = reference(x, stood)
    y = np.empty(300, np.float32)
    net.process(x, y)
    assert np.abs(y - wanted).max() <= 3e-6 * max(1.0, np.abs(wanted).max())
    again, first = np.empty_like(y), 0
    net.reset()
    for length in (1, 7, 63, 64, 65, 100):
        block = slice(first, first + length)
        part = np.empty(length, np.float32)
        net.process(np.ascontiguousarray(x[block]), part)
        again[block], first = part, first + length
    assert first == len(y)
    assert np.array_equal(again, y)


def test_values_that_do_not_fit_the_inputs(target):
    arrays = KNOBS[1]
    net, y = _native.WaveNet(target, arrays, weights_of(arrays)), np.empty(10, np.float32)
    for x in (noise(10), noise(20).reshape(10, 2)):
        with pytest.raises(ValueError, match="for each input"):
            net.process(x, y)
    with pytest.raises(ValueError, match="each knob"):
        net.settle(noise(1))


def test_without_biases_silence_is_exactly_silent(target):
    arrays = [array([layer(3, 4), layer(2, 9)], 4, head_bias=False)]
    weights = weights_of(arrays)
    rows = 4 * 4 * 3
    for first in (4 + rows, 4 + rows + 24):  # the first layer's two biases
        weights[first : first + 4] = 0
    second = 4 + rows + 28
    for first in (second + 4 * 4 * 2, second + 4 * 4 * 2 + 24):
        weights[first : first + 4] = 0
    net = _native.WaveNet(target, arrays, weights)
    assert (play(net, np.zeros(200, np.float32)) == 0).all()


def one_activation(act):
    """A net that is an activation. No weight is 0, which would make NaN of infinity."""
    arrays = [array([layer(1, 1, act)], 1, head_bias=False, residual=False)]
    return arrays, np.array([1, 0.5, 0, 0.5, 1, 1], np.float32)


@pytest.mark.parametrize("act", ["tanh", "sigmoid"])
def test_accuracy_of_the_curves(target, act):
    """1e-6 over all floats, 0 at 0."""
    spread = np.geomspace(1e-38, 3e38, 40_000, dtype=np.float32)
    x = np.concatenate([np.linspace(-12, 12, 200_001, dtype=np.float32), spread, -spread])
    x = np.append(x, np.float32([0, np.inf, -np.inf]))
    y = play(_native.WaveNet(target, *one_activation(act)), x)
    wanted = ACTIVATIONS[act](torch.from_numpy(x).double(), 0).numpy()
    assert np.abs(y - wanted).max() <= 3.1e-7
    if act == "tanh":
        assert y[x == 0].max() == y[x == 0].min() == 0


def test_nan_goes_by(target):
    """What isn't a number is gone as soon as no output sees it any more."""
    for size, act in ((3, "tanh"), (5, "relu"), (16, "tanh")):
        arrays = [array([layer(3, 30, act), layer(2, 64, act)], size, head_kernel=3)]
        net = _native.WaveNet(target, arrays, weights_of(arrays))
        x = noise(1500)
        y = play(net, x)
        for spoiled in (np.nan, np.inf):
            bad = x.copy()
            bad[200] = spoiled
            net.reset()
            after = play(net, bad, 50)
            assert np.array_equal(after[:200], y[:200])
            assert np.array_equal(
                after[200 + net.receptive_field :], y[200 + net.receptive_field :]
            )


def test_in_place_and_empty(target):
    arrays = [array([layer(3, 2)], 3)]
    net = _native.WaveNet(target, arrays, weights_of(arrays))
    x = noise(300)
    y = play(net, x)
    net.reset()
    net.process(x[:0], x[:0].copy())
    net.process(x, x)
    assert np.array_equal(x, y)


def test_other_nets_in_other_threads(target):
    """Nets share nothing: four at once do what each does alone."""
    arrays = [array([layer(3, 8), layer(6, 5)], 8)]
    weights = weights_of(arrays)
    x = noise(20_000)
    y = play(_native.WaveNet(target, arrays, weights), x)
    found = [None] * 4

    def run(n):
        found[n] = play(_native.WaveNet(target, arrays, weights), x, 64)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(one, y) for one in found)


GOOD = [layer(3, 2)]
HUGE = 2**40


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ([], "arrays"),
        ([array(GOOD, 1)] * 9, "arrays"),
        ([array(GOOD, 0, bottleneck=1)], "channels"),
        ([array(GOOD, 1025)], "channels"),
        ([array(GOOD, bottleneck=-1)], "channels"),
        ([array(GOOD, bottleneck=1025)], "channels"),
        ([array(GOOD, head=0)], "channels"),
        ([array(GOOD, head1x1=-1)], "channels"),
        ([array(GOOD, head1x1=HUGE)], "channels"),
        ([array(GOOD, head_kernel=0)], "kernel"),
        ([array(GOOD, head_kernel=HUGE)], "kernel"),
        ([array(GOOD, head=2)], "one output"),
        ([array(GOOD, inputs=0)], "inputs"),
        ([array(GOOD, inputs=9)], "inputs"),
        ([array(GOOD, head=4), array(GOOD, inputs=3)], "inputs"),
        ([array(GOOD, head=3), array(GOOD, inputs=4)], "sums"),
        ([array(GOOD, head=4), array(GOOD, inputs=4, head1x1=3)], "sums"),
        ([array([])], "layers"),
        ([array(GOOD * 257)], "layers"),
        ([array([layer(0)])], "kernel"),
        ([array([layer(-3)])], "kernel"),
        ([array([layer(3, 0)])], "dilation"),
        ([array([layer(3, -1)])], "dilation"),
        ([array([layer(HUGE, HUGE)])], "kernel"),
        ([array([layer(2**62, 4)])], "kernel"),
        ([array([layer(3, 1, "tan")])], "activation"),
        ([array([layer(3, 1, "tanh", 0.0, "Gated", "tanh")])], "gating"),
        ([array([layer(3, 1, "tanh", 0.0, "gated", "")])], "activation"),
    ],
)
def test_nets_that_cannot_be(arrays, what):
    with pytest.raises(ValueError, match=what):
        _native.WaveNet("baseline", arrays, np.zeros(200, np.float32))


def test_arrays_that_do_not_fit():
    arrays = [array(GOOD)]
    weights = weights_of(arrays)
    for wrong in (weights[:-1], np.append(weights, weights[:1]), weights[:0]):
        with pytest.raises(ValueError, match="number of weights"):
            _native.WaveNet("baseline", arrays, wrong)
    with pytest.raises(ValueError, match="target"):
        _native.WaveNet("abacus", arrays, weights)
    net = _native.WaveNet("baseline", arrays, weights)
    with pytest.raises(ValueError, match="samples"):
        net.process(np.zeros(3, np.float32), np.zeros(4, np.float32))
    with pytest.raises(TypeError):
        net.process(np.zeros(3), np.zeros(3, np.float32))
    with pytest.raises(TypeError):
        _native.WaveNet("baseline", arrays, weights.astype(np.float64))


def test_a_net_too_large_for_memory():
    """Few weights, but minutes of the past in every channel of many layers."""
    arrays = [array([layer(2, 2**22)] * 30, 8)]
    count = 8 + 30 * (8 * 8 * 2 + 16 + 8 * 8 + 8) + 8 + 1 + 1
    with pytest.raises(ValueError, match="memory"):
        _native.WaveNet("baseline", arrays, np.zeros(count, np.float32))
