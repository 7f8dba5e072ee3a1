"""The scores of a prediction against its target, together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from drywet.metrics import stft, time


class Scores(BaseModel):
    """One prediction's scores.

    Attributes:
        esr: error-to-signal ratio; 0 is perfect, 1 is silence.
        esr_pre_emphasised: ESR after ``1 - 0.85 z^-1``.
        mae: mean absolute error, full scale.
        r2: coefficient of determination; 1 is perfect.
        mrstft: multi-resolution STFT distance, ``None`` where every stretch is too
            short for it.
    """

    esr: float
    esr_pre_emphasised: float
    mae: float
    r2: float
    mrstft: float | None


def evaluate(
    predictions: Sequence[NDArray[np.float32]], targets: Sequence[NDArray[np.float32]]
) -> Scores:
    """Score a prediction in one or several stretches, each of shape ``(samples,)``.

    The time-domain scores take all stretches as one signal; the MR-STFT is the mean over the
    stretches, weighted by length, so that no splice is heard in it.
    """
    prediction = np.concatenate(predictions).astype(np.float64)
    target = np.concatenate(targets).astype(np.float64)
    long = [
        (len(y), stft.mrstft(p, y))
        for p, y in zip(predictions, targets, strict=True)
        if len(y) >= stft.MIN_SAMPLES and y.any()
    ]
    weight = sum(length for length, _ in long)
    pre = [
        (time.pre_emphasise(p.astype(np.float64)), time.pre_emphasise(y.astype(np.float64)))
        for p, y in zip(predictions, targets, strict=True)
        if len(y) > 1
    ]
    return Scores(
        esr=float(time.esr(prediction, target)),
        esr_pre_emphasised=float(
            time.esr(np.concatenate([p for p, _ in pre]), np.concatenate([y for _, y in pre]))
        ),
        mae=float(time.mae(prediction, target)),
        r2=float(time.r2(prediction, target)),
        mrstft=sum(length * value for length, value in long) / weight if weight else None,
    )
