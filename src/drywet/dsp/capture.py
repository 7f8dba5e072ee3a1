"""The capture signal: what to play through a device so that a net can learn all of it.

Sweeps and level steps show the device's frequency response and its curve at every
level, short sines and chirps of all pitches and levels what it does up to 18 kHz, where nets
alias, noise bursts fill the gaps, plucked notes and chords are what it will meet in
use, silence shows its noise, and a phrase at the start comes again at the end, so
that the device can be compared with itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.passages import PEAK, RATE, exponential_sweep, faded, gain, picked, strummed

SECONDS = (30.0, 180.0)
"""Shortest and longest capture signal."""

_SILENCE_SECONDS = 1.0
_STEP_LEVELS_DB = (-48, -36, -27, -20, -14, -9, -5, -2, 0)
_STEP_FREQUENCIES = (55.0, 110.0, 165.0, 233.0, 440.0, 987.0, 2093.0)
_SWEEP_CORNERS_HZ = (40.0, 1500.0)
_SINE_SECONDS = 0.12
_SINE_RANGE_HZ = (65.0, 18_000.0)
_SINE_LEVELS_DB = (-36, -24, -12, 0)
_SINE_CORNER_HZ = 4200.0  # up to which aliasing is scored at every level
_GOLDEN = (5**0.5 - 1) / 2


def _sweeps(seconds: float, rate: int) -> NDArray[np.float64]:
    """Exponential sweeps up from 20 Hz to 20 kHz at four levels, then down at the same.

    Above 1.5 kHz and below 40 Hz they fall by 6 dB per octave, as instruments do: a net that must
    also learn full-scale ultrasonics or rumble spends itself on what nobody plays. Nothing else
    is as low and as loud, so one at least must be learned from when the other is held out: hence
    twice, the loud ones far apart.
    """
    levels = (0, -12, -24, -36)
    sweep, frequency = exponential_sweep(round(seconds / (2 * len(levels)) * rate), rate)
    low, high = _SWEEP_CORNERS_HZ
    sweep /= np.sqrt((1 + (low / frequency) ** 2) * (1 + (frequency / high) ** 2))
    up = np.concatenate([faded(sweep, rate, 0.02) * gain(level) for level in levels])
    return np.concatenate((up, up[::-1]))


def _steps(seconds: float, rate: int) -> NDArray[np.float64]:
    """Sines of several pitches climbing in level."""
    count = len(_STEP_FREQUENCIES) * len(_STEP_LEVELS_DB)
    t = np.arange(round(seconds / count * rate)) / rate
    return np.concatenate(
        [
            faded(np.sin(2 * np.pi * frequency * t), rate) * gain(level)
            for frequency in _STEP_FREQUENCIES
            for level in _STEP_LEVELS_DB
        ]
    )


def _short_sines(seconds: float, rate: int) -> NDArray[np.float64]:
    """Short sines from 65 Hz to 18 kHz, every fourth a chirp up or down, at all levels.

    Pitches follow the golden ratio, so that any stretch of them, and so any that is held out,
    covers the range evenly. Over 4.2 kHz they fall by 6 dB per octave.
    """
    low, high = _SINE_RANGE_HZ[0], min(_SINE_RANGE_HZ[1], 0.45 * rate)
    count = max(round(seconds / _SINE_SECONDS), 1)
    edges = np.linspace(0, round(seconds * rate), count + 1).round().astype(int)
    parts = []
    for i, length in enumerate(np.diff(edges)):
        start = low * (high / low) ** ((i + 1) * _GOLDEN % 1)
        stop = low * high / start if i % 4 == 3 else start
        pitch = start * (stop / start) ** np.linspace(0, 1, length)
        sound = np.sin(2 * np.pi * np.cumsum(pitch) / rate)
        sound /= np.sqrt(1 + (pitch / _SINE_CORNER_HZ) ** 2)
        level = _SINE_LEVELS_DB[(i + i // 4) % 4]  # of chirps, too, all four
        parts.append(faded(sound, rate) * gain(level))
    return np.concatenate(parts)


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
        noise[: int(0.7 * count)] = faded(noise[: int(0.7 * count)], rate)
        parts.append(noise / np.max(np.abs(noise)) * gain(level))
    return np.concatenate(parts)


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
    phrase = np.concatenate((picked(0.03 * share, rate, rng), strummed(0.03 * share, rate, rng)))
    parts = [
        silence,
        phrase,
        picked(0.26 * share, rate, rng),
        _sweeps(0.10 * share, rate),
        _short_sines(0.06 * share, rate),
        strummed(0.26 * share, rate, rng),
        silence,
        _steps(0.12 * share, rate),
        _bursts(0.08 * share, rate, rng),
        silence,
        phrase,
        silence,
    ]
    whole = np.concatenate(parts) * PEAK
    wanted = round(seconds * rate)
    return np.pad(whole, (0, max(wanted - len(whole), 0)))[:wanted].astype(np.float32)
