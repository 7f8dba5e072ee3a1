"""The capture signal: what to play through a device so that a net can learn all of it.

Sweeps and level steps show the device's frequency response and its curve at every
level, noise bursts fill the gaps, plucked notes and chords are what it will meet in
use, silence shows its noise, and a phrase at the start comes again at the end, so
that the device can be compared with itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.plucked import fret, pluck, strum

RATE = 48_000
SECONDS = (30.0, 180.0)
"""Shortest and longest capture signal."""

_PEAK = 0.9
_SILENCE_SECONDS = 1.0
_STEP_LEVELS_DB = (-48, -36, -27, -20, -14, -9, -5, -2, 0)
_STEP_FREQUENCIES = (55.0, 110.0, 165.0, 233.0, 440.0, 987.0, 2093.0)
_SWEEP_CORNER_HZ = 1500.0
# Major, minor, dominant seventh, power chord: semitones over the root.
_CHORDS = ((0, 7, 12, 16, 19, 24), (0, 7, 12, 15, 19, 24), (0, 7, 10, 16, 19, 24), (0, 7, 12))


def _gain(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _faded(samples: NDArray[np.float64], rate: int, seconds: float = 0.005) -> NDArray[np.float64]:
    ramp = np.minimum(np.arange(len(samples)) / (seconds * rate), 1.0)
    return samples * ramp * ramp[::-1]


def _sweeps(seconds: float, rate: int) -> NDArray[np.float64]:
    """Exponential sweeps from 20 Hz to 20 kHz (Farina 2000) at four levels.

    Above 1.5 kHz they fall by 6 dB per octave, as instruments do: a net that must
    also learn full-scale ultrasonics spends itself on what nobody plays.
    """
    levels = (0, -12, -24, -36)
    t = np.arange(round(seconds / len(levels) * rate)) / rate
    length = t[-1]
    low, high = 20.0, min(20_000.0, 0.45 * rate)
    growth = np.log(high / low)
    frequency = low * np.exp(t / length * growth)
    sweep = np.sin(2 * np.pi * length / growth * (frequency - low))
    sweep /= np.sqrt(1 + (frequency / _SWEEP_CORNER_HZ) ** 2)
    return np.concatenate([_faded(sweep, rate, 0.02) * _gain(level) for level in levels])


def _steps(seconds: float, rate: int) -> NDArray[np.float64]:
    """Sines of several pitches climbing in level."""
    count = len(_STEP_FREQUENCIES) * len(_STEP_LEVELS_DB)
    t = np.arange(round(seconds / count * rate)) / rate
    return np.concatenate(
        [
            _faded(np.sin(2 * np.pi * frequency * t), rate) * _gain(level)
            for frequency in _STEP_FREQUENCIES
            for level in _STEP_LEVELS_DB
        ]
    )


def _bursts(seconds: float, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Bursts of noise, tilted from dark to bright, at rising levels with pauses between."""
    parts = []
    levels = (-36, -24, -15, -8, 0, -18)
    for i, level in enumerate(levels):
        count = round(seconds / len(levels) * rate)
        spectrum = np.fft.rfft(rng.standard_normal(count))
        tilt = np.maximum(np.fft.rfftfreq(count, 1 / rate), 20.0) ** (-1.0 + 0.2 * i)
        noise = np.fft.irfft(spectrum * tilt, count)
        noise[int(0.7 * count) :] = 0
        noise[: int(0.7 * count)] = _faded(noise[: int(0.7 * count)], rate)
        parts.append(noise / np.max(np.abs(noise)) * _gain(level))
    return np.concatenate(parts)


def _filled(
    seconds: float, rate: int, event: Callable[[], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Events one after the other until ``seconds`` are full."""
    wanted = round(seconds * rate)
    parts: list[NDArray[np.float64]] = []
    held = 0
    while held < wanted:
        parts.append(event())
        held += len(parts[-1])
    return _faded(np.concatenate(parts)[:wanted], rate)


def _picked(seconds: float, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Single notes over the whole neck, soft to hard, open and muted."""

    def event() -> NDArray[np.float64]:
        frequency = fret(int(rng.integers(6)), int(rng.integers(15)))
        muted = rng.random() < 0.25
        note = pluck(
            frequency, rng.choice((0.12, 0.25, 0.5, 1.0)), rate, rng, 0.25 if muted else 2.5
        )
        return note * _gain(rng.uniform(-30, 0))

    return _filled(seconds, rate, event)


def _strummed(seconds: float, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Chords, soft to hard, short and ringing."""

    def event() -> NDArray[np.float64]:
        root = fret(int(rng.integers(2)), int(rng.integers(10)))
        shape = _CHORDS[int(rng.integers(len(_CHORDS)))]
        notes = [root * 2 ** (step / 12) for step in shape]
        return strum(notes, rng.choice((0.3, 0.6, 1.5)), rate, rng) * _gain(rng.uniform(-26, 0))

    return _filled(seconds, rate, event)


def capture_signal(seconds: float = 90.0, rate: int = RATE) -> NDArray[np.float32]:
    """The capture signal, the same at every call.

    Args:
        seconds: length, 30 to 180.
        rate: in Hz.

    Returns:
        float32 of shape ``(round(seconds * rate),)``, peaking at 0.9.

    Raises:
        ValueError: a length outside 30 to 180 seconds.
    """
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise ValueError(f"seconds must lie in {SECONDS[0]:.0f} to {SECONDS[1]:.0f}")
    rng = np.random.default_rng(1984)
    silence = np.zeros(round(_SILENCE_SECONDS * rate))
    share = seconds - 4 * _SILENCE_SECONDS
    phrase = np.concatenate((_picked(0.03 * share, rate, rng), _strummed(0.03 * share, rate, rng)))
    parts = [
        silence,
        phrase,
        _picked(0.27 * share, rate, rng),
        _sweeps(0.12 * share, rate),
        _strummed(0.27 * share, rate, rng),
        silence,
        _steps(0.14 * share, rate),
        _bursts(0.08 * share, rate, rng),
        silence,
        phrase,
        silence,
    ]
    whole = np.concatenate(parts) * _PEAK
    wanted = round(seconds * rate)
    return np.pad(whole, (0, max(wanted - len(whole), 0)))[:wanted].astype(np.float32)
