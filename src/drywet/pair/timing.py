"""Does the delay stay what it is? Clock drift, takes with delays of their own, tape that wanders.

Where the delay seems to lie depends on the material, most of all behind a distortion: that it
moves is no proof. So each suspicion is tried: the segments of the wet are moved as it says, and
the causal fit (`drywet.dsp.causal_fit`) is made again. Only what lowers its error on segments that
it was not fitted to is believed.

A line is a clock; a step is the border of two takes; what rises and falls is a tape (wow).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import at_clock
from drywet.dsp.causal_fit import SEGMENT, CausalFit, Prediction
from drywet.dsp.latency import estimate
from drywet.pair.alignment import Take
from drywet.pair.load import Pair

Kind = Literal["steady", "drift", "takes", "wander"]

_STRETCHES = 16
_STRETCH_SECONDS = 2.5
_CONFIDENCE = 0.3  # the median bears a few wrong ones
_LOW_HZ = 1500.0  # below, a shift of some samples is no turn of the phase yet
_REACH = 64  # samples by which a stretch may be off
_FINE = 4  # positions per sample
_ABOUT = 24  # samples about the delay in which the error's least is sought
_MOVED = 1.5  # samples: less does no harm
_LARGE = 24.0  # samples: beyond, the clock is set right before it is looked at closer
_ROUNDS = 3
# What the error must fall to before a suspicion is believed, the lower the more freedom it has.
_LINE = 0.97
_ALONE = 0.7  # times that, where not both courses show it
_PER_TAKE = 0.96
_WAVE = 0.85
_MOST_TAKES = 6
_STEP = 2.0  # samples
_POOR = 0.5  # error of a fit that explains little

Signal = NDArray[np.floating]


@dataclass(frozen=True)
class Timing:
    """How the delay moves in the course of a recording.

    Attributes:
        kind: ``steady``, ``drift`` of a clock, ``takes`` with delays of their own, or ``wander``.
        ppm: samples in a million by which the wet's clock makes it too long; 0 without drift.
        moved: samples between the smallest and the largest delay; signed for a drift.
        takes: where the delay changes, relative to that of the whole; none without takes.
        slack: samples by which their borders may be off.
        error: ESR of the causal fit once that is mended, over the error as it is.
    """

    kind: Kind
    ppm: float
    moved: float
    takes: tuple[Take, ...]
    error: float
    slack: int = 0


@dataclass(frozen=True)
class _Course:
    """Where the delay seems to lie, stretch by stretch: places and delays in samples."""

    at: Signal
    delays: Signal

    def slope(self) -> float:
        """Of the median line through the stretches (Theil 1950, Sen 1968)."""
        i, j = np.triu_indices(len(self.at), 1)
        return float(np.median((self.delays[j] - self.delays[i]) / (self.at[j] - self.at[i])))

    def scatter(self, slope: float) -> float:
        """Median distance from the median line of that slope."""
        rest = self.delays - slope * self.at
        return float(np.median(np.abs(rest - np.median(rest))))

    def level(self, slope: float, at: float) -> float:
        """Of the median line of that slope at a place."""
        return float(np.median(self.delays - slope * (self.at - at)))


def timing(fit: CausalFit, pair: Pair, delay: int) -> Timing:
    """Find out how the delay of a loaded pair moves.

    Args:
        fit: of the pair's dry file.
        pair: not aligned.
        delay: of the whole.
    """
    length = min(len(pair.dry), len(pair.wet))
    places = fit.starts + SEGMENT / 2
    still = np.zeros(len(places))
    before = _least(fit, pair.wet, delay, still)
    phase = _by_phase(pair, delay)
    made = fit.predict(pair.wet, delay)
    waves = _by_waves(fit, made, pair.rate)
    courses = [waves] if phase is None else [phase, waves]
    hints = courses
    if phase is None and before > _POOR:  # smeared: even unsure stretches may show the line
        rough = _by_phase(pair, delay, 0.0)
        hints = courses if rough is None else [*courses, rough]
    suspected = any(
        abs(course.slope()) * length > _MOVED or _spread(course.delays) > _STEP for course in hints
    )
    steady = Timing("steady", 0.0, 0.0, (), 1.0)
    if not suspected:
        return steady
    found = [(before, steady)]
    drift, scatter = _drift(fit, pair, delay, hints, length)
    if abs(drift.moved) > _MOVED + 3 * scatter:
        agreed = len(courses) > 1 and all(
            abs(course.slope() * length - drift.moved) < max(_STEP, abs(drift.moved) / 2)
            for course in courses
        )
        found.append((drift.error / _LINE / (1.0 if agreed else _ALONE), drift))
    for takes in _steps(courses):
        offsets = _offsets_of(takes, places)
        error = _least(fit, pair.wet, delay, offsets)
        seen = all(_sees(course, takes) for course in courses) and len(courses) > 1
        worth = error / _PER_TAKE ** len(takes) / (1.0 if seen else _ALONE)
        slack = int(max(np.max(np.diff(course.at)) for course in courses))
        found.append((worth, Timing("takes", 0.0, float(np.ptp(offsets)), takes, error, slack)))
    fine = _by_waves(fit, made, pair.rate, 2 * _STRETCHES)
    ends = np.concatenate([fine.delays[:1], fine.delays, fine.delays[-1:]])
    smooth = np.interp(places, fine.at, np.convolve(ends, [0.25, 0.5, 0.25], "valid"))
    if np.ptp(smooth) > _STEP:
        error = _least(fit, pair.wet, delay, smooth)
        found.append((error / _WAVE, Timing("wander", 0.0, float(np.ptp(smooth)), (), error)))
    best = min(found, key=lambda one: one[0])[1]
    return best if best is steady else replace(best, error=best.error / before)


def _spread(delays: Signal) -> float:
    """Between the lowest and the highest, a tenth on either side left out."""
    low, high = np.quantile(delays, (0.1, 0.9))
    middle = np.median(delays)
    # A step near an end moves only the last stretches, but those alike.
    ends = [np.min(np.abs(end - middle)) for end in (delays[:2], delays[-2:])]
    return float(max(high - low, *ends))


def _least(fit: CausalFit, wet: NDArray[np.float32], delay: int, offsets: Signal) -> float:
    """The least error about a delay with the segments moved."""
    return float(fit.errors(wet, delay - _ABOUT, delay + _ABOUT, offsets).relative.min())


def _by_phase(pair: Pair, delay: int, least: float = _CONFIDENCE) -> _Course | None:
    """By the excess phase of each stretch, relative to the delay of the whole."""
    aligned = pair.aligned(delay)
    size = int(_STRETCH_SECONDS * pair.rate)
    first = max(-delay, 0)  # of the dry file, left out
    at, delays = [], []
    for start in np.linspace(0, max(len(aligned.dry) - size, 0), _STRETCHES, dtype=int):
        part = slice(start, start + size)
        found = estimate(aligned.dry[part], aligned.wet[part], pair.rate)
        if found.confidence >= least:
            at.append(first + start + size / 2)
            delays.append(found.samples)
    enough = len(at) >= _STRETCHES // 3 and at[-1] - at[0] >= len(aligned.dry) / 3
    return _Course(np.array(at), np.array(delays)) if enough else None


def _by_waves(fit: CausalFit, made: Prediction, rate: int, stretches: int = _STRETCHES) -> _Course:
    """By the correlation of what the fit predicts with the wet, half whitened, below 1.5 kHz."""
    low = np.arange(made.wet.shape[1]) * rate / (2 * SEGMENT) < _LOW_HZ
    lags = np.arange(-_REACH * _FINE, _REACH * _FINE + 1)
    at, delays, count = [], [], len(fit.starts)
    for group in np.array_split(np.arange(count), min(stretches, count // 2)):
        cross = np.sum(made.predicted[group].conj() * made.wet[group], axis=0) * low
        cross /= np.sqrt(np.abs(cross) + 1e-300)
        correlation = np.fft.irfft(cross, 2 * SEGMENT * _FINE)[lags]
        at.append(float(np.mean(fit.starts[group])) + SEGMENT / 2)
        delays.append(lags[int(np.argmax(correlation))] / _FINE)
    return _Course(np.array(at), np.array(delays))


def _drift(
    fit: CausalFit, pair: Pair, delay: int, courses: list[_Course], length: int
) -> tuple[Timing, float]:
    """The straight line that lowers the error most, from where each course begins.

    Returns:
        With the scatter of the stretches about it, in samples.
    """
    places = fit.starts + SEGMENT / 2
    scatter = np.inf
    middle = length / 2
    best = Timing("drift", 0.0, 0.0, (), np.inf)
    for course in courses:
        slope = course.slope()
        centre = delay + round(course.level(slope, middle))
        if abs(slope) * length > _LARGE:  # so much smears the stretches themselves
            mended = Pair(pair.dry, at_clock(pair.wet, 1 + slope), pair.rate)
            again = _by_phase(mended, delay) or _by_phase(mended, delay, 0.0)
            if again is not None:
                centre = delay + round(again.level(again.slope(), middle) + slope * middle)
                slope += again.slope()
        for _ in range(_ROUNDS):
            offsets = slope * (places - middle)
            errors = fit.errors(pair.wet, centre - _ABOUT, centre + _ABOUT, offsets)
            at = int(errors.delays[np.argmin(errors.relative)])
            rest = _by_waves(fit, fit.predict(pair.wet, at, offsets), pair.rate)
            more = rest.slope()
            if errors.relative.min() < best.error:
                least = float(errors.relative.min())
                best = Timing("drift", slope * 1e6, slope * length, (), least)
                scatter = rest.scatter(more)
            if abs(more) * length < _MOVED / 4:
                break
            slope += more
    return best, scatter


def _steps(courses: list[_Course]) -> Iterator[tuple[Take, ...]]:
    """Ways to see a course as takes with a delay each, two takes first."""
    for course in courses:
        for takes in range(2, min(_MOST_TAKES, len(course.at) // 2) + 1):
            edges = _pieces(course.delays, takes)
            levels = [float(np.median(course.delays[a:b])) for a, b in pairwise(edges)]
            if min(abs(np.diff(levels))) < _STEP:
                break
            borders = [(course.at[edge - 1] + course.at[edge]) / 2 for edge in edges[1:-1]]
            yield tuple(
                Take(int(start), round(level))
                for start, level in zip([0, *borders], levels, strict=True)
            )


def _sees(course: _Course, takes: tuple[Take, ...]) -> bool:
    """Whether a course has about the steps between the takes."""
    number = np.searchsorted([take.start for take in takes], course.at, side="right") - 1
    if len(set(number)) < len(takes):
        return False
    levels = [np.median(course.delays[number == i]) for i in range(len(takes))]
    steps = np.diff([take.latency for take in takes])
    off = np.abs(np.diff(levels) - steps)
    return bool(np.all(off <= np.maximum(_STEP, np.abs(steps) / 2)))


def _pieces(delays: Signal, count: int) -> list[int]:
    """Borders of pieces nearest to their medians, by dynamic programming."""
    n = len(delays)

    def cost(a: int, b: int) -> float:
        return float(np.sum(np.abs(delays[a:b] - np.median(delays[a:b]))))

    best = {b: (cost(0, b), [0, b]) for b in range(1, n + 1)}
    for _ in range(count - 1):
        best = {
            b: min((best[a][0] + cost(a, b), [*best[a][1], b]) for a in best if a < b)
            for b in range(min(best) + 1, n + 1)
        }
    return best[n][1]


def _offsets_of(takes: tuple[Take, ...], places: Signal) -> Signal:
    number = np.searchsorted([take.start for take in takes], places, side="right") - 1
    return np.array([take.latency for take in takes], float)[number]
