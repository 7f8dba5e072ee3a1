"""Scores against closed forms and other people's code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from drywet.losses.combined import CombinedLoss, LossConfig
from drywet.losses.terms import DCLoss, ESRLoss, MAELoss, MRSTFTLoss
from drywet.metrics import scores, time
from drywet.metrics.stft import mrstft

RNG = np.random.default_rng(7)
Y = RNG.standard_normal(20_000)
P = Y + 0.1 * RNG.standard_normal(20_000)


def test_esr_of_known_errors():
    assert time.esr(Y, Y) == 0
    assert time.esr(np.zeros_like(Y), Y) == pytest.approx(1)
    assert time.esr(-Y, Y) == pytest.approx(4)
    assert time.esr(1.1 * Y, Y) == pytest.approx(0.01)


def test_esr_of_a_late_sine():
    """sin against sin delayed by phase d differs by 4 sin²(d / 2) of its energy."""
    t = np.arange(48_000) / 48_000
    d = 0.1
    value = time.esr(np.sin(2 * np.pi * 100 * t - d), np.sin(2 * np.pi * 100 * t))
    assert value == pytest.approx(4 * np.sin(d / 2) ** 2, rel=1e-9)


def test_r2_is_one_minus_esr_without_a_mean():
    y = Y - Y.mean()
    assert time.r2(P, y) == pytest.approx(1 - time.esr(P, y))
    assert time.r2(np.full_like(Y, (Y + 5).mean()), Y + 5) == pytest.approx(0)


def test_mae_and_dc():
    assert time.mae(Y + 0.25, Y) == pytest.approx(0.25)
    assert time.dc(Y + 0.25, Y) == pytest.approx(0.0625 / np.mean(Y**2))


def test_pre_emphasis_is_scipys_filter():
    assert np.allclose(time.pre_emphasise(Y), lfilter([1, -0.85], [1], Y)[1:])
    batch = torch.from_numpy(Y).reshape(4, -1, 1)
    want = lfilter([1, -0.85], [1], batch[2, :, 0])[1:]
    assert np.allclose(time.pre_emphasise(batch)[2, :, 0], want)


def test_pre_emphasised_esr_weighs_the_treble():
    """At frequency w the pre-emphasis has a gain of |1 - 0.85 exp(-jw)|²."""
    n = np.arange(48_000)
    low, high = 2 * np.pi * 100 / 48_000, 2 * np.pi * 10_000 / 48_000
    target = np.sin(low * n).astype(np.float32)
    error = 0.01 * np.sin(high * n)
    result = scores.evaluate([(target + error).astype(np.float32)], [target], 48_000)
    gain = abs(1 - 0.85 * np.exp(-1j * high)) ** 2 / abs(1 - 0.85 * np.exp(-1j * low)) ** 2
    assert result.esr == pytest.approx(1e-4, rel=1e-3)
    assert result.esr_pre_emphasised == pytest.approx(1e-4 * gain, rel=1e-2)


def test_stretches_are_scored_as_one():
    parts = [slice(0, 3000), slice(3000, 9000), slice(9000, 20_000)]
    y, p = Y.astype(np.float32), P.astype(np.float32)
    cut = scores.evaluate([p[part] for part in parts], [y[part] for part in parts], 20_000)
    whole = scores.evaluate([p], [y], 20_000)
    assert cut.esr == pytest.approx(whole.esr)
    assert cut.mae == pytest.approx(whole.mae)
    assert cut.mrstft == pytest.approx(whole.mrstft, rel=0.1)
    assert scores.evaluate([p[:500]], [y[:500]], 20_000).mrstft is None


def test_mrstft_is_the_sum_of_its_definition():
    """Computed once more with torch.stft, which is not ours."""
    want = 0.0
    for fft, hop, window in ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240)):
        spectra = [
            torch.stft(
                torch.from_numpy(s), fft, hop, window,
                torch.hann_window(window, dtype=torch.double),
                return_complex=True,
            ).abs().clamp(min=1e-4)
            for s in (P, Y)
        ]  # fmt: skip
        got, ideal = spectra
        want += float(torch.linalg.norm(ideal - got) / torch.linalg.norm(ideal))
        want += float((ideal.log() - got.log()).abs().mean())
    assert mrstft(P, Y) == pytest.approx(want / 3, rel=1e-9)
    batch = [torch.from_numpy(s).reshape(1, -1, 1) for s in (P, Y)]
    assert float(MRSTFTLoss()(*batch)) == pytest.approx(want / 3, rel=1e-9)


def test_mrstft_of_a_gain():
    """Twice the level: convergence 1, log magnitude log 2, at every resolution."""
    assert mrstft(2 * Y, Y) == pytest.approx(1 + np.log(2), rel=1e-6)


@pytest.mark.parametrize("term", [ESRLoss(), ESRLoss(0.85), MAELoss(), DCLoss(), MRSTFTLoss()])
def test_losses_have_true_gradients(term):
    torch.manual_seed(0)
    y = torch.randn(1, 1100, 1, dtype=torch.double)
    p = (y + 0.3 * torch.randn_like(y)).requires_grad_()
    term(p, y).backward()
    # Along one direction rather than all 1100, by central differences.
    step = torch.randn_like(p) * 1e-6
    with torch.no_grad():
        slope = (term(p + step, y) - term(p - step, y)) / 2
    assert float((p.grad * step).sum()) == pytest.approx(float(slope), rel=1e-4)


def test_the_combined_loss_is_the_weighted_sum():
    y = torch.randn(2, 3000, 1, dtype=torch.double)
    p = y + 0.1
    config = LossConfig(esr=0.5, pre_emphasis=0.85, mae=2, dc=3, mrstft=0.1)
    want = (
        0.5 * ESRLoss(0.85)(p, y) + 2 * MAELoss()(p, y) + 3 * DCLoss()(p, y)
        + 0.1 * MRSTFTLoss()(p, y)
    )  # fmt: skip
    assert float(CombinedLoss(config)(p, y)) == pytest.approx(float(want))


def test_mismatched_shapes_are_refused():
    with pytest.raises(ValueError, match="shape"):
        time.esr(Y[:10], Y[:11])
    with pytest.raises(ValueError, match="shape"):
        mrstft(Y[:3000], Y[:3001])
