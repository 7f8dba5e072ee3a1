"""What each knob does to level and harmonics, the model's over the device's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 2.6  # inches
_RANGE_DB = 80.0

Curve = tuple[float, Sequence[float], Sequence[float]]
"""Position of a knob; RMS out for each level in; peaks of the harmonics from the first on. dBFS."""


def along_knobs(
    model: dict[str, Sequence[Curve]],
    device: dict[str, Sequence[Curve]],
    levels_db: Sequence[float],
    width: float = canvas.CARD[0],
) -> Figure:
    """A row for every knob: level out over level in, and harmonics over the knob's way.

    Args:
        model: curves by knob, from end to end.
        device: the same of the device, drawn dashed; none where it is not known.
        levels_db: peaks in dBFS of the sines that went in.
        width: of the figure, in inches.
    """
    from matplotlib import colormaps

    figure = canvas.new_figure(width, 0.4 + _ROW * len(model))
    rows = figure.subplots(len(model), 2, squeeze=False)
    shades = colormaps["viridis"]
    for (left, right), (name, curves) in zip(rows, model.items(), strict=True):
        for own, style in ((curves, "-"), (device.get(name, ()), "--")):
            for number, (position, out, _) in enumerate(own):
                color = shades(0.9 * number / max(len(own) - 1, 1))
                label = f"{position:.3g}" if style == "-" else None
                left.plot(levels_db, out, style, color=color, lw=1.4, label=label)
            _harmonics(right, own, style)
        drawn = [*curves, *device.get(name, ())]
        _reach(left, [level for _, out, _ in drawn for level in out])
        _reach(right, [peak for _, _, peaks in drawn for peak in peaks])
        left.set_ylabel("RMS out, dBFS")
        right.set_ylabel("peak, dBFS")
        left.set_xlabel("peak in, dBFS")
        right.set_xlabel(name)
        left.legend(frameon=False, fontsize=7, title=name, title_fontsize=7)
        right.legend(frameon=False, fontsize=7, title="harmonic", title_fontsize=7, ncols=2)
        for axes in (left, right):
            axes.grid(alpha=0.25)
    return figure


def _harmonics(axes: Axes, curves: Sequence[Curve], style: str) -> None:
    """A line for every harmonic."""
    most = min((len(peaks) for _, _, peaks in curves), default=0)
    for number in range(most):
        places = [position for position, _, _ in curves]
        heights = [peaks[number] for _, _, peaks in curves]
        label = f"{number + 1}" if style == "-" else None
        axes.plot(places, heights, style, color=canvas.BANDS[number], lw=1.4, label=label)


def _reach(axes: Axes, levels: Sequence[float]) -> None:
    """No more of the axis than can be heard: a knob at its end may silence everything."""
    top = max(levels)
    axes.set_ylim(max(min(levels), top - _RANGE_DB) - 3, top + 3)
