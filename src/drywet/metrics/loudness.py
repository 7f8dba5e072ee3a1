"""Loudness and crest: is the model as loud as the device, and as lively?

Loudness is the integrated loudness of ITU-R BS.1770-4 in LUFS (by pyloudnorm; Steinmetz and
Reiss, AES 150, 2021). The crest is peak over RMS in dB.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.levels import db, peak, rms

_BLOCK_SECONDS = 0.4
_LEAST_RATE = 8_000


class Loudness(NamedTuple):
    """Prediction less target.

    Attributes:
        lufs: loudness of the prediction; ``None`` where it is silent or shorter than 0.4 s.
        loudness_db: against the target's; ``None`` likewise.
        crest_db: crest of the prediction against the target's; ``None`` where one is silent.
    """

    lufs: float | None
    loudness_db: float | None
    crest_db: float | None


def lufs(samples: NDArray[np.floating], rate: int) -> float | None:
    """Integrated loudness of a mono signal.

    ``None`` where no block is above the gate, and for sample rates whose band is too small for
    the standard's filters.
    """
    import pyloudnorm

    if rate < _LEAST_RATE or len(samples) < _BLOCK_SECONDS * rate + 1 or not samples.any():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # means over no blocks at all
        found = float(pyloudnorm.Meter(rate).integrated_loudness(samples.astype(np.float64)))
    return found if np.isfinite(found) else None


def evaluate(prediction: NDArray[np.float32], target: NDArray[np.float32], rate: int) -> Loudness:
    """Loudness and crest of a prediction against its target, each ``(samples,)``."""
    ours, theirs = lufs(prediction, rate), lufs(target, rate)
    audible = bool(prediction.any() and target.any())
    return Loudness(
        ours,
        None if ours is None or theirs is None else ours - theirs,
        _crest(prediction) - _crest(target) if audible else None,
    )


def _crest(samples: NDArray[np.float32]) -> float:
    return db(peak(samples)) - db(rms(samples))
