"""The figures of a study: what data and epochs buy, what they cost in treble, and the front."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from drywet.figures import canvas
from drywet.figures.front import front
from drywet.metrics.scores import Scores
from drywet.studies.results import (
    Cell,
    Results,
    closest,
    high_error,
    mean_cost,
    mean_esr,
    on_all,
)  # fmt: skip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLORS = ("#3f7fbf", "#8d6fd1", "#21918c", "#5a8f29", "#d9662b", "#9a2f55", "#c8a900", "#8a8a8a")
_MOST_LINES = len(_COLORS)


def pictures(results: Results) -> dict[str, tuple[Figure, str]]:
    """Figures by the name of their file, each with what it shows."""
    found: dict[str, tuple[Figure, str]] = {}
    for number, source in enumerate(results.plan.sources):
        cells = results.of(source.name)
        for what, figure, label in (
            ("esr", lambda s: s.esr, "ESR"),
            ("high", high_error, "error over 8 kHz"),
        ):
            drawn = _by_length(cells, figure, label)
            if drawn is not None:
                text = f"{source.name}: {label} by epochs, at the largest training set"
                found[f"{number}-{what}-epochs"] = (drawn, text)
        drawn = _by_data(cells)
        if drawn is not None:
            found[f"{number}-esr-data"] = (drawn, f"{source.name}: ESR by size of training set")
        drawn = _front(cells)
        if drawn is not None:
            found[f"{number}-front"] = (drawn, f"{source.name}: what accuracy costs to run")
    priced = {
        title: (cost, mean_esr(cells))
        for title, cells in on_all(results).items()
        if (cost := mean_cost(cells)) is not None
    }
    if len(priced) > 1:
        text = (
            f"All {len(results.plan.sources)} devices: what accuracy costs to run (geometric mean)"
        )
        found["front"] = (_drawn_front(priced), text)
    return found


def _lines(
    series: dict[str, list[tuple[float, float]]], x: str, y: str, ticks: list[float]
) -> Figure | None:
    series = {name: sorted(line) for name, line in series.items() if len(line) > 1}
    if not series:
        return None
    figure = canvas.new_figure(*canvas.CARD)
    axes = figure.subplots()
    for color, (name, line) in zip(_COLORS, list(series.items())[:_MOST_LINES], strict=False):
        axes.plot(*zip(*line, strict=True), "o-", ms=3, lw=1.2, color=color, label=name)
    canvas.log_scale(axes, "x")
    canvas.log_scale(axes, "y")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_xticks(ticks, [_short(tick) for tick in ticks])
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7, frameon=False)
    return figure


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _by_length(
    cells: list[Cell], figure: Callable[[Scores], float | None], label: str
) -> Figure | None:
    cells = [c for c in cells if c.epochs is not None and len(c.settings.training.milestones) > 1]
    most: dict[str, float] = {}
    for cell in cells:
        most[cell.title] = max(most.get(cell.title, 0.0), cell.data)
    series: dict[str, list[tuple[float, float]]] = {}
    for cell in cells:
        value = cell.mean(figure)
        if cell.data == most[cell.title] and value is not None:
            # Not all may have come as far.
            name = f"{cell.title}, {_short(cell.data)}"
            series.setdefault(name, []).append((cell.epochs or 0.0, value))
    return _lines(series, "epochs", label, sorted({c.epochs or 0.0 for c in cells}))


def _by_data(cells: list[Cell]) -> Figure | None:
    """The longest training of each size."""
    last: dict[tuple[str, float], Cell] = {}
    for cell in cells:
        if cell.settings.training.examples is None:
            continue
        before = last.get((cell.title, cell.data))
        if before is None or (cell.epochs or 0) > (before.epochs or 0):
            last[cell.title, cell.data] = cell
    series: dict[str, list[tuple[float, float]]] = {}
    for (title, data), cell in last.items():
        series.setdefault(title, []).append((data, cell.esr))
    return _lines(series, "frames learned from", "ESR", sorted({data for _, data in last}))


def _front(cells: list[Cell]) -> Figure | None:
    best: dict[str, tuple[float, float]] = {}
    for cell in closest(cells):
        if cell.ns_per_sample is not None:
            best[cell.title] = (cell.ns_per_sample, cell.esr)
    return _drawn_front(best) if len(best) > 1 else None


def _drawn_front(points: dict[str, tuple[float, float]]) -> Figure:
    colors = {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(points)}
    return front(points, colors)
