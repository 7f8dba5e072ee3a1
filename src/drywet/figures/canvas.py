"""One look for all figures, and their way to disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drywet.storage import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#222222"
DRY = "#8a8a8a"
TARGET = "#1f6fb4"
PREDICTION = "#d9662b"
RESIDUAL = "#9a2f55"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of ``width`` by ``height`` inches, laid out by itself."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, atomically."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary)
