"""At which positions of its knobs to record a device: each knob at many places of its way.

What a knob does between two of its positions nothing tells: a gain may rise as much over the first
tenth of its way as over all the rest. So positions, after a few corners, are spread over the way of
each knob, not over the whole of them alone: each is, of a grid, the one with the least sum over
those before it of 1 / prod_k ((x_k - y_k)^2 + a little) (a maximum projection design: Joseph, Gul
and Ba, Biometrika 102, 2015), in which few have a knob alike. Bass, middle and treble are turned
one at a time, the others in the middle; where they are among the knobs there are no corners.

A tone or a level is a filter behind the distortion on most devices, and a few recordings that
differ in it alone tell what it does everywhere (`drywet.dsp.knob_filter`). So where there is such a
knob, and captures enough, there are no corners: the middle and two of the others come first, then
each such knob alone at its ends, two of the others, then each alone once more on either side. A
gain has its positions closer together where it begins: there it changes most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, product, repeat

import numpy as np
from numpy.typing import NDArray

from drywet.captures.knob_names import GAINS, LEVELS, filter_controls, tone_controls
from drywet.trained.knob_range import NOON, KnobRange

_STEP, _FINE_STEP = 0.05, 0.01  # of a knob's way that can be set by eye, and alone with care
_MARKS = (11, 9, 7, 5, 3)  # of each knob, as many as can be; eleven are 0 to 10, or hours
_CORNERS = 4
_TONE_MARKS = ((0.0, 1.0), (0.1, 0.9))
_LEVEL_MARKS = ((0.1, 1.0), (0.3, 0.8))  # turned down there is nothing to hear
_OTHERS = 2  # positions of the other knobs before any is turned alone, and before it is again
_CLOSE = 0.05  # of a knob's way: positions as close as that tell the same of it
_FINE = 33  # positions of a knob alone
_MOST_POINTS = 80_000
_INSIDE = 0.1  # of a knob's way, from its ends
_FAR = 0.01  # of a turn's length against that a knob is turned at all

Doubles = NDArray[np.float64]


def propose(knobs: Sequence[KnobRange], captures: int) -> list[dict[str, float]]:
    """Positions to record, in the order with the least turning of knobs.

    Args:
        knobs: of the device, up to seven.
        captures: how many to record.

    Returns:
        As many, in the knobs' own units; fewer where the knobs have no more.
    """
    return _in_units(knobs, _least_turning(_spread(knobs, captures)))


def by_worth(knobs: Sequence[KnobRange], captures: int) -> list[dict[str, float]]:
    """The same positions, each after those that tell more: the first few are a proposal, too."""
    return _in_units(knobs, _spread(knobs, captures))


def between(knobs: Sequence[KnobRange], count: int) -> list[dict[str, float]]:
    """Positions to score at, away from the ends and spread evenly, whatever was recorded.

    The additive sequence of the generalised golden ratio (M. Roberts, "The unreasonable
    effectiveness of quasirandom sequences", 2018). A switch is at one of its steps.

    Args:
        knobs: of the device.
        count: how many.
    """
    ratio = 2.0
    for _ in range(64):  # x^(knobs + 1) = x + 1
        ratio = (1 + ratio) ** (1 / (len(knobs) + 1))
    found = []
    for number in range(1, count + 1):
        at = {}
        for place, knob in enumerate(knobs, 1):
            share = _INSIDE + (1 - 2 * _INSIDE) * ((0.5 + number * ratio**-place) % 1)
            position = round(knob.position(share), 6)
            at[knob.name] = min(knob.steps or (position,), key=lambda step: abs(step - position))
        found.append(at)
    return found


def _spread(knobs: Sequence[KnobRange], captures: int) -> list[Doubles]:
    """Shares of their ways, those that tell more first."""
    filters = _filters(knobs)
    if filters and 1 + _OTHERS + 2 * len(filters) > captures:
        filters = []
    grid = candidates(knobs, max(captures, 2))
    for knob in filters:  # what is between the marks is moved to the ends
        low, high = _marks(knobs[knob])[1]
        grid = grid[(low <= grid[:, knob]) & (grid[:, knob] <= high)]
    corners = ((grid == grid.min(axis=0)) | (grid == 1)).all(axis=1)
    gains = np.array([_is_gain(knob) for knob in knobs])
    close = np.full(len(knobs), _CLOSE)
    close[filters] = 1.0  # what they do is known from where they are alone
    nearest, crowded = np.full(len(grid), np.inf), np.zeros(len(grid))
    found: list[Doubles] = []
    for given in islice(_alone(knobs, filters), captures):
        if given is None and not nearest.any():
            break
        if given is not None:
            one = given
        elif not filters and len(found) < min(_CORNERS, corners.sum()):
            # By distance alone: corners with every knob apart may turn two knobs as one.
            one = grid[np.argmax(np.where(corners, nearest, 0.0))]
        else:
            one = grid[np.argmin(np.where(nearest > 0, crowded, np.inf))]
        apart = grid - one
        along = np.sqrt(grid) - np.sqrt(one)  # a gain's way in loudness, about
        apart = np.where(gains & (np.abs(along) > np.abs(apart)), along, apart)
        nearest = np.minimum(nearest, np.linalg.norm(apart, axis=1))
        if given is None or not found:  # of those alone the first stands for all
            crowded += 1 / np.prod(apart**2 + close**2, axis=1)
        found.append(one)
    return found


def _is_gain(knob: KnobRange) -> bool:
    return knob.name.lower() in GAINS and not knob.steps


def _filters(knobs: Sequence[KnobRange]) -> list[int]:
    """Knobs beside others that are turned alone."""
    named = filter_controls([knob.name for knob in knobs]) if len(knobs) > 1 else ()
    return [i for i in named if not knobs[i].steps]


def _marks(knob: KnobRange) -> tuple[tuple[float, float], ...]:
    """Where it is turned alone, first and later."""
    return _LEVEL_MARKS if knob.name.lower() in LEVELS else _TONE_MARKS


def _alone(knobs: Sequence[KnobRange], filters: Sequence[int]) -> Iterator[Doubles | None]:
    """Positions at which the filters are turned alone, ``None`` for each that is between."""
    first, later = (
        [_with(len(knobs), i, mark) for i in filters for mark in _marks(knobs[i])[turn]]
        for turn in (0, 1)
    )
    if filters:
        others = (None,) * _OTHERS
        yield from chain([_with(len(knobs), 0, NOON)], others, first, others, later)
    yield from repeat(None)


def _with(count: int, knob: int, share: float) -> Doubles:
    """All knobs in the middle but one."""
    found = np.full(count, NOON)
    found[knob] = share
    return found


def _in_units(knobs: Sequence[KnobRange], rows: Sequence[Doubles]) -> list[dict[str, float]]:
    return [
        {knob.name: round(knob.position(float(s)), 6) for knob, s in zip(knobs, row, strict=True)}
        for row in rows
    ]


def candidates(knobs: Sequence[KnobRange], alone: int = _FINE) -> Doubles:
    """All positions that may be proposed, 0 to 1, ``(points, knobs)``; so many of one alone."""
    controls = tone_controls([knob.name for knob in knobs]) or ()
    others = [i for i in range(len(knobs)) if i not in controls]
    for marks in _MARKS if len(knobs) > 1 else (alone,):
        step = _STEP if len(knobs) > 1 else _FINE_STEP
        steps = [tuple(map(knob.share, knob.steps)) or _free(knob, marks, step) for knob in knobs]
        tones = [
            row
            for row in product(*(steps[i] for i in controls))
            if sum(share != NOON for share in row) <= 1
        ]
        if len(tones) * np.prod([len(steps[i]) for i in others], dtype=float) <= _MOST_POINTS:
            break
    rows = [(*tone, *rest) for tone in tones for rest in product(*(steps[i] for i in others))]
    return np.array(rows)[:, np.argsort([*controls, *others])]


def _free(knob: KnobRange, marks: int, step: float) -> tuple[float, ...]:
    """Positions of a knob that turns freely, 0 to 1, as many or a few less."""
    even = np.linspace(0, 1, marks)
    if knob.name.lower() in LEVELS:
        even[0] = _LEVEL_MARKS[0][0]
    if not _is_gain(knob):
        return tuple(even.round(6))
    return tuple(np.unique((np.round(even**2 / step) * step).round(6)))


def _least_turning(points: Sequence[Doubles]) -> list[Doubles]:
    """From each to the nearest that is left, then exchanged as long as it gets shorter (2-opt)."""
    left = list(points)
    path = [left.pop(0)] if left else []
    while left:
        nearest = min(range(len(left)), key=lambda i: _turning(path[-1], left[i]))
        path.append(left.pop(nearest))
    better = True
    while better:
        better = False
        for i in range(1, len(path) - 1):
            for j in range(i + 1, len(path)):
                behind = path[j + 1] if j + 1 < len(path) else None
                now = _turning(path[i - 1], path[i])
                then = _turning(path[i - 1], path[j])
                if behind is not None:
                    now += _turning(path[j], behind)
                    then += _turning(path[i], behind)
                if then < now - 1e-9:
                    path[i : j + 1] = path[i : j + 1][::-1]
                    better = True
    return path


def _turning(one: Doubles, other: Doubles) -> float:
    """Knobs that are turned, and a little for how far."""
    moved = np.abs(one - other)
    return float((moved > 0).sum() + _FAR * moved.sum())
