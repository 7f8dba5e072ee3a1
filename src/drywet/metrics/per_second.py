"""Scores second by second: a model may be good on the whole and bad where it matters.

The stretches are joined and cut into seconds (the scores taken here look at single samples, so
that no splice is heard); what is left at the end is a second of its own where it lasts half a
second, and goes with the last one where it doesn't. Ratios leave out seconds 40 dB and more
below the whole, where there is nothing to be right about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.floating]

_LEAST_SECONDS = 0.5
_QUIET = 1e-4  # of the whole's power


class Spread(NamedTuple):
    """How a score is spread over the seconds of a recording.

    Attributes:
        median: half of the seconds are better.
        p95: one second in twenty is worse.
        worst: the worst second.
    """

    median: float
    p95: float
    worst: float


class Second(NamedTuple):
    """Energies in one second, the stuff of which every comparison of two models is made.

    Attributes:
        error: sum of the squared error.
        signal: sum of the target's squares.
    """

    error: float
    signal: float


def cut(stretches: Sequence[Signal], rate: int) -> list[Signal]:
    """The seconds of a recording in stretches of shape ``(samples,)``; at least one."""
    joined = np.concatenate(stretches)
    whole, left = divmod(len(joined), rate)
    count = whole + (left >= _LEAST_SECONDS * rate)
    return np.split(joined, [rate * number for number in range(1, max(count, 1))])


def energies(predictions: Sequence[Signal], targets: Sequence[Signal], rate: int) -> list[Second]:
    """Error and signal energy of every second."""
    return [
        Second(float(np.sum((y - p) ** 2)), float(np.sum(y**2)))
        for p, y in zip(_double(cut(predictions, rate)), _double(cut(targets, rate)), strict=True)
    ]


def spread(
    score: Callable[[Signal, Signal], float],
    predictions: Sequence[Signal],
    targets: Sequence[Signal],
    rate: int,
    *,
    relative: bool = True,
    best_is_high: bool = False,
) -> Spread:
    """Median, 95th percentile and worst of a score over the seconds.

    Args:
        score: of a prediction and a target.
        predictions: stretches of shape ``(samples,)``.
        targets: likewise.
        rate: in Hz.
        relative: the score is a ratio to the target; quiet seconds are left out.
        best_is_high: 1 is better than 0, as for R².
    """
    pairs = list(zip(_double(cut(predictions, rate)), _double(cut(targets, rate)), strict=True))
    if relative:
        power = np.array([np.mean(y**2) for _, y in pairs])
        whole = np.sum(power * [len(y) for _, y in pairs]) / sum(len(y) for _, y in pairs)
        pairs = [pair for pair, p in zip(pairs, power, strict=True) if p >= _QUIET * whole]
    values = np.array([score(p, y) for p, y in pairs])
    if best_is_high:
        return Spread(*(float(v) for v in np.quantile(values, (0.5, 0.05, 0.0))))
    return Spread(*(float(v) for v in np.quantile(values, (0.5, 0.95, 1.0))))


def _double(seconds: Sequence[Signal]) -> list[NDArray[np.float64]]:
    return [second.astype(np.float64) for second in seconds]
