"""The kernels against torch.nn in float64, on every kind of CPU that this one can stand in for."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from drywet.errors import DrywetError
from drywet.kernels import choice as choosing
from drywet.kernels import recurrent as fused
from drywet.kernels import threads as thread_count
from drywet.kernels.cells import state_count
from drywet.kernels.choice import choice
from drywet.models.recurrent.state_space import StateSpace
from tests.support import grid

CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN, "ssm": StateSpace}
EPS = float(np.finfo(np.float32).eps)


def test_the_kernels_are_built():
    """Without a compiler drywet works too, but this suite would then test nothing."""
    if choice().target is None and os.environ.get(choosing.VARIABLE):
        pytest.skip("switched off")
    assert choice().target is not None, choice().reason


POSSIBLE = choice().possible or ["none built"]


def use(monkeypatch, name):
    monkeypatch.setenv(choosing.VARIABLE, name)
    choice.cache_clear()


@pytest.fixture(autouse=True)
def _threads():
    before = thread_count.threads()
    yield
    thread_count.set_threads(before)
    choice.cache_clear()


def layers_of(cell, inputs, hidden, layers, dtype=torch.float64, seed=0):
    """Layers and dense layer with weights large enough for their curves to show."""
    torch.manual_seed(seed)
    more = {} if cell == "ssm" else {"batch_first": True}
    rec = CELLS[cell](inputs, hidden, layers, **more).to(dtype)
    head = nn.Linear(hidden, 1, dtype=dtype)
    with torch.no_grad():
        for parameter in (*rec.parameters(), *head.parameters()):
            # Of PyTorch's own order of size, 1 / sqrt(hidden): a net that forgets.
            parameter.copy_(torch.randn_like(parameter) * 0.6 / hidden**0.5)
    return rec, head


def state_of(cell, layers, batch, hidden, dtype=torch.float64):
    return tuple(
        0.4 * torch.randn(layers, batch, hidden, dtype=dtype) for _ in range(state_count(cell))
    )


def everything(run, rec, head, x, state, skip, weights):
    """Output, states and all gradients of a loss that weighs each output and state at random."""
    x = x.clone().requires_grad_()
    state = tuple(s.clone().requires_grad_() for s in state)
    y, after = run(rec, head, x, state, skip)
    loss = sum((w.to(y.dtype) * v).sum() for w, v in zip(weights, (y, *after), strict=True))
    parameters = [*rec.parameters(), *head.parameters()]
    return [y, *after, *torch.autograd.grad(loss, [x, *state, *parameters])]


def by_torch(rec, head, x, state, skip):
    two = len(state) == 2
    hidden, after = rec(x, state if two else state[0])
    return head(hidden) + skip * x[..., :1], after if two else (after,)


def compare(cell, inputs, hidden, layers, batch, steps, skip=0.7, dtype=torch.float32):
    """Largest difference from float64 PyTorch, of each result relative to its largest value.

    The kernels' and, in the same precision, PyTorch's own.
    """
    rec, head = layers_of(cell, inputs, hidden, layers)
    x = torch.randn(batch, steps, inputs, dtype=torch.float64)
    state = state_of(cell, layers, batch, hidden)
    y, after = by_torch(rec, head, x, state, skip)
    weights = [torch.randn_like(v) for v in (y, *after)]
    want = everything(by_torch, rec, head, x, state, skip, weights)
    mine = [copy.deepcopy(module).to(dtype) for module in (rec, head)]
    given = x.to(dtype), tuple(s.to(dtype) for s in state)
    assert fused.can_run(*mine, given[0])
    ours, theirs = (
        max(
            float((a - b).detach().abs().max() / b.detach().abs().max().clamp(min=1e-3))
            for a, b in zip(everything(run, *mine, *given, skip, weights), want, strict=True)
        )
        for run in (fused.run, by_torch)
    )
    return ours, theirs


SIZES = [
    # inputs, hidden, layers, batch, steps
    (1, 8, 1, 1, 1),
    (1, 12, 1, 2, 2),
    (1, 16, 1, 16, 33),
    (1, 16, 2, 17, 64),
    (1, 20, 1, 31, 65),
    (2, 24, 1, 15, 31),
    (1, 32, 1, 33, 100),
    (1, 32, 2, 3, 97),
    (1, 40, 1, 5, 128),
    (8, 64, 1, 4, 50),
    (3, 7, 4, 9, 40),
    (1, 1, 3, 50, 20),
    (1, 17, 3, 1, 200),
    (1, 100, 1, 2, 30),
]


FEW = [SIZES[n] for n in (0, 3, 4, 7, 10, 12)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("size", grid(SIZES, FEW), ids=lambda s: "in{}-h{}x{}-b{}-t{}".format(*s))
def test_outputs_states_and_gradients_are_pytorchs(target, cell, size):
    """As near to float64 as PyTorch's own float32, but for the activations: theirs are within
    rounding (6e-8), ours within 3e-7, five times that, and both go through the same sums. Ours is
    an absolute error, which weighs more where values are small: 1e-5 on top.
    """
    ours, theirs = compare(cell, *size)
    assert ours < 5 * theirs + 1e-5


@pytest.mark.parametrize("steps", [1500, pytest.param(5000, marks=pytest.mark.proof)])
@pytest.mark.parametrize("cell", CELLS)
def test_long_sequences(target, cell, steps):
    ours, theirs = compare(cell, 1, 16, 1, 3, steps)
    assert ours < 5 * theirs + 1e-5


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("size", SIZES[::3], ids=lambda s: "in{}-h{}x{}-b{}-t{}".format(*s))
def test_in_double_precision_the_same_source_is_exact(cell, size):
    """Another instance of the same templates: an error in the method would show here."""
    assert compare(cell, *size, dtype=torch.float64)[0] < 1e-12


@pytest.mark.parametrize("cell", CELLS)
def test_gradcheck(cell):
    rec, head = layers_of(cell, 2, 3, 2)
    x = torch.randn(2, 5, 2, dtype=torch.float64, requires_grad=True)
    state = tuple(s.requires_grad_() for s in state_of(cell, 2, 2, 3))
    assert fused.can_run(rec, head, x)

    def run(x, *given):
        state, weights = given[: len(state_)], given[len(state_) :]
        names = [*(f"rec.{n}" for n, _ in rec.named_parameters()), "head.weight", "head.bias"]
        both = nn.ModuleDict({"rec": rec, "head": head})
        swapped = dict(zip(names, weights, strict=True))
        with torch.nn.utils.stateless._reparametrize_module(both, swapped):
            y, after = fused.run(rec, head, x, state, 0.3)
        return (y, *after)

    state_ = state
    parameters = [
        p.detach().clone().requires_grad_() for p in (*rec.parameters(), *head.parameters())
    ]
    assert torch.autograd.gradcheck(run, (x, *state, *parameters))


def test_a_warm_up_without_gradients_hands_its_state_on(target):
    rec, head = layers_of("lstm", 1, 16, 1, torch.float32)
    x = torch.randn(5, 300, 1)
    with torch.no_grad():
        _, state = fused.run(rec, head, x[:, :123], None)
        _, want = fused.run(rec, head, x, None)
    y, after = fused.run(rec, head, x[:, 123:], state)
    assert y.requires_grad
    whole, _ = fused.run(rec, head, x, None)
    assert torch.equal(y, whole[:, 123:])
    assert all(torch.equal(a, b) for a, b in zip(after, want, strict=True))


def test_results_do_not_depend_on_the_number_of_threads(target):
    rec, head = layers_of("lstm", 1, 24, 2, torch.float32)
    x = torch.randn(150, 60, 1)
    state = state_of("lstm", 2, 150, 24, torch.float32)
    weights = [torch.randn(150, 60, 1), *state]
    results = []
    for threads in (1, 2, 3, 16):
        thread_count.set_threads(threads)
        results.append(everything(fused.run, rec, head, x, state, 0.0, weights))
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_graph_can_be_kept_and_gone_over_again(target):
    rec, head = layers_of("gru", 1, 8, 1, torch.float32)
    state = state_of("gru", 1, 4, 8, torch.float32)
    y, _ = fused.run(rec, head, torch.randn(4, 30, 1), state)
    first = torch.autograd.grad(y.sum(), rec.weight_hh_l0, retain_graph=True)[0]
    second = torch.autograd.grad(y.sum(), rec.weight_hh_l0)[0]
    assert torch.equal(first, second)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(y.sum(), rec.weight_hh_l0)


def test_frozen_parameters_get_no_gradient(target):
    rec, head = layers_of("lstm", 1, 8, 1, torch.float32)
    rec.bias_hh_l0.requires_grad_(False)
    y, _ = fused.run(rec, head, torch.randn(4, 30, 1), None)
    y.sum().backward()
    assert rec.bias_hh_l0.grad is None
    assert rec.bias_ih_l0.grad is not None


def single(cell, dtype=torch.float32):
    """A layer of one unit without weights, but for the input's."""
    rec, head = CELLS[cell](1, 1, batch_first=True, dtype=dtype), nn.Linear(1, 1, dtype=dtype)
    with torch.no_grad():
        for parameter in (*rec.parameters(), *head.parameters()):
            parameter.zero_()
        head.weight.fill_(1)
    return rec, head


