"""What a device or a model makes of steady sines: the ground of aliasing, harmonics and THD.

A sine with a whole number of periods in a frame whose length is a prime gives, once the device
has settled, a spectrum in which every harmonic falls on a bin of its own and so does every
alias: a harmonic ``m`` of bin ``k`` lands on bin ``m k mod N``, which for a prime ``N`` is
never that of another below it. No window is needed, and what is on the bins between is not
harmonic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]
Play = Callable[[Signal], Signal]
"""Plays a signal of shape ``(samples,)`` from rest."""

FREQUENCIES_HZ = tuple(65.406 * 2 ** (0.75 * k) for k in range(9))
"""C2 to C8 in eight equal steps: 65 Hz to 4.2 kHz."""
LEVELS_DB = (0.0, -12.0, -24.0, -36.0)
"""Peaks of the sines in dBFS."""
SETTLE_SECONDS = 0.5
_FRAME_SECONDS = 0.25
_TAIL = 512  # samples after the frame, so that no resampler in a device feels the end in it


def prime_below(number: int) -> int:
    """The largest prime not above ``number``, which is at least 2."""
    while any(number % d == 0 for d in range(2, int(number**0.5) + 1)):
        number -= 1
    return number


@dataclass(frozen=True)
class Sine:
    """A steady sine and what came out.

    Attributes:
        hz: its frequency, a whole number of periods per frame.
        level_db: its peak in dBFS.
        bin: its place in the spectrum.
        spectrum: of the settled output, complex amplitudes of shape ``(frame // 2 + 1,)``: bin
            ``bin`` of the input itself has the magnitude of its peak.
    """

    hz: float
    level_db: float
    bin: int
    spectrum: NDArray[np.complex128]

    def harmonic(self, number: int) -> float:
        """Peak of a harmonic in full scale; 0 above half the sample rate."""
        place = number * self.bin
        return float(np.abs(self.spectrum[place])) if place < len(self.spectrum) else 0.0


def spectrum(frame: NDArray[np.floating]) -> NDArray[np.complex128]:
    """Amplitudes of a settled frame of any length, shape ``(frame // 2 + 1,)``."""
    from scipy.fft import rfft

    found: NDArray[np.complex128] = rfft(frame.astype(np.float64)) * (2 / len(frame))
    found[0] /= 2
    return found


def frame_length(rate: int) -> int:
    """Samples in a frame at a sample rate in Hz: a prime, about a quarter of a second."""
    return prime_below(max(int(_FRAME_SECONDS * rate), 2))


def settled(
    play: Play, bins: Sequence[tuple[int, float]], rate: int, settle: int | None
) -> tuple[Signal, Signal]:
    """One frame of steady sines and what a device makes of it, once it has settled.

    Args:
        play: the device.
        bins: of each sine its place in the spectrum and its peak.
        rate: in Hz.
        settle: samples before the frame; ``None`` takes half a second.
    """
    settle = int(SETTLE_SECONDS * rate) if settle is None else settle
    length = frame_length(rate)
    n = np.arange(-settle, length + _TAIL)
    turns = [peak * np.sin(2 * np.pi * ((k * n) % length) / length) for k, peak in bins]
    signal = np.asarray(np.sum(turns, axis=0), dtype=np.float32)
    frame = slice(settle, settle + length)
    return signal[frame], play(signal)[frame]


def measure(
    play: Play,
    rate: int,
    settle: int | None = None,
    frequencies: Sequence[float] = FREQUENCIES_HZ,
    levels_db: Sequence[float] = LEVELS_DB,
) -> list[Sine]:
    """Play a grid of sines.

    Args:
        play: the device or the model.
        rate: in Hz.
        settle: samples before the frame; half a second by default.
        frequencies: in Hz; those from 0.45 times the sample rate on are left out.
        levels_db: in dBFS.
    """
    length = frame_length(rate)
    found = []
    for hz in frequencies:
        place = max(round(hz * length / rate), 1)
        if hz >= 0.45 * rate:
            continue
        for level in levels_db:
            _, out = settled(play, [(place, 10 ** (level / 20))], rate, settle)
            found.append(Sine(place * rate / length, level, place, spectrum(out)))
    return found
