"""Plucked strings by additive synthesis: picked notes and strummed chords.

A string plucked at a fraction ``p`` of its length has partials of amplitude
``sin(k pi p) / k²`` at ``k f0 sqrt(1 + B k²)``, each dying away the faster the
higher it is (Fletcher and Rossing, "The Physics of Musical Instruments", ch. 9).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_INHARMONICITY = 5e-5
_MOST_PARTIALS = 40
_STRUM_SECONDS = 0.018
OPEN_STRINGS_HZ = (82.41, 110.0, 146.83, 196.0, 246.94, 329.63)


def pluck(
    frequency: float,
    seconds: float,
    rate: int,
    rng: np.random.Generator,
    decay_seconds: float = 2.5,
) -> NDArray[np.float64]:
    """One note of peak 1, shape ``(seconds * rate,)``.

    Args:
        frequency: of the fundamental, in Hz.
        seconds: length, faded out at the end.
        rate: in Hz.
        rng: for the plucking point and the phases.
        decay_seconds: time in which the fundamental falls by 60 dB, short for a
            muted string.
    """
    t = np.arange(round(seconds * rate)) / rate
    point = rng.uniform(0.08, 0.3)
    note = np.zeros(len(t))
    for k in range(1, _MOST_PARTIALS + 1):
        partial = k * frequency * np.sqrt(1 + _INHARMONICITY * k * k)
        if partial > 0.45 * rate:
            break
        damping = 6.9 / decay_seconds * (1 + 0.04 * k * k * frequency / 110)
        amplitude = np.sin(k * np.pi * point) / k**1.5
        phase = rng.uniform(-0.3, 0.3)
        note += amplitude * np.exp(-damping * t) * np.sin(2 * np.pi * partial * t + phase)
    attack = np.minimum(t / 0.001, 1.0)
    release = np.minimum((t[-1] - t) / 0.005, 1.0)
    note *= attack * release
    return np.asarray(note / np.max(np.abs(note)))


def strum(
    frequencies: Sequence[float], seconds: float, rate: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A chord of peak 1, its strings struck one shortly after the other."""
    chord = np.zeros(round(seconds * rate))
    for i, frequency in enumerate(frequencies):
        late = round(i * _STRUM_SECONDS * rate)
        left = (len(chord) - late) / rate
        if left <= 0.05:
            break
        note = pluck(frequency, left, rate, rng) * rng.uniform(0.7, 1.0)
        chord[late : late + len(note)] += note[: len(chord) - late]
    return np.asarray(chord / np.max(np.abs(chord)))


def fret(string: int, number: int) -> float:
    """Frequency in Hz of a fret on one of the six strings, 0 the lowest."""
    return float(OPEN_STRINGS_HZ[string] * 2 ** (number / 12))