GRID = torch.cat((torch.linspace(-100, 100, 40_001), torch.linspace(-1e-3, 1e-3, 2001)))


def test_tanh_is_accurate(target):
    rec, head = single("rnn")
    with torch.no_grad():
        rec.weight_ih_l0.fill_(1)
        y, _ = fused.run(rec, head, GRID[:, None, None], None)
        zero, _ = fused.run(rec, head, torch.zeros(1, 1, 1), None)
    error = y[:, 0, 0].double() - torch.tanh(GRID.double())
    assert error.abs().max() < 3e-7
    assert float(zero) == 0


def test_the_sigmoid_is_accurate(target):
    """A GRU's update gate, seen by how much it keeps of a state of 1."""
    rec, head = single("gru")
    with torch.no_grad():
        rec.weight_ih_l0[1] = 1
        y, _ = fused.run(rec, head, GRID[:, None, None], (torch.ones(1, len(GRID), 1),))
    error = y[:, 0, 0].double() - torch.sigmoid(GRID.double())
    assert error.abs().max() < 3e-7


def stream_of(target, rec, head, skip=0.0):
    from drywet.kernels import _native

    names = {layers: name for name, layers in CELLS.items()}
    parts = [p.detach().float().numpy() for p in (*rec.parameters(), *head.parameters())]
    return _native.Stream(target, names[type(rec)], skip, parts)


