"""Whole updates of recurrent nets in the kernels against torch's nets, autograd and clipping."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from drywet.kernels import sequences
from drywet.losses.combined import CombinedLoss
from drywet.losses.config import LossConfig
from drywet.losses.terms import NAM_PRE_EMPHASIS
from drywet.models.recurrent.net import recurrent_layers
from drywet.optimizers.soap import Soap

CELLS = ("lstm", "gru", "rnn", "ssm")
SAMPLES = 2000
STEPS = 12
RATES = [3e-3 * (n + 1) / STEPS for n in range(STEPS)]
LOSSES = {
    "esr": LossConfig(),
    "mae": LossConfig(esr=0, mae=1),
    "emphasised": LossConfig(pre_emphasis=0.85),
    "dc": LossConfig(dc=2),
    "nam": LossConfig(esr=0, mse=1, mse_pre=1),
    "mixed": LossConfig(esr=0.5, pre_emphasis=0.9, mae=0.3, dc=1, mse=2, mse_pre=0.7),
}


pytestmark = pytest.mark.usefixtures("own_threads")


class Case:
    """A net, its optimiser and something to learn; a copy in another precision starts alike."""

    def __init__(
        self, cell, hidden, layers, batch, window, loss="esr", kind="adam", skip=0.0,
        dtype=torch.float32, knobs=0, weights=None,
    ):  # fmt: skip
        torch.manual_seed(0)
        self.rec = recurrent_layers(cell, hidden, layers, 1 + knobs).to(dtype)
        self.head = nn.Linear(hidden, 1).to(dtype)
        self.parameters = [*self.rec.parameters(), *self.head.parameters()]
        trained = [p for p in self.parameters if p.requires_grad]
        self.optimizer = (
            Soap(trained, 1.0, weight_decay=0.02)
            if kind == "soap"
            else torch.optim.AdamW(trained, lr=1.0, weight_decay=0.02)
        )
        self.window, self.loss, self.skip, self.gain = window, LOSSES[loss], skip, 0.8
        rng = np.random.default_rng(0)
        self.dry = rng.standard_normal(SAMPLES).astype(np.float32)
        self.wet = np.tanh(np.convolve(self.dry, [1, 0.5, -0.4])[:SAMPLES] + 0.1).astype("f4")
        self.inputs = np.column_stack([self.dry, rng.random((SAMPLES, knobs))]).astype(np.float32)
        length = window.warm_up + window.segment
        self.starts = rng.integers(0, SAMPLES - length + 1, (STEPS, batch))
        self.starts[0, 0], self.starts[-1, -1] = 0, SAMPLES - length  # the first and the last
        self.weights_of = None
        if weights:  # of the first and the second half, over whose border no window reaches
            self.starts[self.starts < SAMPLES // 2] %= SAMPLES // 2 - length
            self.weights_of = np.repeat(np.float32(weights), SAMPLES // 2)

    def by_kernels(self, clip=1.0, steps=slice(None)):
        loss = self.loss
        return sequences.train(
            self.rec, self.head, self.skip, self.gain, self.optimizer, clip,
            sequences.SequenceLoss(
                loss.esr, loss.pre_emphasis or 0.0, loss.mae, loss.dc, loss.mse, loss.mse_pre,
                NAM_PRE_EMPHASIS,
            ),
            self.window,
            sequences.Signals(
                self.inputs, self.wet, loss.pre_emphasis or 0.0, self.weights_of
            ),
            self.starts[steps], RATES[steps],
        )  # fmt: skip

    def by_torch(self, clip=1.0):
        dtype, losses, window = self.head.weight.dtype, [], self.window
        function = CombinedLoss(self.loss)
        for starts, rate in zip(self.starts, RATES, strict=True):
            self.optimizer.param_groups[0]["lr"] = rate
            at = starts[:, None] + np.arange(window.warm_up + window.segment)
            x = torch.from_numpy(self.inputs[at]).to(dtype)
            want = torch.from_numpy(self.wet[at]).to(dtype)[..., None]
            weight = 1.0
            if self.weights_of is not None:
                weight = torch.from_numpy(self.weights_of[starts]).to(dtype)[:, None, None]
            state = None
            if window.warm_up:
                with torch.no_grad():
                    state = self.rec(x[:, : window.warm_up])[1]
            for first in range(window.warm_up, x.shape[1], window.bptt):
                part = slice(first, first + window.bptt)
                hidden, state = self.rec(x[:, part], state)
                made = self.gain * (self.head(hidden) + self.skip * x[:, part, :1])
                loss = function(weight * made, weight * want[:, part])
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.parameters, clip)
                self.optimizer.step()
                state = (
                    tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
                )
                losses.append(float(loss.detach()))
        return np.array(losses)

    def weights(self):
        return torch.cat([p.detach().double().flatten() for p in self.parameters])


WINDOW = sequences.Window(40, 100, 34)
SIZES = [
    # hidden, layers, batch, window
    (16, 1, 37, WINDOW),
    (5, 2, 20, sequences.Window(0, 64, 64)),
    (17, 1, 3, sequences.Window(7, 70, 100)),
    (1, 1, 1, sequences.Window(1, 9, 2)),
]


def compare(case, clip=1.0, loose=1.0):
    """As near to float64 as PyTorch's own float32, but for the activations (see test_kernels)."""
    exact, theirs, ours = (
        Case(*case[:-1], **case[-1], dtype=dtype)
        for dtype in (torch.float64, torch.float32, torch.float32)
    )
    begun = ours.weights()
    want, its, got = exact.by_torch(clip), theirs.by_torch(clip), ours.by_kernels(clip)
    assert np.abs(got - want).max() < loose * (5 * np.abs(its - want).max() + 2e-6)
    off = [float((case.weights() - exact.weights()).abs().max()) for case in (ours, theirs)]
    assert off[0] < loose * (5 * off[1] + 5e-6)
    assert float((exact.weights() - begun).abs().max()) > 5e-3, "a tolerance that tells something"
    for name, parameter in ours.rec.named_parameters():
        if not parameter.requires_grad:
            assert not parameter.any(), name


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"h{s[0]}x{s[1]}-b{s[2]}")
def test_updates_are_pytorchs(target, cell, size):
    compare((cell, *size, {}))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("knobs", [1, 7])
def test_knobs_are_inputs_of_their_own_at_every_sample(target, cell, knobs):
    compare((cell, *SIZES[0], {"knobs": knobs, "skip": 1.0}))


@pytest.mark.parametrize("clip", [1e-4, 1e4])
def test_gradients_are_clipped_as_pytorch_clips(target, clip):
    compare(("lstm", *SIZES[0], {}), clip)


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("skip", [0.0, 1.0])
def test_losses_are_those_of_the_terms(target, loss, skip):
    compare(("lstm", 8, 1, 35, WINDOW, {"loss": loss, "skip": skip}))


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_windows_are_weighed_as_their_signals_would_be(target, loss):
    compare(("lstm", 8, 1, 35, WINDOW, {"loss": loss, "weights": (0.2, 3.0)}))


@pytest.mark.parametrize("cell", CELLS)
def test_soap_is_pytorchs(target, cell):
    """Its eigenvectors turn with the last digit where two eigenvalues are alike."""
    compare((cell, 16, 1, 37, WINDOW, {"kind": "soap"}), loose=40)
