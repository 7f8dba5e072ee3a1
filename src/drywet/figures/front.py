"""Accuracy against cost: which models are worth their price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    """ESR over nanoseconds per sample, the Pareto front drawn through.

    Args:
        points: nanoseconds per sample and ESR by name.
        colors: of each.
        size: in inches.
    """
    figure = canvas.new_figure(*size)
    axes = figure.subplots()
    line = [points[name] for name in pareto(points)]
    axes.plot(*zip(*line, strict=True), color=canvas.DRY, lw=1, ls="--", zorder=0)
    for name, (cost, error) in points.items():
        axes.plot(cost, error, "o", color=colors[name], ms=7)
        axes.annotate(
            canvas.plain(name), (cost, error), (5, 5), textcoords="offset points", fontsize=8
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("ns per sample, blocks of 64")
    axes.set_ylabel("ESR")
    axes.minorticks_off()
    axes.margins(x=0.25, y=0.2)
    axes.grid(alpha=0.25, which="both")
    return figure