def play(stream, x, block):
    y = np.empty(len(x), np.float32)
    for at in range(0, len(x), block):
        stream.process(x[at : at + block], y[at : at + block])
    return y


STREAMED = [
    (8, 1), (12, 1), (16, 1), (20, 1), (24, 1), (32, 1), (40, 1), (64, 1), (8, 2), (16, 2),
    (32, 2), (5, 4), (1, 1), (33, 1), (100, 1),
]  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "size", grid(STREAMED, [(8, 1), (16, 2), (5, 4), (33, 1)]), ids=lambda s: f"{s[0]}-{s[1]}"
)
def test_streaming_is_pytorchs_for_every_block_size(target, cell, size):
    hidden, layers = size
    rec, head = layers_of(cell, 1, hidden, layers)
    x = np.random.default_rng(0).standard_normal(1500).astype(np.float32)
    with torch.no_grad():
        y = head(rec(torch.from_numpy(x).double()[None, :, None])[0]).numpy()[0, :, 0]
        want = y + 0.25 * x
    stream = stream_of(target, rec, head, 0.25)
    whole = play(stream, x, len(x))
    assert np.max(np.abs(whole - want)) < 5e-6
    for block in (1, 7, 64, 501):
        stream.reset()
        assert np.array_equal(play(stream, x, block), whole), block


