"""Scores in frequency against closed forms, auraloss and the tables of their standards."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from drywet.dsp import frames
from drywet.metrics import band_noise, bands, log_spectral, stft, time, weighting

RATE = 48_000
N = np.arange(RATE)
NOISE = np.random.default_rng(5).standard_normal(2 * RATE)


def sine(hz: float, peak: float = 1.0, rate: int = RATE) -> np.ndarray:
    return peak * np.sin(2 * np.pi * hz * N / rate)


def test_a_sine_of_full_scale_has_a_quarter_in_its_bin():
    hz = 100 * RATE / frames.FFT
    power = frames.powers(sine(hz))
    assert power[:, 100] == pytest.approx(0.25)
    assert power[:, 110].max() < 1e-9


def test_summed_frames_are_the_energy():
    """Hann squared at a step of a quarter adds up to 3/2 (Parseval, but for the ends)."""
    total = sum(float((np.abs(part) ** 2).sum()) for part in frames.spectra(NOISE))
    inner = (
        (NOISE[frames.FFT : -frames.FFT] ** 2).sum() * len(NOISE) / (len(NOISE) - 2 * frames.FFT)
    )
    assert total * 2 / frames.FFT / 1.5 == pytest.approx(inner, rel=0.03)


def test_band_error_and_excess_of_known_sines():
    target = sine(500) + sine(6000, 0.01)
    prediction = sine(500) + sine(6000, 0.03)
    found = {band.label: band for band in bands.evaluate([prediction], [target], RATE)}
    assert found["4-8 kHz"].esr == pytest.approx(4, rel=1e-3)
    assert found["4-8 kHz"].excess_db == pytest.approx(20 * np.log10(3), abs=1e-3)
    assert found["0-1 kHz"].esr == pytest.approx(0, abs=1e-9)
    assert found["4-8 kHz"].share == pytest.approx(1e-4, rel=1e-2)
    assert found["12-16 kHz"].esr is None, "nothing is there"


def test_a_loud_bass_does_not_leak_into_the_treble():
    """Noise 110 dB below a 90 Hz sine is still measured to a percent."""
    quiet = 10 ** (-110 / 20) * NOISE[:RATE]
    target = sine(90.3) + quiet
    (*_, top) = bands.evaluate([target + quiet], [target], RATE)
    assert top.esr == pytest.approx(1, rel=0.01)
    assert top.excess_db == pytest.approx(20 * np.log10(2), abs=0.05)


def test_noise_between_the_notes_is_told_from_treble_that_is_played():
    """White noise of a known power beside bursts of sines; the noise is there all the time."""
    playing = np.repeat([1.0, 0.0, 1.0, 0.001], RATE // 2)
    dry = playing * np.tile(sine(500), 2)
    wet = dry + playing * np.tile(sine(6000, 0.1), 2) + 1e-3 * NOISE
    target = wet[: RATE // 2]
    found = dict(
        zip(
            [b.label for b in bands.bands(RATE)],
            band_noise.evaluate(dry, wet, [target], RATE),
            strict=True,
        )
    )
    in_band = 1e-6 * 4000 / (RATE / 2)
    assert found["12-16 kHz"] == pytest.approx(1, rel=0.1), "nothing else is there"
    assert found["4-8 kHz"] == pytest.approx(in_band / (0.1**2 / 2 + in_band), rel=0.1)
    assert found["0-1 kHz"] < 1e-6


def test_what_is_never_quiet_has_no_measure_of_noise():
    steady = np.tile(sine(500), 2)
    assert band_noise.evaluate(steady, steady, [steady], RATE) is None
    assert band_noise.evaluate(0 * steady, steady, [steady], RATE) is None


def test_errors_of_all_bands_add_up_to_the_esr():
    target = NOISE
    prediction = target + 0.1 * np.roll(NOISE, 7)
    found = bands.evaluate([prediction], [target], 40_000)
    total = sum(band.esr * band.share for band in found)
    assert total == pytest.approx(time.esr(prediction, target), rel=0.02)


def test_bands_end_at_half_the_sample_rate():
    assert [band.label for band in bands.bands(22_050)] == [
        "0-1 kHz", "1-4 kHz", "4-8 kHz", "8-11 kHz",
    ]  # fmt: skip
    assert bands.bands(22_050)[-1].high == 11_025
    assert bands.bands(16_000)[-1].high == 8_000
    assert bands.bands(96_000)[-1].high == 20_000


def test_stretches_are_framed_by_themselves():
    target, prediction = sine(700), sine(700) + sine(9000, 1e-3)
    whole = bands.evaluate([prediction], [target], RATE)
    cut = bands.evaluate(
        [prediction[:20_000], prediction[20_000:]], [target[:20_000], target[20_000:]], RATE
    )
    assert cut[0].esr == pytest.approx(whole[0].esr, abs=1e-9)
    assert cut[3].share == pytest.approx(whole[3].share, abs=1e-9)
    with pytest.raises(ValueError, match="stretches"):
        bands.evaluate([prediction[:100]], [target], RATE)


@pytest.mark.parametrize(
    ("hz", "db"),
    [(31.5, -39.4), (63, -26.2), (125, -16.1), (250, -8.6), (500, -3.2), (1000, 0.0),
     (2000, 1.2), (4000, 1.0), (8000, -1.1), (16_000, -6.6)],
)  # fmt: skip
def test_a_weighting_is_the_standards_table(hz, db):
    """IEC 61672-1, table 3, at exact frequencies (the table is rounded to 0.1 dB)."""
    exact = 1000 * 10 ** (round(10 * np.log10(hz / 1000)) / 10)
    level = 20 * np.log10(weighting.a_curve(np.array([exact]))[0])
    assert level == pytest.approx(db, abs=0.06)
    weighted = weighting.a_weighted(sine(exact), RATE)[RATE // 4 : -RATE // 4]
    assert 10 * np.log10(2 * np.mean(weighted**2)) == pytest.approx(db, abs=0.1)


def test_log_spectral_distance_of_a_gain():
    """Twice the level is 6.02 dB in every bin."""
    full, by_band = log_spectral.evaluate([2 * NOISE], [NOISE], RATE)
    assert full == pytest.approx(20 * np.log10(2), rel=1e-6)
    assert [value for _, value in by_band] == pytest.approx([20 * np.log10(2)] * 6, rel=1e-6)


def test_log_spectral_distance_sees_noise_that_the_esr_does_not():
    target = sine(440)
    noisy = target + 1e-3 * NOISE[:RATE]
    assert time.esr(noisy, target) < 1e-5
    assert log_spectral.evaluate([noisy], [target], RATE)[0] > 10


def test_log_spectral_distance_is_floored():
    """What lies 100 dB under the target's loudest bin is nothing."""
    target = sine(100 * RATE / frames.FFT)
    far_below = 10 ** (-140 / 20) * NOISE[:RATE]
    assert log_spectral.evaluate([target + far_below], [target], RATE)[0] < 0.01
    with pytest.raises(ValueError, match="silent"):
        log_spectral.evaluate([target], [0 * target], RATE)


