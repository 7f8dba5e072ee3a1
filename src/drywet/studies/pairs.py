"""Which points of a study can be held against each other: they differ in one thing only."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np

from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.windowed.config import WindowedConfig
from drywet.studies.claim import Pairs
from drywet.studies.results import Cell, key_of, value_of


def counterparts(cells: Iterable[Cell], name: str, differs: Callable[[Cell, Cell], bool]) -> Pairs:
    """Pairs of cells of one source that differ in one setting, as ``differs`` wants it."""
    together: dict[tuple[str, str, float | None], list[Cell]] = {}
    for cell in cells:
        key = (cell.source, key_of(cell.settings, name), cell.epochs)
        together.setdefault(key, []).append(cell)
    return [
        (a, b)
        for same in together.values()
        for a, b in itertools.permutations(same, 2)
        if differs(a, b)
    ]


def extremes(cells: Iterable[Cell], name: str) -> Pairs:
    """Cells that differ in a number only: of each such family the least and the most."""
    families: dict[tuple[str, str, float | None], list[Cell]] = {}
    for cell in cells:
        if value_of(cell, name) is not None:
            key = (cell.source, key_of(cell.settings, name), cell.epochs)
            families.setdefault(key, []).append(cell)
    return [
        (
            min(found, key=lambda cell: float(value_of(cell, name))),
            max(found, key=lambda cell: float(value_of(cell, name))),
        )
        for found in families.values()
        if len(found) > 1
    ]


def next_larger(cells: Iterable[Cell]) -> Pairs:
    """Every net and the next larger one of its kind."""
    larger = counterparts(
        cells, "model", lambda a, b: _kind(a) == _kind(b) and a.parameters < b.parameters
    )
    following: dict[int, int] = {}
    for a, b in larger:
        following[id(a)] = min(following.get(id(a), b.parameters), b.parameters)
    return [(a, b) for a, b in larger if b.parameters == following[id(a)]]


def _kind(cell: Cell) -> tuple[str, str]:
    """What must be the same for two models to differ in size alone."""
    model = cell.settings.model
    if not isinstance(model, RecurrentConfig | WindowedConfig):
        return (model.title, "")
    frame = f"{model.frame}" if isinstance(model, WindowedConfig) else f"skip {model.skip}"
    return (f"{model.kind} {model.cell}", frame)


def stretches(cells: Iterable[Cell]) -> tuple[Pairs, Pairs]:
    """Of every training its first and last length, and its middle and last one.

    The middle is the geometric one: not the least on the way, for that a curve ends above its
    least point is no finding.
    """
    families: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.epochs is not None:
            families.setdefault(key_of(cell.settings), []).append(cell)
    whole, late = [], []
    for found in families.values():
        ordered = sorted(found, key=lambda cell: cell.epochs or 0.0)
        if len(ordered) < 2:
            continue
        first, last = ordered[0].epochs or 1.0, ordered[-1].epochs or 1.0
        middle = min(
            ordered[:-1],
            key=lambda cell: abs(np.log((cell.epochs or 1.0) ** 2 / (first * last))),
        )
        whole.append((ordered[0], ordered[-1]))
        late.append((middle, ordered[-1]))
    return whole, late
