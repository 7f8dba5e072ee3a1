"""What one setting does, all others being the same.

Every pair of cells that differ in that setting only is compared training by training, seed by
seed, on the same audio. The lengths on one training's way are no independent witnesses: what comes
from the same two trainings is averaged first. Over these the differences in dB have a mean and an
interval: what the setting does here and there. Of three devices and more each is one witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from drywet.metrics.scores import Scores
from drywet.studies.estimate import Estimate, estimate
from drywet.studies.outcome import Outcome
from drywet.studies.results import LEAST_DEVICES, Cell

Figure = Callable[[Scores, Outcome], float | None]
"""A figure in dB of one training's scores."""
Witnesses = dict[tuple[str, str], list[float]]
"""Differences by the two trainings that they are from."""


@dataclass(frozen=True)
class Effect:
    """Change of a figure from one value of a setting to another; below 0 the second is less.

    Attributes:
        found: the mean over pairs of trainings and its uncertainty.
        pairs: how many cells were compared with their counterpart.
        trainings: how many pairs of trainings they are from.
        seeds: of each cell, the fewest.
        less: in how many pairs of trainings it is less with the second.
        ends: the least and the most of the means at single points, where their signs differ.
    """

    found: Estimate
    pairs: int
    trainings: int
    seeds: int
    less: int
    ends: tuple[float, float] | None = None


def effect(
    pairs: Sequence[tuple[Cell, Cell]],
    figure: Figure,
    limit: float = 0.0,
    same_audio: bool = True,
) -> Effect | None:
    """The effect over pairs ``(first, second)``; ``None`` where none can be compared.

    Args:
        pairs: cells that differ in the setting only.
        figure: of a training, in dB.
        limit: from which the change has to differ.
        same_audio: only cells that were scored on the same audio are compared.
    """
    compared = [
        (found, min(a.runs, b.runs))
        for a, b in pairs
        if (a.audio == b.audio or not same_audio) and (found := _between(a, b, figure))
    ]
    if not compared:
        return None
    together: Witnesses = {}
    for found, _ in compared:
        for trained, value in found.items():
            together.setdefault(trained, []).append(value)
    values = means(together.values())
    single = means(list(found.values()) for found, _ in compared)
    ends = (min(single), max(single))
    return Effect(
        estimate(values, limit), len(compared), len(values), min(seeds for _, seeds in compared),
        sum(value < 0 for value in values), ends if ends[0] < 0 < ends[1] else None,
    )  # fmt: skip


def _between(first: Cell, second: Cell, figure: Figure) -> dict[tuple[str, str], float]:
    """Differences by the seeds that both have."""
    theirs = second.by_seed
    found = {}
    for seed, (scores, outcome) in first.by_seed.items():
        if seed not in theirs:
            continue
        here, there = figure(scores, outcome), figure(*theirs[seed])
        if here is not None and there is not None:
            found[outcome.id, theirs[seed][1].id] = there - here
    return found


def over_devices(found: Iterable[Effect], limit: float = 0.0) -> Effect | None:
    """What an effect is on devices in general, each one witness; ``None`` for too few of them."""
    each = list(found)
    if len(each) < LEAST_DEVICES:
        return None
    return Effect(
        estimate([one.found.mean for one in each], limit), sum(one.pairs for one in each),
        len(each), min(one.seeds for one in each), sum(one.found.mean < 0 for one in each),
    )  # fmt: skip


def means(groups: Iterable[Sequence[float]]) -> list[float]:
    """The mean of each group."""
    return [float(np.mean(values)) for values in groups]


def error_db(scores: Scores, outcome: Outcome) -> float | None:
    """The error in all."""
    return decibel(scores.esr)


def decibel(ratio: float | None) -> float | None:
    """Of a ratio of energies; ``None`` of none."""
    return None if not ratio else 10 * float(np.log10(ratio))
