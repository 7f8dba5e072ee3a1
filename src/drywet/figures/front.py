"""Accuracy against cost: which models are worth their price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINE_INCHES = 0.14
_BELOW_INCHES = 0.6  # the axis and its label


def pareto(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """The points that no other beats in one thing without losing in the other, cheapest first.

    Args:
        points: cost and error by name.
    """
    best = float("inf")
    front = []
    for name, (_, error) in sorted(points.items(), key=lambda item: item[1]):
        if error < best:
            best = error
            front.append(name)
    return front


def front(
    points: Mapping[str, tuple[float, float]],
    colors: Mapping[str, str],
    size: tuple[float, float] = canvas.CARD,
) -> Figure:
    """ESR over nanoseconds per sample, the Pareto front drawn through, the names in a column.

    Args:
        points: nanoseconds per sample and ESR by name.
        colors: of each.
        size: in inches; higher where the names want it.
    """
    width, height = size
    height = max(height, len(points) * _LINE_INCHES + _BELOW_INCHES)
    figure = canvas.new_figure(width, height)
    axes = figure.subplots()
    line = [points[name] for name in pareto(points)]
    axes.plot(*zip(*line, strict=True), color=canvas.DRY, lw=1, ls="--", zorder=0)
    for name, (cost, error) in points.items():
        axes.plot(cost, error, "o", color=colors[name], ms=6)
    for axis in ("x", "y"):
        canvas.log_scale(axes, axis)
    axes.set_xlabel("ns per sample, blocks of 64")
    axes.set_ylabel("ESR")
    axes.margins(x=0.08, y=0.08)
    axes.grid(alpha=0.25)
    names = sorted(points, key=lambda name: points[name][1])
    low, high = np.log(axes.get_ylim())
    beside = (np.log([points[name][1] for name in names]) - low) / (high - low)
    for name, y in zip(names, apart(beside, _LINE_INCHES / (height - _BELOW_INCHES)), strict=True):
        axes.annotate(
            canvas.plain(name), points[name], (1.05, y), textcoords="axes fraction",
            fontsize=8, va="center", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "color": colors[name], "relpos": (0, 0.5)},
        )  # fmt: skip
    return figure


def apart(places: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Places moved as little as can be (squares summed) so that none is too near the next.

    Args:
        places: from 0 to 1, rising.
        least: distance between two; less where they would not fit.
    """
    from scipy.optimize import isotonic_regression

    steps = np.arange(len(places)) * min(least, 1 / max(len(places) - 1, 1))
    moved = np.clip(isotonic_regression(places - steps).x, 0, 1 - steps[-1])
    return np.asarray(moved + steps)
