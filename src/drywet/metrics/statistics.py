"""What a difference between two models is worth: spreads over seeds, bootstrap over seconds.

Two models scored on the same seconds are compared second by second: the seconds are drawn
again with replacement (Efron 1979), and with several seeds per model the seeds too, each time
giving a ratio of errors; the middle 95 % of a thousand of them is the interval. A ratio whose
interval holds 0 dB is no difference that this audio and these seeds can show.
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


def _errors(runs: Sequence[Sequence[Second]]) -> NDArray[np.float64]:
    return np.array([[second.error for second in run] for run in runs])


def compare(first: Sequence[Sequence[Second]], second: Sequence[Sequence[Second]]) -> Comparison:
    """Compare two models, each by one run or by several with different seeds.

    Args:
        first: of each of its runs, the energies of all seconds.
        second: likewise, of the same seconds.

    Raises:
        ValueError: the runs were not scored on the same seconds.
    """
    signals = np.array([[s.signal for s in run] for run in (*first, *second)])
    if signals.ndim != 2 or not np.allclose(signals, signals[0], rtol=1e-6):
        raise ValueError("the runs were scored on different seconds")
    a, b = _errors(first), _errors(second)
    draw = np.random.default_rng(_SEED)
    count = a.shape[1]
    found = np.empty(DRAWS)
    for i in range(DRAWS):
        seconds = draw.integers(count, size=count)
        mine = a[draw.integers(len(a), size=len(a))][:, seconds]
        theirs = b[draw.integers(len(b), size=len(b))][:, seconds]
        found[i] = _ratio_db(mine, theirs)
    low, high = np.quantile(found, ((1 - _SHARE) / 2, (1 + _SHARE) / 2))
    return Comparison(_ratio_db(a, b), float(low), float(high), count)


def _ratio_db(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    return float(10 * np.log10(max(mine.mean(), 1e-300) / max(theirs.mean(), 1e-300)))
