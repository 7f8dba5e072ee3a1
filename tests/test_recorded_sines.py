"""Sines found in a recording, and what a device and a model make of them, against exact ratios."""

from __future__ import annotations

import numpy as np
import pytest

from drywet.data.split import Span, split
from drywet.dsp.capture import capture_signal
from drywet.metrics import recorded_sines
from tests.support import grid

RATE = 48_000


def sine(hz: float, peak: float, seconds: float = 0.12, rate: int = RATE) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    fade = np.minimum(np.minimum(t, t[::-1]) / 0.005, 1)
    return peak * np.sin(2 * np.pi * hz * t) * fade


def fifth(x: np.ndarray) -> np.ndarray:
    """``x + x**5 / 5``, whose fifth harmonic folds back where it must."""
    return x + x**5 / 5


def without_fold(hz: float, peak: float) -> np.ndarray:
    """The same of a sine, its fifth harmonic over half the rate left out."""
    x = sine(hz, peak)
    quiet = peak**5 / 80
    t = np.arange(len(x)) / RATE
    return fifth(x) - quiet * np.sin(2 * np.pi * 5 * hz * t) * (x != 0)


@pytest.mark.parametrize("hz", [5303.7, 6011.3])
@pytest.mark.parametrize("peak", [0.9, 0.4])
def test_the_ratio_of_a_folded_fifth_harmonic_is_the_analytic_one(hz, peak):
    x = np.concatenate((np.zeros(2000), sine(hz, peak), np.zeros(2000)))
    clean = np.concatenate((np.zeros(2000), without_fold(hz, peak), np.zeros(2000)))
    found = recorded_sines.evaluate(
        [x.astype(np.float32)], [clean.astype(np.float32)], [fifth(x).astype(np.float32)], RATE
    )
    # sin^5 = (10 sin - 5 sin 3 + sin 5) / 16; three times 5.3 kHz stays below 24 kHz.
    first, third, folded = peak + peak**5 / 8, peak**5 / 16, peak**5 / 80
    wanted = 10 * np.log10(folded**2 / (first**2 + third**2))
    assert found.count == 1
    assert found.aliasing_db == pytest.approx(wanted, abs=0.1)
    assert found.device_aliasing_db < wanted - 20
    assert found.harmonic_error.rms_db < 0.01


def test_pitch_and_peak_are_found_and_what_is_no_steady_sine_is_not():
    rng = np.random.default_rng(3)
    t = np.arange(RATE // 4) / RATE
    parts = [
        sine(440.3, 0.5, 0.2),
        rng.standard_normal(RATE // 4) * 0.1,  # noise
        np.sin(2 * np.pi * 700 * t) * np.exp(-t / 0.05),  # a note dying away
        np.sin(2 * np.pi * (500 * t + 4000 * t**2)),  # a chirp
        np.sin(2 * np.pi * 800 * t) + 0.1 * np.sin(2 * np.pi * 1200 * t),  # two
        np.sin(2 * np.pi * 100 * t),  # too low
        sine(9001.7, 0.01, 0.15),
    ]
    dry = np.concatenate([np.concatenate((part, np.zeros(2400))) for part in parts])
    found = recorded_sines.find(dry.astype(np.float32), RATE)
    assert [one.hz for one in found] == pytest.approx([440.3, 9001.7], abs=0.01)
    assert [one.peak for one in found] == pytest.approx([0.5, 0.01], rel=0.01)


def test_an_offset_that_decays_is_no_aliasing():
    """As after a coupling capacitor: 20 ms, a third of the sine's peak."""
    x = sine(1234.5, 0.5)
    decaying = 0.17 * np.exp(-np.arange(len(x)) / (0.02 * RATE))
    heard = [x.astype(np.float32)]
    found = recorded_sines.evaluate(heard, [(x + decaying).astype(np.float32)], heard, RATE)
    assert found.device_aliasing_db < -90


def test_without_sines_or_an_answer_there_is_nothing_to_score():
    rng = np.random.default_rng(4)
    noise = rng.standard_normal(RATE).astype(np.float32)
    assert recorded_sines.evaluate([noise], [noise], [noise], RATE) is None
    x = sine(1000, 0.5).astype(np.float32)
    assert recorded_sines.evaluate([x], [0 * x], [x], RATE) is None
    silent = recorded_sines.evaluate([x], [x], [0 * x], RATE)
    assert (silent.esr, silent.aliasing_db) == (1.0, 0.0)


@pytest.mark.parametrize("seconds", grid([30, 45, 60, 90, 180], few=[30, 60]))
def test_the_capture_signal_has_sines_for_the_test_up_the_range(seconds):
    """Its last phrase is the first one's second pass, and in no set."""
    signal = capture_signal(seconds)
    again = round(0.06 * (seconds - 4) * RATE)
    dealt = split(len(signal), RATE, [Span(len(signal) - RATE - again, len(signal) - RATE)])
    held_out = [s.hz for a, b in dealt.test for s in recorded_sines.find(signal[a:b], RATE)]
    trained = [s.hz for a, b in dealt.train for s in recorded_sines.find(signal[a:b], RATE)]
    assert len(held_out) >= 2
    assert len(trained) >= 5
    assert max(held_out + trained) > 7000


def test_the_capture_signal_reaches_18_khz_at_a_level_that_is_heard():
    signal = capture_signal(90).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(signal[: 86 * RATE].reshape(-1, RATE // 10), axis=1))
    hz = np.fft.rfftfreq(RATE // 10, 1 / RATE)
    loudest = spectrum.max(axis=0) * 2 / (RATE // 10)
    for low, high in ((4000, 8000), (8000, 12_000), (12_000, 16_000), (16_000, 18_000)):
        assert loudest[(hz >= low) & (hz < high)].max() > 0.01
