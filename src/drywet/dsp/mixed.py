"""The mixed signal: some of everything, as the comparative study of 2022 trained on.

Six kinds of sound have even shares: sweeps, steady sines, gated sines, square waves, sounds
like a voice, and plucked and strummed strings. They take turns in passages of 5 to 7 s, in
another order in every round, with a second of silence before each round, so that short
segments dealt out at random hold all kinds. The events of a passage run through the levels
from -40 dB to full, in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.passages import (
    PEAK,
    RATE,
    exponential_sweep,
    faded,
    gain,
    picked,
    strummed,
    sweep_range,
)
from drywet.dsp.voice import VOWELS, syllable

SECONDS = (60.0, 600.0)
"""Shortest and longest mixed signal."""

SILENCE = "silence"
_ROUND_SECONDS = 36.0
_SILENCE_SECONDS = 1.0
_LOWEST_DB = -40.0

Event = Callable[[int], NDArray[np.float64]]
"""From a number of samples to a sound of peak 1 that is that long."""


@dataclass(frozen=True)
class Passage:
    """Where the signal holds what: samples ``start`` to ``stop`` are of one kind."""

    kind: str
    start: int
    stop: int


def linear_sweep(count: int, rate: int) -> NDArray[np.float64]:
    """A sine whose frequency rises by equally many Hz in equal times, shape ``(count,)``."""
    t = np.arange(count) / rate
    low, high = sweep_range(rate)
    return np.asarray(np.sin(2 * np.pi * (low * t + (high - low) / (2 * t[-1]) * t**2)))


def square(frequency: float, count: int, rate: int) -> NDArray[np.float64]:
    """A square wave's odd harmonics ``k`` at ``1 / k``, all below Nyquist; peak 1.

    Args:
        frequency: in Hz, brought to the nearest with whole periods in ``count`` samples: then
            each harmonic is one bin of the spectrum, and nothing aliases.
        count: samples.
        rate: in Hz.
    """
    spectrum = np.zeros(count // 2 + 1, complex)
    periods = max(round(frequency * count / rate), 1)
    harmonics = np.arange(1, (count - 1) // (2 * periods) + 1, 2)
    spectrum[periods * harmonics] = -1j / harmonics
    wave = np.fft.irfft(spectrum, count)
    return np.asarray(wave / np.max(np.abs(wave)))


def gated(frequency: float, gate: float, count: int, rate: int) -> NDArray[np.float64]:
    """A sine that is on for some ``gate`` seconds, off for as long, and so on.

    Bursts are whole periods, at least one, so that they have no offset; shape ``(count,)``.
    """
    wave = np.zeros(count)
    length = round(max(round(gate * frequency), 1) / frequency * rate)
    burst = faded(np.sin(2 * np.pi * frequency * np.arange(length) / rate), rate)
    for start in range(0, count, 2 * length):
        wave[start : start + length] = burst[: count - start]
    return wave


def _run(
    events: list[Event], count: int, rate: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Events one after the other, each at another level; shape ``(count,)``."""
    levels = rng.permutation(np.linspace(_LOWEST_DB, 0.0, len(events)))
    ends = np.linspace(0, count, len(events) + 1).round().astype(int)
    lengths = np.diff(ends).tolist()
    return np.concatenate(
        [
            faded(event(length), rate) * gain(level)
            for event, length, level in zip(events, lengths, levels, strict=True)
        ]
    )


def _spread(number: int, low: float, high: float, rng: np.random.Generator) -> list[float]:
    """Values spread evenly over the octaves from low to high, in any order."""
    steps = (np.arange(number) + rng.random(number)) / number
    return [float(value) for value in rng.permutation(low * (high / low) ** steps)]


def _sweeps(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Linear and exponential, in turns."""
    events: list[Event] = [
        lambda n: linear_sweep(n, rate),
        lambda n: exponential_sweep(n, rate)[0],
    ]
    return _run(events * 2, count, rate, rng)


def _sines(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    def event(frequency: float) -> Event:
        return lambda n: np.sin(2 * np.pi * frequency * np.arange(n) / rate)

    return _run([event(f) for f in _spread(7, 40.0, 6000.0, rng)], count, rate, rng)


def _gated_sines(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    def event(frequency: float, gate: float) -> Event:
        return lambda n: gated(frequency, gate, n, rate)

    pairs = zip(_spread(7, 60.0, 3000.0, rng), _spread(7, 0.03, 0.3, rng), strict=True)
    return _run([event(*pair) for pair in pairs], count, rate, rng)


def _squares(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    def event(frequency: float) -> Event:
        return lambda n: square(frequency, n, rate)

    return _run([event(f) for f in _spread(7, 40.0, 2000.0, rng)], count, rate, rng)


def _voices(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Steady vowels and glides from one to another, in turns."""

    def event(i: int, pitch: float) -> Event:
        first, second = rng.choice(list(VOWELS), 2, replace=False).tolist()
        return lambda n: syllable((first, second if i % 2 else first), pitch, n, rate)

    pitches = _spread(6, 80.0, 260.0, rng)
    return _run([event(i, pitch) for i, pitch in enumerate(pitches)], count, rate, rng)


def _strings(count: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    half = count // 2
    return np.concatenate(
        (picked(half / rate, rate, rng), strummed((count - half) / rate, rate, rng))
    )


_KINDS = {
    "sweeps": _sweeps,
    "sines": _sines,
    "gated sines": _gated_sines,
    "squares": _squares,
    "voices": _voices,
    "strings": _strings,
}


def layout(seconds: float, rate: int) -> list[Passage]:
    """What `mixed_signal` holds where: every round a silence, then all kinds in some order."""
    rng = np.random.default_rng(1960)
    rounds = max(round(seconds / _ROUND_SECONDS), 1)
    share = (seconds / rounds - _SILENCE_SECONDS) / len(_KINDS)
    passages: list[Passage] = []
    at, ends = 0, 0.0
    for _ in range(rounds):
        for kind in (SILENCE, *rng.permutation(list(_KINDS)).tolist()):
            ends += _SILENCE_SECONDS if kind == SILENCE else share
            passages.append(Passage(kind, at, round(ends * rate)))
            at = passages[-1].stop
    return passages


def mixed_signal(seconds: float = 480.0, rate: int = RATE) -> NDArray[np.float32]:
    """The mixed signal, the same at every call.

    Args:
        seconds: length, 60 to 600.
        rate: in Hz, at least 16 000.

    Returns:
        float32 of shape ``(round(seconds * rate),)``, peaking at 0.9.

    Raises:
        ValueError: a length outside 60 to 600 seconds.
    """
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise ValueError(f"seconds must lie in {SECONDS[0]:.0f} to {SECONDS[1]:.0f}")
    rng = np.random.default_rng(1980)
    whole = np.zeros(round(seconds * rate), np.float32)
    for passage in layout(seconds, rate):
        if passage.kind != SILENCE:
            count = passage.stop - passage.start
            whole[passage.start : passage.stop] = _KINDS[passage.kind](count, rate, rng)
    whole *= PEAK / np.max(np.abs(whole))
    return whole
