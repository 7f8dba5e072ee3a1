"""Does the delay stay what it is? Clock drift, takes with delays of their own, tape that wanders.

Where the delay seems to lie depends on the material, most of all behind a distortion: that it
moves is no proof. So each suspicion is tried: the segments of the wet are moved as it says, and
the causal fit (`drywet.dsp.causal_fit`) is made again. Only what lowers its error on segments that
it was not fitted to is believed.

A line is a clock; a step is the border of two takes; what rises and falls is a tape (wow).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import at_clock
from drywet.dsp.causal_fit import SEGMENT, CausalFit
from drywet.pair.alignment import Take
from drywet.pair.delay_course import STRETCHES, Course, by_phase, by_waves
from drywet.pair.joined_takes import STEP, candidate_takes, offsets_of, refined, sees
from drywet.pair.load import Pair

Kind = Literal["steady", "drift", "takes", "wander"]

_ABOUT = 24  # samples about the delay in which the error's least is sought
_MOVED = 1.5  # samples: less does no harm
_LARGE = 24.0  # samples: beyond, the clock is set right before it is looked at closer
_ROUNDS = 3
# What the error must fall to before a suspicion is believed, the lower the more freedom it has.
_LINE = 0.97
_ALONE = 0.9  # times that, where not both courses show it
_PER_TAKE = 0.96
_WAVE = 0.85
_AS_GOOD = 1.03  # times the error of a freer course: then the less free one it is
_POOR = 0.5  # error of a fit that explains little
_UNRELATED = 0.98  # of one that explains nothing; of ten joined takes it explains a tenth
_STAIRS = 3.0  # times a line's error: takes that begin with more are not looked at closer
_SCAN = 8.0  # samples from start to end between slopes that are tried
_SCANNED = 200e-6  # of the clock
_MOST_SCANNED = 96.0  # samples from start to end

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
    phase = by_phase(pair, delay)
    made = fit.predict(pair.wet, delay)
    waves = by_waves(fit, made, pair.rate)
    courses = [waves] if phase is None else [phase, waves]
    hints = courses
    if phase is None and before > _POOR:  # smeared: even unsure stretches may show the line
        rough = by_phase(pair, delay, 0.0)
        hints = courses if rough is None else [*courses, rough]
    suspected = any(
        abs(course.slope()) * length > _MOVED or _spread(course.delays) > STEP for course in hints
    )
    steady = Timing("steady", 0.0, 0.0, (), 1.0)
    if not suspected:
        return steady
    found = [(before, steady)]
    drift_error = np.inf
    drift, scatter = _drift(fit, pair, delay, hints, length, phase is None or before > _POOR)
    if abs(drift.moved) > _MOVED + 3 * scatter:
        agreed = len(courses) > 1 and all(
            abs(course.slope() * length - drift.moved) < max(STEP, abs(drift.moved) / 2)
            for course in courses
        )
        found.append((drift.error / _LINE / (1.0 if agreed else _ALONE), drift))
        drift_error = drift.error
    # Where no delay explains anything, nor any drift, there are no takes to be told apart either.
    hopeless = min(before, drift.error) > _UNRELATED
    for suspected_takes in [] if hopeless else candidate_takes(courses):
        if drift_error < np.inf:
            offsets = offsets_of(suspected_takes, places)
            if _least(fit, pair.wet, delay, offsets) > _STAIRS * drift_error:
                continue  # steps along a line, which explains far more
        takes = refined(fit, pair.wet, delay, suspected_takes, pair.rate)
        offsets = offsets_of(takes, places)
        error = _least(fit, pair.wet, delay, offsets)
        seen = all(sees(course, takes) for course in courses) and len(courses) > 1
        worth = error / _PER_TAKE ** len(takes) / (1.0 if seen else _ALONE)
        slack = int(max(np.max(np.diff(course.at)) for course in courses))
        found.append((worth, Timing("takes", 0.0, float(np.ptp(offsets)), takes, error, slack)))
    fine = by_waves(fit, made, pair.rate, 2 * STRETCHES)
    ends = np.concatenate([fine.delays[:1], fine.delays, fine.delays[-1:]])
    smooth = np.interp(places, fine.at, np.convolve(ends, [0.25, 0.5, 0.25], "valid"))
    if np.ptp(smooth) > STEP:
        error = _least(fit, pair.wet, delay, smooth)
        found.append((error / _WAVE, Timing("wander", 0.0, float(np.ptp(smooth)), (), error)))
    best = _simplest(min(found, key=lambda one: one[0])[1], [one for _, one in found[1:]])
    return best if best is steady else replace(best, error=best.error / before)


def _simplest(best: Timing, found: list[Timing]) -> Timing:
    """What explains a moving delay as well as the best, with less freedom.

    That the delay moves is certain by then.
    """
    order = ("drift", "takes", "wander")
    if best.kind in order:
        for kind in order[: order.index(best.kind)]:
            simpler = [one for one in found if one.kind == kind]
            least = min(simpler, key=lambda one: one.error, default=best)
            if least.error <= _AS_GOOD * best.error:
                return least
    return best


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


def _drift(
    fit: CausalFit, pair: Pair, delay: int, courses: list[Course], length: int, smeared: bool
) -> tuple[Timing, float]:
    """The straight line that lowers the error most, from where each course begins.

    Args:
        smeared: the courses show little: slopes are tried one by one too.

    Returns:
        With the scatter of the stretches about it, in samples.
    """
    places = fit.starts + SEGMENT / 2
    scatter = np.inf
    middle = length / 2
    best = Timing("drift", 0.0, 0.0, (), np.inf)
    starts = [_start(course, pair, delay, middle, length) for course in courses]
    if smeared:
        starts.append(_scanned(fit, pair, delay, length))
    for start, centre in starts:
        slope = start
        for _ in range(_ROUNDS):
            offsets = slope * (places - middle)
            errors = fit.errors(pair.wet, centre - _ABOUT, centre + _ABOUT, offsets)
            at = int(errors.delays[np.argmin(errors.relative)])
            rest = by_waves(fit, fit.predict(pair.wet, at, offsets), pair.rate)
            more = rest.slope()
            if errors.relative.min() < best.error:
                least = float(errors.relative.min())
                best = Timing("drift", slope * 1e6, slope * length, (), least)
                scatter = rest.scatter(more)
            if abs(more) * length < _MOVED / 4:
                break
            slope += more
    return best, scatter


def _start(course: Course, pair: Pair, delay: int, middle: float, length: int) -> tuple[float, int]:
    """Slope and delay in the middle, as a course shows them."""
    slope = course.slope()
    centre = delay + round(course.level(slope, middle))
    if abs(slope) * length > _LARGE:  # so much smears the stretches themselves
        mended = Pair(pair.dry, at_clock(pair.wet, 1 + slope), pair.rate)
        again = by_phase(mended, delay) or by_phase(mended, delay, 0.0)
        if again is not None:
            centre = delay + round(again.level(again.slope(), middle) + slope * middle)
            slope += again.slope()
    return slope, centre


def _scanned(fit: CausalFit, pair: Pair, delay: int, length: int) -> tuple[float, int]:
    """The one of evenly spaced slopes, and the delay, with the least error."""
    places = fit.starts + SEGMENT / 2 - length / 2
    most = min(_SCANNED * length, _MOST_SCANNED)
    best = (np.inf, 0.0, delay)
    for moved in np.arange(-most, most + _SCAN / 2, _SCAN):
        slope, about = moved / length, _ABOUT + int(abs(moved) / 2)
        errors = fit.errors(pair.wet, delay - about, delay + about, slope * places)
        at = int(np.argmin(errors.relative))
        best = min(best, (float(errors.relative[at]), slope, int(errors.delays[at])))
    return best[1:]
