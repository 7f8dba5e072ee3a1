"""The error of a model with knobs, where they stood in its captures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PAIRS = 6
_DOT = 60.0


def knob_map(
    positions: Sequence[dict[str, float]],
    esr: Sequence[float],
    held_out: Sequence[bool],
    size: tuple[float, float],
) -> Figure:
    """A dot for every capture: its ESR over one knob, or as a colour over each two of several.

    Args:
        positions: of the knobs, in their own units.
        esr: at each.
        held_out: not learned from: the dot is a ring.
        size: in inches.
    """
    figure = canvas.new_figure(*size)
    names = list(positions[0])
    if len(names) == 1:
        axes = figure.subplots()
        for at, error, new in zip(positions, esr, held_out, strict=True):
            _dot(axes, at[names[0]], error, canvas.PREDICTION, new)
        axes.set_yscale("log")
        axes.set_xlabel(names[0])
        axes.set_ylabel("ESR")
        return figure
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, to_hex

    pairs = list(combinations(names, 2))[:_MOST_PAIRS]
    panels = figure.subplots(len(pairs), 1, squeeze=False)[:, 0]
    scale = LogNorm(min(esr), max(*esr, 1.01 * min(esr)))
    colors = colormaps["viridis_r"]
    for axes, (across, up) in zip(panels, pairs, strict=True):
        for at, error, new in zip(positions, esr, held_out, strict=True):
            _dot(axes, at[across], at[up], to_hex(colors(scale(error))), new)
        axes.set_xlabel(across)
        axes.set_ylabel(up)
    bar = figure.colorbar(ScalarMappable(scale, colors), ax=list(panels))
    bar.set_label("ESR")
    return figure


def _dot(axes: Axes, x: float, y: float, color: str, ring: bool) -> None:
    axes.scatter(
        [x], [y], s=_DOT, facecolors="none" if ring else color, edgecolors=color, linewidths=2
    )
