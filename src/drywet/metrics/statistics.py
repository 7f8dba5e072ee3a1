"""What a difference between two models is worth: spreads over seeds, bootstrap over seconds.

Two models scored on the same seconds are compared second by second: the seconds are drawn
again with replacement a thousand times (Efron 1979), each time giving a ratio of errors; the
middle 95 % are the interval. Where a model was trained with several seeds, each seed's error in
dB is one observation, and the interval is at least Welch's (1947) for the difference of two
means of them; a model of a single seed is taken to scatter as the other does. A ratio whose
interval holds 0 dB is no difference that this audio and these seeds can show. Between two
single runs it says nothing about other seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.metrics.per_second import Second

DRAWS = 1000
_SHARE = 0.95
LEAST_SECONDS = 6
"""With fewer even a difference of the same sign in all of them is chance in one case of twenty."""
_SEED = 20221123
_LEAST = 1e-300


class Summary(NamedTuple):
    """A score over several seeds.

    Attributes:
        mean: of the values.
        deviation: their standard deviation, with ``n - 1``; 0 for a single one.
        least: the lowest.
        most: the highest.
        runs: how many.
    """

    mean: float
    deviation: float
    least: float
    most: float
    runs: int


class Comparison(NamedTuple):
    """Error of one model over that of another, in dB; negative: the first is closer.

    Attributes:
        difference_db: ``10 log10`` of the ratio of their errors.
        low_db: lower end of the 95 % interval.
        high_db: its upper end.
        seconds: how many seconds were compared.
    """

    difference_db: float
    low_db: float
    high_db: float
    seconds: int

    @property
    def decided(self) -> bool:
        """Whether the difference is more than the noise."""
        return self.seconds >= LEAST_SECONDS and (self.low_db > 0 or self.high_db < 0)


def summary(values: Sequence[float]) -> Summary:
    """Mean and spread of at least one value."""
    found = np.asarray(values, float)
    deviation = float(found.std(ddof=1)) if len(found) > 1 else 0.0
    return Summary(
        float(found.mean()), deviation, float(found.min()), float(found.max()), len(found)
    )


def compare(first: Sequence[Sequence[Second]], second: Sequence[Sequence[Second]]) -> Comparison:
    """Compare two models, each by one run or by several with different seeds.

    Args:
        first: of each of its runs, the energies of all seconds.
        second: likewise, of the same seconds.

    Raises:
        ValueError: the runs were not scored on the same seconds.
    """
    if len({len(run) for run in (*first, *second)}) != 1:
        raise ValueError("the runs were scored on different seconds")
    signals = np.array([[s.signal for s in run] for run in (*first, *second)])
    if not np.allclose(signals, signals[0], rtol=1e-6):
        raise ValueError("the runs were scored on different seconds")
    a, b = _errors(first), _errors(second)
    draws = np.random.default_rng(_SEED).integers(a.shape[1], size=(DRAWS, a.shape[1]))
    mine, theirs = (errors.mean(axis=0)[draws].mean(axis=1) for errors in (a, b))
    low, high = np.quantile(_db(mine / theirs), ((1 - _SHARE) / 2, (1 + _SHARE) / 2))
    middle = float(_db(a.mean() / b.mean()))
    reach = _seeds_reach(_db(a.mean(axis=1)), _db(b.mean(axis=1)))
    return Comparison(
        middle, min(float(low), middle - reach), max(float(high), middle + reach), a.shape[1]
    )


def _errors(runs: Sequence[Sequence[Second]]) -> NDArray[np.float64]:
    return np.array([[second.error for second in run] for run in runs]) + _LEAST


def _db(ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(10 * np.log10(ratios))


def _seeds_reach(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Half the width of Welch's interval over seeds, 0 where both have one only."""
    from scipy.special import stdtrit

    counts = np.array([len(first), len(second)])
    if counts.max() < 2:
        return 0.0
    variances = np.array([v.var(ddof=1) if len(v) > 1 else np.nan for v in (first, second)])
    variances = np.where(np.isnan(variances), np.nanmax(variances), variances)
    parts = variances / counts
    if parts.sum() == 0:
        return 0.0
    freedom = float(counts.max() - 1)
    if counts.min() > 1:
        freedom = parts.sum() ** 2 / np.sum(parts**2 / (counts - 1))
    return float(stdtrit(freedom, (1 + _SHARE) / 2) * np.sqrt(parts.sum()))
