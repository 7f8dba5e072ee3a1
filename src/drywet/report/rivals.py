"""Models side by side: told apart by name, and each against the closest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drywet.metrics.statistics import Comparison, compare
from drywet.report.contender import Contender


def names_of(paths: Sequence[Path], depth: int = 1) -> list[str]:
    """Names of resolved folders, with as much of what is above as tells them apart."""
    names = ["/".join(path.parts[-depth:]) for path in paths]
    longest = max(len(path.parts) for path in paths)
    if len(set(names)) < len(set(paths)) and depth < longest:
        return names_of(paths, depth + 1)
    return names


def against_the_best(contenders: list[Contender]) -> list[Contender]:
    """Each against the closest of those that were scored on the same audio."""
    kinds: list[list[Contender]] = []
    for one in contenders:
        same = next((kind for kind in kinds if compared([one], kind[:1]) is not None), None)
        if same is None:
            kinds.append([one])
        else:
            same.append(one)
    placed = {}
    for number, kind in enumerate(kinds):
        best = min(kind, key=lambda one: one.evaluation.esr)
        for one in kind:
            against = None if one is best else compared([one], [best])
            placed[one.path] = replace(one, audio=number, against_best=against)
    return [placed[one.path] for one in contenders]


def compared(first: Sequence[Contender], second: Sequence[Contender]) -> Comparison | None:
    """The comparison, ``None`` where they were not scored on the same seconds."""
    try:
        return compare(
            [one.evaluation.by_second for one in first],
            [one.evaluation.by_second for one in second],
        )
    except ValueError:
        return None
