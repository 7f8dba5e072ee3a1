"""The error of a model with knobs, where they stood in its captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PAIRS = 6
_DOT = 60.0
_MARGIN = 0.05  # of a knob's way


def knob_map(
    positions: Sequence[dict[str, float]],
    esr: Sequence[float],
    held_out: Sequence[bool],
    ends: Mapping[str, tuple[float, float]],
    size: tuple[float, float],
) -> Figure:
    """A dot for every capture: its ESR over one knob, or as a colour over each two of several.

    Args:
        positions: of the knobs, in their own units.
        esr: at each.
        held_out: not learned from: the dot is a ring.
        ends: of each knob; those that are not among them are not drawn.
        size: in inches.
    """
    figure = canvas.new_figure(*size)
    names = [name for name in positions[0] if name in ends]
    if len(names) == 1:
        axes = figure.subplots()
        for at, error, new in zip(positions, esr, held_out, strict=True):
            _dot(axes, at[names[0]], error, canvas.PREDICTION, new)
        axes.set_yscale("log")
        _reach(axes.set_xlim, ends[names[0]])
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
        # Where others lie behind one in this projection, they show around it; the worst is on top.
        behind = Counter((at[across], at[up]) for at in positions)
        worst_last = sorted(zip(positions, esr, held_out, strict=True), key=lambda one: one[1])
        for at, error, new in worst_last:
            place = (at[across], at[up])
            _dot(axes, *place, to_hex(colors(scale(error))), new, behind[place])
            behind[place] -= 1
        _reach(axes.set_xlim, ends[across])
        _reach(axes.set_ylim, ends[up])
        axes.set_xlabel(across)
        axes.set_ylabel(up)
    bar = figure.colorbar(ScalarMappable(scale, colors), ax=list(panels))
    bar.set_label("ESR")
    return figure


def _reach(limit: Callable[[float, float], object], ends: tuple[float, float]) -> None:
    """An axis from end to end of a knob, the dots there whole."""
    margin = _MARGIN * (ends[1] - ends[0])
    limit(ends[0] - margin, ends[1] + margin)


def _dot(axes: Axes, x: float, y: float, color: str, ring: bool, times: int = 1) -> None:
    axes.scatter(
        [x], [y], s=_DOT * times, facecolors="none" if ring else color, edgecolors=color,
        linewidths=2,
    )  # fmt: skip
