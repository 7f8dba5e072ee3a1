"""A knob behind the distortion: a linear filter at every position, measured at some of them.

Most pedals have their tone and level controls behind the clipping. Then recordings of one
performance at two positions differ by a filter, which the recordings show (the ratio of cross- to
power spectrum: Bendat and Piersol, "Random Data", 1971). Between its measured positions its
logarithm follows a monotone cubic (Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5, 1984).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.interpolate import PchipInterpolator

Signal = NDArray[np.float32]
Doubles = NDArray[np.float64]
Complex = NDArray[np.complexfloating]

LEAST_MARKS = 3
"""Measured positions; the ends alone tell nothing of the way between them."""

_FRAME_SECONDS = 0.17
_LEAST_FRAMES = 24
_MOST_FRAMES = 500  # they take some 30 MB
_HEARD = 1e-8  # of the loudest frequency's power, below which nothing is measured
_MIDDLE = 0.5


@dataclass(frozen=True)
class KnobFilter:
    """A knob that filters.

    Attributes:
        marks: measured positions, 0 to 1, rising.
        hz: frequencies of the responses.
        responses: logarithms relative to the mark nearest the middle, ``(marks, frequencies)``.
        esr: what of a recording is not another one through the filter, the worst mark's.
    """

    marks: tuple[float, ...]
    hz: Doubles
    responses: Complex
    esr: float

    def response(self, share: float, hz: Doubles) -> Complex:
        """At a position, 0 to 1; outside the marks that of the nearest.

        Args:
            share: of the knob's way.
            hz: rising frequencies.
        """
        at = float(np.clip(share, self.marks[0], self.marks[-1]))
        real, imaginary = (np.interp(hz, self.hz, part) for part in self._cubics(at))
        found: Complex = np.exp(real + 1j * imaginary)
        return found

    @cached_property
    def _cubics(self) -> PchipInterpolator:
        """From a position to the real and the imaginary part."""
        from scipy.interpolate import PchipInterpolator

        parts = np.stack([self.responses.real, self.responses.imag], axis=1)
        return PchipInterpolator(self.marks, parts, axis=0)


def frame_length(rate: int) -> int:
    """Samples of a stretch that it takes at least, at a rate in Hz: a power of two."""
    return 1 << round(math.log2(_FRAME_SECONDS * rate))


def fit(
    recordings: Sequence[Sequence[Signal]], shares: Sequence[float], rate: int
) -> KnobFilter | None:
    """Measure a knob.

    Args:
        recordings: of one performance, at each position the same stretches, ``(samples,)`` each.
        shares: the positions, 0 to 1, each once.
        rate: in Hz.

    Returns:
        ``None`` where there are too few positions, or too little is played.
    """
    order = np.argsort(shares)
    marks = tuple(float(shares[i]) for i in order)
    if len(marks) < LEAST_MARKS:
        return None
    length = frame_length(rate)
    middle = _nearest_the_middle(marks)
    own = _frames(recordings[order[middle]], length)
    power = (np.abs(own) ** 2).sum(axis=0)
    heard = power > _HEARD * power.max(initial=0.0)
    if len(own) < _LEAST_FRAMES or not heard.any():
        return None
    responses, worst = [], 0.0
    for i in order:
        each = _frames(recordings[i], length)
        cross = (each * own.conj()).sum(axis=0)[heard]
        energy = float((np.abs(each) ** 2).sum())
        if not cross.all() or not energy:
            return None
        worst = max(worst, 1 - float((np.abs(cross) ** 2 / power[heard]).sum()) / energy)
        responses.append(cross / power[heard])
    hz = np.fft.rfftfreq(length, 1 / rate)[heard]
    return KnobFilter(marks, hz, _logarithms(np.array(responses), middle), worst)


def unexplained(
    found: KnobFilter,
    recordings: Sequence[Sequence[Signal]],
    shares: Sequence[float],
    rate: int,
) -> float:
    """What of other recordings is not one of them through the filter, the worst one's ESR.

    Args:
        found: as `fit` gave it.
        recordings: as for `fit`, with the device's other knobs elsewhere.
        shares: the positions, 0 to 1.
        rate: in Hz.
    """
    length = frame_length(rate)
    middle = _nearest_the_middle(shares)
    own = _frames(recordings[middle], length)
    hz = np.asarray(np.fft.rfftfreq(length, 1 / rate), np.float64)
    there = found.response(shares[middle], hz)
    worst = 0.0
    for stretches, share in zip(recordings, shares, strict=True):
        each = _frames(stretches, length)
        left = each - found.response(share, hz) / there * own
        energy = float((np.abs(each) ** 2).sum())
        worst = max(worst, float((np.abs(left) ** 2).sum()) / energy if energy else 0.0)
    return worst


def _nearest_the_middle(shares: Sequence[float]) -> int:
    return int(np.argmin(np.abs(np.array(shares) - _MIDDLE)))


def _frames(stretches: Sequence[Signal], length: int) -> Complex:
    """Spectra of overlapping frames all over the stretches, ``(frames, frequencies)``."""
    window = np.hanning(length)
    starts = [
        (stretch, first)
        for stretch in stretches
        for first in range(0, len(stretch) - length + 1, length // 2)
    ]
    every = -(-len(starts) // _MOST_FRAMES) or 1
    frames = [stretch[first : first + length] * window for stretch, first in starts[::every]]
    return np.fft.rfft(np.array(frames).reshape(-1, length))


def _logarithms(responses: Complex, middle: int) -> Complex:
    """Whose phase goes from mark to mark by less than half a turn, and is 0 in the middle."""
    steps = np.angle(responses[1:] / responses[:-1])
    phases = np.concatenate([np.zeros((1, responses.shape[1])), np.cumsum(steps, axis=0)])
    found: Complex = np.log(np.abs(responses)) + 1j * (phases - phases[middle])
    return found
