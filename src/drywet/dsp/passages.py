"""What the test signals share: levels, fades, sweeps, and passages of plucked strings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.plucked import fret, pluck, strum

RATE = 48_000
"""In Hz, where nobody asks for another."""

PEAK = 0.9
"""Of a whole signal, in full scale."""

# Major, minor, dominant seventh, power chord: semitones over the root.
_CHORDS = ((0, 7, 12, 16, 19, 24), (0, 7, 12, 15, 19, 24), (0, 7, 10, 16, 19, 24), (0, 7, 12))


def gain(level_db: float) -> float:
    """A level in dB as a factor."""
    return float(10 ** (level_db / 20))


def faded(samples: NDArray[np.float64], rate: int, seconds: float = 0.005) -> NDArray[np.float64]:
    """The same sound, fading in at its start and out at its end."""
    ramp = np.minimum(np.arange(len(samples)) / (seconds * rate), 1.0)
    return samples * ramp * ramp[::-1]


def sweep_range(rate: int) -> tuple[float, float]:
    """From where to where a sweep goes, in Hz: what is heard, as far as the rate has it."""
    return 20.0, min(20_000.0, 0.45 * rate)


def exponential_sweep(count: int, rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A sine whose pitch rises by equally many octaves in equal times (Farina 2000).

    Returns:
        The sine and its frequency in Hz at each sample, both of shape ``(count,)``.
    """
    t = np.arange(count) / rate
    length = t[-1]
    low, high = sweep_range(rate)
    growth = np.log(high / low)
    frequency = low * np.exp(t / length * growth)
    return np.sin(2 * np.pi * length / growth * (frequency - low)), frequency


def filled(
    seconds: float, rate: int, event: Callable[[], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Events one after the other until ``seconds`` are full."""
    wanted = round(seconds * rate)
    parts: list[NDArray[np.float64]] = []
    held = 0
    while held < wanted:
        parts.append(event())
        held += len(parts[-1])
    return faded(np.concatenate(parts)[:wanted], rate)


def picked(seconds: float, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Single notes over the whole neck, soft to hard, open and muted."""

    def event() -> NDArray[np.float64]:
        frequency = fret(int(rng.integers(6)), int(rng.integers(15)))
        muted = rng.random() < 0.25
        note = pluck(
            frequency, rng.choice((0.12, 0.25, 0.5, 1.0)), rate, rng, 0.25 if muted else 2.5
        )
        return note * gain(rng.uniform(-30, 0))

    return filled(seconds, rate, event)


def strummed(seconds: float, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Chords, soft to hard, short and ringing."""

    def event() -> NDArray[np.float64]:
        root = fret(int(rng.integers(2)), int(rng.integers(10)))
        shape = _CHORDS[int(rng.integers(len(_CHORDS)))]
        notes = [root * 2 ** (step / 12) for step in shape]
        return strum(notes, rng.choice((0.3, 0.6, 1.5)), rate, rng) * gain(rng.uniform(-26, 0))

    return filled(seconds, rate, event)