def test_mrstft_is_aurals():
    """The defaults of auraloss 0.4 (Steinmetz and Reiss)."""
    auraloss = pytest.importorskip("auraloss")
    y = NOISE[:30_000] * np.linspace(0, 1, 30_000)
    p = np.tanh(y)
    p_, y_ = (torch.from_numpy(s).reshape(1, 1, -1).float() for s in (p, y))
    want = float(auraloss.freq.MultiResolutionSTFTLoss()(p_, y_))
    found = stft.distance(p, y)
    assert found.total == pytest.approx(want, rel=1e-4)
    only = auraloss.freq.MultiResolutionSTFTLoss(w_log_mag=0)
    assert found.convergence == pytest.approx(float(only(p_, y_)), rel=1e-4)


def test_a_stretch_of_next_to_nothing_has_no_say():
    """Its error relative to itself would drown what is heard."""
    y = np.random.default_rng(0).standard_normal(4000) * 0.1
    quiet = 1e-4 * y
    assert stft.over([y, 100 * quiet], [2 * y, quiet]) == stft.over([y], [2 * y])
    heard = stft.over([y, 0.02 * y], [2 * y, 0.01 * y])
    assert heard.convergence == pytest.approx((0.5 + 1.0) / 2, rel=1e-3)


def test_stretches_too_short_for_spectra_are_passed_over():
    y = NOISE[:30_000]
    assert stft.over([y[:800]], [y[:800]]) is None
    assert stft.over([y, y[:800]], [2 * y, y[:800]]) == stft.over([y], [2 * y])
