"""Delay and polarity, against delays we put in and against real captures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from drywet.dsp.latency import estimate
from drywet.pair.load import load_pair
from tests.support import overdrive, playing, shared

RATE = 44_100
DRY = playing(8, RATE)


def delayed(x: np.ndarray, n: int) -> np.ndarray:
    if n >= 0:
        return np.concatenate([np.zeros(n, np.float32), x])[: len(x)]
    return np.concatenate([x[-n:], np.zeros(-n, np.float32)])


@pytest.mark.parametrize("delay", [0, 1, 9, 74, 1000, 12_345, -1, -9, -500, -20_000])
@pytest.mark.parametrize("polarity", [1, -1])
def test_pure_delays_are_found_to_the_sample(delay, polarity):
    found = estimate(DRY, polarity * delayed(DRY, delay), RATE)
    assert round(found.samples) == delay
    assert found.polarity == polarity
    assert found.confidence > 0.9


@pytest.mark.parametrize("corner", [20, 200, 720])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_high_passes_do_not_look_like_delay_or_inversion(corner, order):
    """Minimum phase by construction, so the true delay is the one put in."""
    sos = butter(order, corner, "highpass", fs=RATE, output="sos")
    wet = delayed(sosfilt(sos, DRY).astype(np.float32), 31)
    found = estimate(DRY, wet, RATE)
    assert abs(found.samples - 31) < 1
    assert found.polarity == 1


@pytest.mark.parametrize("delay", [0, 57, -14])
def test_distortion_does_not_hide_the_delay(delay):
    """The distorting device has a low-pass of its own, worth up to one sample."""
    wet = delayed(overdrive(DRY, RATE), delay)
    assert abs(estimate(DRY, wet, RATE).samples - delay) <= 1
    assert estimate(DRY, -wet, RATE).polarity == -1


def test_fractions_of_a_sample():
    spectrum = np.fft.rfft(DRY)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(len(DRY)) * 10.5)
    wet = np.fft.irfft(spectrum * turn, len(DRY)).astype(np.float32)
    assert estimate(DRY, wet, RATE).samples == pytest.approx(10.5, abs=0.13)


def test_unrelated_signals_give_no_confidence():
    assert estimate(DRY, playing(8, RATE, seed=5), RATE).confidence < 0.5
    assert estimate(DRY, np.zeros_like(DRY), RATE).confidence == 0


@pytest.mark.parametrize(
    ("dry", "wet", "low", "high", "polarity"),
    [
        # What ../shared/README.md says of them.
        ("seed/dry.mp3", "seed/sd1.mp3", 0, 1, 1),
        ("seed/dry.mp3", "seed/black65.mp3", 0, 0, -1),
        ("ds1/dry.flac", "ds1/wet.flac", -10, -8, -1),
        ("ts9/dry.flac", "ts9/wet.flac", 72, 75, 1),
        ("smallstone/dry.flac", "smallstone/wet.flac", 0, 0, 1),
    ],
)
def test_real_captures(dry, wet, low, high, polarity):
    pair = load_pair(shared("audio", dry), shared("audio", wet))
    found = estimate(pair.dry, pair.wet, pair.rate)
    assert low <= round(found.samples) <= high
    assert found.polarity == polarity
