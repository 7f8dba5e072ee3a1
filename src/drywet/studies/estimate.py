"""A figure with its uncertainty, and what many of them may be said to show together.

A mean of differences has Student's interval; a figure whose spread a bootstrap has found has the
normal one. Of many figures that are held against a limit at once, Holm's procedure (A simple
sequentially rejective multiple test procedure, 1979) says which differ from it, with at most one
chance in twenty that any of them is wrong: the surest must pass at 0.05 / n, the next at
0.05 / (n - 1), up to the first that does not. Each one's interval is drawn for the level at which
it was tested, so that it leaves the limit out just where the test does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, sqrt
from typing import NamedTuple

import numpy as np

WRONG = 0.05
"""The chance that any of all answers of a study is wrong, where nothing is to be found."""
_MOST_SEEDS = 1000


class Interval(NamedTuple):
    """A figure and the ends of its interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        known = f" ({self.low:+.1f} to {self.high:+.1f})" if np.isfinite(self.low) else ""
        return f"{self.mean:+.1f} dB{known}"


@dataclass(frozen=True)
class Estimate:
    """A figure, how sure it is, and what it is held against.

    Attributes:
        mean: the figure.
        error: its standard error; infinite where a single observation tells nothing of it.
        count: of independent observations.
        freedom: Student's degrees of freedom; infinite for a normal one.
        limit: from which it has to differ.
    """

    mean: float
    error: float
    count: int
    freedom: float
    limit: float = 0.0

    @property
    def chance(self) -> float:
        """Of a figure as far from the limit or farther, were the limit true (two-sided)."""
        from scipy.special import stdtr

        if not self.error < inf:
            return 1.0
        if self.error == 0:
            return 1.0 if self.mean == self.limit else 0.0
        away = abs(self.mean - self.limit) / self.error
        return float(2 * stdtr(self.freedom, -away))

    def interval(self, level: float) -> Interval:
        """The figure and the interval that leaves out what has a chance under ``level``."""
        return Interval(self.mean, self.mean - self._reach(level), self.mean + self._reach(level))

    def sign(self, level: float) -> int:
        """-1 or 1 where the interval is on one side of the limit, else 0."""
        found = self.interval(level)
        return -1 if found.high < self.limit else 1 if found.low > self.limit else 0

    def wanted(self, level: float) -> int | None:
        """Observations that would do for a figure and a scatter such as these.

        ``None`` where no number up to a thousand would, or nothing is known of the scatter.
        """
        if not self.error < inf or self.mean == self.limit:
            return None
        scatter = self.error * sqrt(self.count)
        for count in range(2, _MOST_SEEDS + 1):
            freedom = count - 1 if self.freedom < inf else inf
            if replace(self, error=scatter / sqrt(count), freedom=freedom).sign(level):
                return count
        return None

    def _reach(self, level: float) -> float:
        from scipy.special import stdtrit

        if not self.error < inf:
            return inf
        return float(stdtrit(self.freedom, 1 - level / 2)) * self.error


def estimate(values: Sequence[float], limit: float = 0.0) -> Estimate:
    """The mean of independent observations, at least one."""
    count = len(values)
    error = float(np.std(values, ddof=1)) / sqrt(count) if count > 1 else inf
    return Estimate(float(np.mean(values)), error, count, count - 1, limit)


def levels(estimates: Sequence[Estimate], wrong: float = WRONG) -> list[float]:
    """For each of many figures the chance of error it is allowed (Holm 1979).

    Those of a single observation are no tests and take nothing from the others.
    """
    tested = [i for i, one in enumerate(estimates) if one.error < inf]
    order = sorted(tested, key=lambda i: estimates[i].chance)
    found, level = [wrong] * len(estimates), 0.0
    stopped = False
    for place, number in enumerate(order):
        if not stopped:
            level = wrong / (len(order) - place)
            stopped = estimates[number].chance > level
        found[number] = level
    return found


def seeds_wanted(found: Estimate, level: float, seeds: int) -> int | None:
    """Seeds of each training that would decide, given as many now; ``None`` where unknown."""
    wanted = found.wanted(level)
    return None if wanted is None else max(ceil(wanted * seeds / found.count), seeds + 1)
