"""The delay of a wet recording: witnesses that measure it, and a proof by what a causal net can do.

Two things are known of a wrong delay. Too short a one costs little: a causal model learns some
samples of delay. Too long a one is fatal: the model would have to foresee. So for every delay about
the witnesses' a causal device is fitted (`drywet.dsp.causal_fit`), and the longest delay counts
before the error begins to rise. Where a witness says less than that, less is taken; where it says
more, it is wrong, and a margin comes off.

Witnesses are the excess phase (`drywet.dsp.latency`) and the onsets of notes
(`drywet.dsp.onsets`), which need no likeness of the waves.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.causal_fit import CausalFit, Errors
from drywet.dsp.latency import SURE, Latency, estimate, estimate_near
from drywet.dsp.onsets import onset_delay
from drywet.pair.load import Pair

_BEFORE, _AFTER = 48, 32  # delays that are tried about a witness's
_SAME = 24  # witnesses this close are tried together
_LESS = 1.1  # errors this much lower decide between places far apart
_MOST_MOVES = 6
_RISE = 0.03  # of the error, by which it is said to begin to rise
_FLOOR = 2e-3  # relative error: a rise from less is of no account
_STRIDE = 8  # samples over which the rise is looked at
_AGREE = 3  # samples between proof and witness
_BELIEVED = 12  # a witness this much below the proof is still believed
_BEARABLE = 1.15  # rise of the error up to which a witness beyond the proof is believed
_VERY_SURE = 0.85  # of the excess phase
_MARGIN = 2  # samples less where no witness is believed
# How often the delay was within two samples of the right one, by how the witnesses agree:
# `python -m benchmarks.captures ../shared/audio confidence`, real captures cut short and noisy.
_AGREED, _APART, _ALONE, _TOO_SHORT = 0.95, 0.85, 0.2, 0.4
# Where nothing follows from the dry at any delay, or as much at all of them.
_UNRELATED, _FLAT, _HOPELESS = 0.97, 0.03, 0.05


class Tried(NamedTuple):
    """A delay that was tried.

    Attributes:
        delay: in samples.
        error: ESR of the causal fit at it, on segments it was not fitted to.
    """

    delay: int
    error: float


@dataclass(frozen=True)
class Delay:
    """How the wet lies to the dry.

    Attributes:
        samples: the delay to train with; negative where the wet leads.
        measured: by the excess phase, to a fraction of a sample.
        polarity: 1, or -1 where the wet is inverted.
        confidence: probability that ``samples`` is within two samples of what trains best.
        tried: the delays that were tried, in order; none where the recording is too short.
    """

    samples: int
    measured: float
    polarity: int
    confidence: float
    tried: tuple[Tried, ...]

    def later(self, samples: int) -> Delay:
        """The same of a wet that lags so many samples more."""
        return Delay(
            self.samples + samples,
            self.measured + samples,
            self.polarity,
            self.confidence,
            tuple(Tried(tried.delay + samples, tried.error) for tried in self.tried),
        )


def find_delay(pair: Pair, fit: CausalFit | None) -> Delay:
    """The delay of a loaded pair's wet.

    Args:
        pair: not aligned.
        fit: of its dry file; ``None`` where that is too short for one.
    """
    dry, wet, rate = pair.dry, pair.wet, pair.rate
    phase = estimate(dry, wet, rate)
    if fit is None:
        found = round(phase.samples)
        confidence = _TOO_SHORT * phase.confidence
        return Delay(found, phase.samples, phase.polarity, confidence, ())
    onsets = onset_delay(dry, wet, rate)
    errors = _about(fit, wet, [round(phase.samples)] + ([] if onsets is None else [onsets]))
    proof = last_before_rise(errors)
    chosen, confidence = _weighed(phase, proof, errors)
    if chosen is None:  # the excess phase may have a lesser peak where the proof is
        phase = estimate_near(dry, wet, rate, proof - _BELIEVED, proof + _AGREE)
        near = proof - _AGREE <= phase.samples <= proof + 1
        chosen = round(phase.samples) if near else proof - _MARGIN
    tried = tuple(map(Tried, map(int, errors.delays), map(float, errors.relative)))
    if (
        errors.relative.min() > _UNRELATED
        or np.ptp(errors.relative) < _FLAT * errors.relative.min()
    ):
        confidence = _HOPELESS
    return Delay(chosen, phase.samples, phase.polarity, confidence, tried)


def _about(fit: CausalFit, wet: NDArray[np.float32], places: list[int]) -> Errors:
    """The errors about the best of the places, moved on to where they are least."""
    best: Errors | None = None
    for number, place in enumerate(places):
        if any(abs(place - other) < _SAME for other in places[:number]):
            continue
        errors = fit.errors(wet, place - _BEFORE, place + _AFTER)
        if best is None or errors.relative.min() * _LESS < best.relative.min():
            best = errors
    assert best is not None
    for _ in range(_MOST_MOVES):
        least = int(np.argmin(best.relative))
        edge = best.relative[2 * _STRIDE] > _LESS * best.relative[least]
        if least >= _STRIDE or not edge:
            break
        low = int(best.delays[0]) - _BEFORE
        best = fit.errors(wet, low, low + _BEFORE + _AFTER)
    return best


def last_before_rise(errors: Errors) -> int:
    """The longest delay before the error begins to rise for want of what came in late.

    A rise of 3 % within 8 samples counts, over the slope that the error had before.
    """
    level = np.log(errors.relative + _FLOOR)
    found = int(np.argmin(errors.relative))
    for i in range(max(found, _STRIDE), len(level)):
        before = max(i - 3 * _STRIDE, 0)
        passed = i - _STRIDE - before
        slope = max((level[i - _STRIDE] - level[before]) / passed, 0.0) if passed else 0.0
        if level[i] - level[i - _STRIDE] - _STRIDE * slope > _RISE:
            break
        found = i
    return int(errors.delays[found])


def _weighed(phase: Latency, proof: int, errors: Errors) -> tuple[int | None, float]:
    """The delay where excess phase and proof can both be right, and how likely it is.

    Returns:
        ``None`` for the delay where the excess phase is wrong.
    """
    witness = round(phase.samples)
    if proof - _BELIEVED <= witness <= proof + 1:
        return witness, _AGREED if witness >= proof - _AGREE else _APART
    if proof < witness <= proof + _AGREE and phase.confidence > SURE:
        return proof, _APART
    if proof < witness <= errors.delays[-1]:
        at, last = np.searchsorted(errors.delays, (witness, proof))
        risen = (errors.relative[at] + _FLOOR) / (errors.relative[last] + _FLOOR)
        if risen < _BEARABLE:
            return witness, _APART
        if phase.confidence > _VERY_SURE and witness <= proof + _BELIEVED:
            return floor(phase.samples), _APART  # the fit has other curves than the device
    return None, _ALONE