@pytest.mark.parametrize("cell", ["lstm", "ssm"])
def test_a_stream_starts_where_it_was_marked(target, cell):
    rec, head = layers_of(cell, 1, 12, 1)
    x = np.random.default_rng(1).standard_normal(301).astype(np.float32)
    stream = stream_of(target, rec, head)
    settled = play(stream, np.concatenate((np.zeros(1000, np.float32), x)), 64)[1000:]
    other = stream_of(target, rec, head)
    other.settle(1000)
    other.mark()
    play(other, x, 37)
    other.reset()
    assert np.array_equal(play(other, x, 64), settled)


ODD_NAN = np.array([0x7FC000FF], np.uint32).view(np.float32)[0]


@pytest.mark.parametrize("cell", ["lstm", "ssm"])
@pytest.mark.parametrize("poison", [np.nan, ODD_NAN, np.inf, -np.inf, 3e38])
def test_a_reset_cures_what_came_in(target, cell, poison):
    rec, head = layers_of(cell, 1, 16, 2)
    x = np.random.default_rng(2).standard_normal(100).astype(np.float32)
    stream = stream_of(target, rec, head)
    want = play(stream, x, 64)
    stream.reset()
    bad = play(stream, np.full(100, poison, np.float32), 64)
    if np.isnan(poison):
        assert np.isnan(bad).all()
    stream.reset()
    assert np.array_equal(play(stream, x, 64), want)


def test_subnormal_numbers_are_zero_inside_and_nowhere_else(target):
    """They would cost a hundred times as much. The caller's arithmetic keeps them."""
    rec, head = layers_of("lstm", 1, 16, 1)
    with torch.no_grad():
        rec.bias_ih_l0.zero_()
        rec.bias_hh_l0.zero_()
        head.bias.zero_()
    tiny = np.full(200, 1e-39, np.float32)  # the skip hands it on, if it is not flushed
    assert not play(stream_of(target, rec, head, 1.0), tiny, 64).any()
    assert (tiny * np.float32(0.5)).all()
    y, _ = fused.run(rec.float(), head.float(), torch.from_numpy(tiny)[None, :, None], None, 1.0)
    assert not y.any()
    assert (torch.from_numpy(tiny) * 0.5).all()


