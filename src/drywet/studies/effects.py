"""What one setting does, all others being the same.

Every pair of cells that differ in that setting only is compared on the same seconds
(`drywet.metrics.statistics.compare`). The lengths on one training's way are no independent
witnesses: pairs from the same two trainings are averaged first. Over these the differences in dB
have a mean and, from three on, Student's interval for it: what the setting does here and there.
With fewer the widest interval of a single comparison stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from drywet.metrics.scores import Scores
from drywet.metrics.statistics import Comparison
from drywet.studies.results import Cell, against

_SHARE = 0.95
_LEAST_PAIRS = 3


class Interval(NamedTuple):
    """A mean difference in dB and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        known = f" ({self.low:+.1f} to {self.high:+.1f})" if np.isfinite(self.low) else ""
        return f"{self.mean:+.1f} dB{known}"

    @property
    def sign(self) -> int:
        """-1 or 1 where the interval is on one side of 0, else 0."""
        return -1 if self.high < 0 else 1 if self.low > 0 else 0


@dataclass(frozen=True)
class Effect:
    """Change of the error from one value of a setting to another; below 0 the second is closer.

    Attributes:
        esr: of the error in all.
        high: of the error over 8 kHz, ``None`` without such bands.
        pairs: how many cells were compared with their counterpart.
        trainings: how many pairs of trainings they are from.
        closer: in how many of them the second is closer beyond chance.
        farther: in how many the first is.
    """

    esr: Interval
    high: Interval | None
    pairs: int
    trainings: int
    closer: int
    farther: int


def effect(
    pairs: Sequence[tuple[Cell, Cell]], figure: Callable[[Scores], float | None]
) -> Effect | None:
    """The effect over pairs ``(first, second)``; ``None`` where none can be compared.

    Args:
        pairs: cells that differ in the setting only.
        figure: the second score that is followed, such as the error over 8 kHz.
    """
    compared = [(a, b, found) for a, b in pairs if (found := against(b, a)) is not None]
    if not compared:
        return None
    comparisons = [found for _, _, found in compared]
    errors: dict[tuple[tuple[str, ...], ...], list[float]] = {}
    highs: dict[tuple[tuple[str, ...], ...], list[float]] = {}
    for a, b, found in compared:
        trained = (a.trainings, b.trainings)
        errors.setdefault(trained, []).append(found.difference_db)
        here, there = a.mean(figure), b.mean(figure)
        if here and there:
            highs.setdefault(trained, []).append(10 * float(np.log10(there / here)))
    return Effect(
        _interval(means(errors.values()), comparisons),
        _interval(means(highs.values()), []) if highs else None,
        len(comparisons),
        len(errors),
        sum(c.decided and c.difference_db < 0 for c in comparisons),
        sum(c.decided and c.difference_db > 0 for c in comparisons),
    )


def means(groups: Iterable[Sequence[float]]) -> list[float]:
    """The mean of each group."""
    return [float(np.mean(values)) for values in groups]


def _interval(values: Sequence[float], single: Sequence[Comparison]) -> Interval:
    mean = float(np.mean(values))
    if len(values) >= _LEAST_PAIRS:
        return interval(values)
    if single:
        return Interval(mean, min(c.low_db for c in single), max(c.high_db for c in single))
    return Interval(mean, -np.inf, np.inf)


def interval(values: Sequence[float]) -> Interval:
    """Mean of differences in dB and Student's 95 % interval for it; of one, without end."""
    from scipy.special import stdtrit

    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Interval(mean, -np.inf, np.inf)
    reach = stdtrit(count - 1, (1 + _SHARE) / 2) * np.std(values, ddof=1) / np.sqrt(count)
    return Interval(mean, mean - float(reach), mean + float(reach))
