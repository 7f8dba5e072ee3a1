"""Takes with delays of their own, one after the other in a recording."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.causal_fit import SEGMENT, CausalFit, Prediction
from drywet.pair.alignment import Take
from drywet.pair.delay_course import FINE, LAGS, Course, correlations

STEP = 2.0
"""Samples between two takes: less is one."""

_MOST_TAKES = 6
_ROUNDS = 2

Signal = NDArray[np.floating]


def candidate_takes(courses: list[Course]) -> Iterator[tuple[Take, ...]]:
    """Ways to see courses as takes with a delay each, two takes first.

    Args:
        courses: of one recording.

    Yields:
        Takes at least `STEP` samples apart.
    """
    for course in courses:
        for takes in range(2, min(_MOST_TAKES, len(course.at) // 2) + 1):
            edges = _pieces(course.delays, takes)
            levels = [float(np.median(course.delays[a:b])) for a, b in pairwise(edges)]
            if min(abs(np.diff(levels))) < STEP:
                break
            borders = [(course.at[edge - 1] + course.at[edge]) / 2 for edge in edges[1:-1]]
            yield tuple(
                Take(int(start), round(level))
                for start, level in zip([0, *borders], levels, strict=True)
            )


def refined(
    fit: CausalFit, wet: NDArray[np.float32], delay: int, takes: tuple[Take, ...], rate: int
) -> tuple[Take, ...]:
    """The takes with borders and latencies where the fit correlates best with the wet.

    Args:
        fit: of the dry file.
        wet: not aligned.
        delay: of the whole, in samples.
        takes: about right, relative to it.
        rate: in Hz.

    Returns:
        As given where a take would vanish.
    """
    places = fit.starts + SEGMENT / 2
    segments = np.arange(len(places))
    for _ in range(_ROUNDS):
        number = np.searchsorted([take.start for take in takes], places, side="right") - 1
        if np.min(np.bincount(number, minlength=len(takes))) < 1:
            return takes
        given = np.array([take.latency for take in takes])
        made = fit.predict(wet, delay, given[number].astype(float))
        found = correlations(made, rate, segments[:, None])
        best = [int(np.argmax(found[number == i].sum(0))) for i in range(len(takes))]
        edges = [0, *(int(np.argmax(number == i)) for i in range(1, len(takes))), len(segments)]
        for i in range(1, len(takes)):
            # Each take's segments as they would lie in the other one.
            swapped = number.copy()
            swapped[number == i - 1], swapped[number == i] = i, i - 1
            there = fit.predict(wet, delay, given[swapped].astype(float)).wet
            other = correlations(Prediction(made.predicted, there), rate, segments[:, None])
            within = np.arange(edges[i - 1], edges[i + 1])
            first = number[within] < i
            earlier, later = (
                np.where(first == same, found[within, best[take]], other[within, best[take]])
                for take, same in ((i - 1, True), (i, False))
            )
            gained = np.cumsum(earlier - later)[:-1]  # at least a segment for either
            edges[i] = int(within[np.argmax(gained)]) + 1
        starts = [0, *(int(fit.starts[edge]) for edge in edges[1:-1])]
        latencies = given + np.round(LAGS[best] / FINE).astype(int)
        takes = tuple(Take(a, int(b)) for a, b in zip(starts, latencies, strict=True))
    return takes


def sees(course: Course, takes: tuple[Take, ...]) -> bool:
    """Whether a course has about the steps between the takes."""
    number = np.searchsorted([take.start for take in takes], course.at, side="right") - 1
    if len(set(number)) < len(takes):
        return False
    levels = [np.median(course.delays[number == i]) for i in range(len(takes))]
    steps = np.diff([take.latency for take in takes])
    off = np.abs(np.diff(levels) - steps)
    return bool(np.all(off <= np.maximum(STEP, np.abs(steps) / 2)))


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


def offsets_of(takes: tuple[Take, ...], places: Signal) -> Signal:
    """The latency at each of the places, in samples of the dry file."""
    number = np.searchsorted([take.start for take in takes], places, side="right") - 1
    return np.array([take.latency for take in takes], float)[number]
