"""Errors in the time domain.

Conventions: ``prediction`` and ``target`` are arrays of equal shape, in full
scale (1.0 = 0 dBFS); every sample counts alike, whatever the shape. NumPy
arrays and torch tensors both work (the losses use these very functions), and
what comes back is a scalar of the same library.

* ESR, error-to-signal ratio: Wright, Damskaegg and Valimaki, "Real-time
  black-box modelling with recurrent neural networks", DAFx 2019, eq. 5. It is 0
  for a perfect prediction and 1 for silence.
* Pre-emphasis ``1 - 0.85 z^-1`` before the ESR: Wright and Valimaki,
  "Perceptual loss function for neural modeling of audio systems", ICASSP 2020.
* R², the coefficient of determination; for a target of zero mean it is
  ``1 - ESR``.
"""

from __future__ import annotations

import math
from typing import Any

PRE_EMPHASIS = 0.85
# A silent target has no energy to divide by; this is -200 dBFS per sample.
_SILENCE = 1e-20


def _validate(prediction: Any, target: Any) -> None:
    if prediction.shape != target.shape:
        raise ValueError(f"prediction has shape {prediction.shape}, target {target.shape}")
    if 0 in target.shape:
        raise ValueError("prediction and target hold no samples")


def esr(prediction: Any, target: Any) -> Any:
    """Error-to-signal ratio ``sum((y - p)²) / sum(y²)``; 0 is perfect, 1 is silence."""
    _validate(prediction, target)
    floor = _SILENCE * math.prod(target.shape)
    return ((target - prediction) ** 2).sum() / ((target**2).sum() + floor)


def pre_emphasise(samples: Any, coefficient: float = PRE_EMPHASIS) -> Any:
    """First-order high-pass ``y[n] = x[n] - c x[n-1]`` along axis 0 of a 1-D array.

    For a 2-D or 3-D array the time axis is axis 1, as ``(batch, samples, ...)``.
    The first sample, which has no predecessor, is dropped.
    """
    if samples.ndim == 1:
        return samples[1:] - coefficient * samples[:-1]
    return samples[:, 1:] - coefficient * samples[:, :-1]


def mae(prediction: Any, target: Any) -> Any:
    """Mean absolute error, in full scale."""
    _validate(prediction, target)
    return abs(target - prediction).mean()


def r2(prediction: Any, target: Any) -> Any:
    """Coefficient of determination; 1 is perfect, 0 is the target's mean."""
    _validate(prediction, target)
    return 1 - esr(prediction - target.mean(), target - target.mean())


def dc(prediction: Any, target: Any) -> Any:
    """Squared mean error over the target's mean power (the DC term of Wright 2019, eq. 6)."""
    _validate(prediction, target)
    return (target - prediction).mean() ** 2 / ((target**2).mean() + _SILENCE)
