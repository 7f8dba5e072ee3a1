"""Was the wet taken too late? Then the model would have had to foresee.

What a model leaves over of the wet follows, if at all, from the dry up to then. Where a causal fit
(`drywet.dsp.causal_fit`) to what is left over does clearly better with dry samples that come only
later, the wet lags less than was assumed. It works for every model: no other training is needed.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.causal_fit import fit_if_enough
from drywet.evaluation.result import Foresight
from drywet.pair.delay import last_before_rise

_BEFORE, _AFTER = 64, 16  # samples, at the model's rate
_LEAST_SAMPLES = 2
_LEAST_SHARE = 0.04  # of the error
# Where the wet itself does not say so: share of the error, and what foresight explains over what
# the past does, for a net too small leaves over much that follows from the past.
_PLAIN_SHARE = 0.1
_PLAIN_RATIO = 0.6


def foresight(
    dry: NDArray[np.float32],
    target: NDArray[np.float32],
    prediction: NDArray[np.float32],
    rate: int,
    file_rate: int,
) -> Foresight | None:
    """How many samples the model would have had to foresee; ``None`` where it need not.

    Args:
        dry: what the model was given, shape ``(samples,)``.
        target: what it should have made of it.
        prediction: what it made.
        rate: of all three, in Hz.
        file_rate: of the files, in which the latency is given.
    """
    fit = fit_if_enough(dry, rate)
    if fit is None:
        return None
    left = fit.errors(target.astype(np.float64) - prediction, -_BEFORE, _AFTER)
    early = last_before_rise(left)
    now, then = left.relative[[_BEFORE, _BEFORE + min(early, 0)]]
    share = float(1 - then / now)
    if early > -_LEAST_SAMPLES or share < _LEAST_SHARE:
        return None
    proof = last_before_rise(fit.errors(target, -_BEFORE, _AFTER))
    if proof <= -_LEAST_SAMPLES:
        early = max(early, proof)  # a little of what is left over follows from still later ones
    elif share < _PLAIN_SHARE or now - then < _PLAIN_RATIO * (1 - now):
        return None
    return Foresight(samples=ceil(-early * file_rate / rate), share=share)
