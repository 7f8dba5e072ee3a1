"""One look for all figures, and their way to disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from drywet.storage import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRY = "#8a8a8a"
TARGET = "#1f6fb4"
PREDICTION = "#d9662b"
RESIDUAL = "#9a2f55"
BANDS = ("#8d6fd1", "#3f7fbf", "#21918c", "#5ec962", "#c8a900", "#d9662b")
"""Low to high."""

CARD = (4.8, 3.0)
"""Inches of a figure that must be readable on a phone."""

# Where a logarithmic axis has numbers in each decade: of many decades, and of less than one.
_TICKS_FAR = (1.0, 2.0, 5.0)
_TICKS_NEAR = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)


def plain(text: str) -> str:
    """A name as it is, where matplotlib would read mathematics or leave it out of a legend."""
    escaped = text.replace("$", r"\$")
    return f"\u200b{escaped}" if escaped.startswith("_") else escaped


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of ``width`` by ``height`` inches, laid out by itself."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")


def log_scale(axes: Axes, axis: Literal["x", "y"]) -> None:
    """A logarithmic axis of what is drawn so far, with numbers over less than a decade, too."""
    from matplotlib.ticker import LogLocator, NullLocator

    axes.set(**{f"{axis}scale": "log"})
    one = axes.xaxis if axis == "x" else axes.yaxis
    low, high = one.get_view_interval()
    one.set_major_locator(LogLocator(subs=_TICKS_FAR if high > 10 * low else _TICKS_NEAR))
    one.set_major_formatter(lambda value, place: f"{value:g}")
    one.set_minor_locator(NullLocator())


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, atomically."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary)