def test_several_python_threads_at_once(target):
    rec, head = layers_of("lstm", 1, 16, 1, torch.float32)
    thread_count.set_threads(2)

    def gradient(seed):
        x = torch.randn(40, 200, 1, generator=torch.Generator().manual_seed(seed))
        y, _ = fused.run(rec, head, x, None)
        return torch.autograd.grad((y * x).sum(), rec.weight_hh_l0)[0]

    want = [gradient(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(gradient, range(8)))
    assert all(torch.equal(a, b) for a, b in zip(got, want, strict=True))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_has_its_own_threads():
    code = (
        "import os, torch\n"
        "from torch import nn\n"
        "from drywet.kernels import recurrent as fused\n"
        "from drywet.kernels.threads import set_threads\n"
        "set_threads(2)\n"
        "rec, head = nn.LSTM(1, 8, batch_first=True), nn.Linear(8, 1)\n"
        "x = torch.randn(64, 100, 1)\n"
        "def run():\n"
        "    with torch.no_grad(): return fused.run(rec, head, x, None)[0]\n"
        "want = run()\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(0 if torch.equal(run(), want) else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert torch.equal(run(), want)\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_what_the_kernels_cannot_do_is_left_to_pytorch(target):
    rec, head = layers_of("lstm", 1, 8, 1, torch.float32)
    x = torch.randn(2, 5, 1)
    assert fused.can_run(rec, head, x)
    assert not fused.can_run(rec, head, x.half())
    assert not fused.can_run(rec, head, x[:0])
    assert not fused.can_run(rec, nn.Linear(8, 2), x)
    assert not fused.can_run(rec, nn.Linear(8, 1, bias=False), x)
    assert not fused.can_run(rec, nn.Linear(8, 1).double(), x)
    assert not fused.can_run(nn.RNN(1, 8, nonlinearity="relu", batch_first=True), head, x)
    assert not fused.can_run(nn.LSTM(1, 8, 5, batch_first=True), head, x)
    assert not fused.can_run(nn.LSTM(9, 8, batch_first=True), head, torch.randn(2, 5, 9))
    assert not fused.can_run(nn.LSTM(1, 8, batch_first=True, bidirectional=True), head, x)


def test_wrong_arrays_are_refused_not_read(target):
    from drywet.kernels import _native

    rec, head = layers_of("lstm", 1, 8, 1, torch.float32)
    parts = [p.detach().numpy() for p in (*rec.parameters(), *head.parameters())]
    x, y = np.zeros((2, 5, 1), np.float32), np.zeros((2, 5, 1), np.float32)
    h = np.zeros((1, 2, 8), np.float32)

    def forward(parts=parts, x=x, y=y, h=h, cell="lstm", where=target):
        return _native.forward(where, cell, 0.0, parts, x, None, None, y, h, h.copy(), True, 1)

    tape = forward()
    for wrong in (
        {"parts": parts[:-1]},
        {"parts": [parts[1], *parts[1:]]},
        {"y": y[:1]},
        {"h": h[:, :1].copy()},
        {"x": x[..., 0].copy()},
        {"cell": "gru"},
        {"cell": "wavenet"},
        {"where": "z80"},
    ):
        with pytest.raises(ValueError, match=r".+"):
            forward(**wrong)
    with pytest.raises(TypeError):
        forward(x=x.astype(np.int32))
    flat = np.zeros(sum(p.size for p in parts), np.float32)
    with pytest.raises(ValueError, match="tape"):
        _native.backward(
            target, "lstm", 0.0, parts, tape[:-64], y, None, None, None, h, h.copy(), flat, 1
        )
    elsewhere = np.empty(len(tape) + 128, np.uint8)
    odd = elsewhere[64 - elsewhere.ctypes.data % 64 + 8 :][: len(tape)]
    odd[:] = tape
    with pytest.raises(ValueError, match="tape"):
        _native.backward(target, "lstm", 0.0, parts, odd, y, None, None, None, h, h.copy(), flat, 1)
    with pytest.raises(ValueError, match="inputs"):
        _native.Stream(target, "lstm", 0.0, parts).process(x[0, :4, 0].copy(), y[0, :, 0].copy())


@pytest.mark.parametrize("names", [POSSIBLE[-1:], *grid([POSSIBLE], [])], ids=["one", "all"])
def test_without_kernels_pytorch_gives_the_same(names, run_folder, tmp_path):
    """The whole way of a render, in another process."""
    from drywet.audio.read import read
    from tests.support import playing, save

    if not choice().possible:
        pytest.skip(choice().reason)
    source = save(tmp_path / "in.wav", playing(2))
    outputs = []
    for name in ("off", *names):
        out = tmp_path / f"{name}.wav"
        command = [sys.executable, "-m", "drywet.cli.app", "render", run_folder, source, out]
        env = {**os.environ, choosing.VARIABLE: name}
        subprocess.run(list(map(str, command)), env=env, check=True, capture_output=True)
        outputs.append(read(out)[0])
    for other in outputs[1:]:
        assert np.max(np.abs(other - outputs[0])) < 5e-6


def test_an_unknown_target_is_refused(monkeypatch):
    use(monkeypatch, "mmx")
    with pytest.raises(DrywetError, match="mmx"):
        choice()


def test_the_doctor_says_which_kernels_run_and_why(target, monkeypatch):
    from tests.support import drywet

    done = drywet("doctor", "--json")
    assert done.code == 0, done.err
    assert done.json["kernels"] == target
    assert choosing.VARIABLE in done.json["reason"]
    use(monkeypatch, "off")
    assert "PyTorch runs the nets" in drywet("doctor").out
    use(monkeypatch, "mmx")
    done = drywet("doctor")
    assert done.code == 2
    assert "mmx" in done.err
