"""Static and dynamic transfer curves, the model's over the device's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drywet.figures import canvas
from drywet.metrics import transfer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def transfer_curve(
    systems: Mapping[str, transfer.Transfer],
    colors: Mapping[str, str],
    trained_peak_dbfs: float | None = None,
    size: tuple[float, float] = canvas.CARD,
) -> Figure:
    """Level out over level in, and output over input along one period.

    Args:
        systems: curves by name.
        colors: of each.
        trained_peak_dbfs: of what the model learned from, to be marked.
        size: in inches.
    """
    figure = canvas.new_figure(*size)
    left, right = figure.subplots(1, 2)
    for name, curves in systems.items():
        left.plot(*zip(*curves.static, strict=True), color=colors[name], lw=1.6, label=name)
        closed = [*curves.dynamic, curves.dynamic[0]]
        right.plot(*zip(*closed, strict=True), color=colors[name], lw=1.6)
    if trained_peak_dbfs is not None:
        left.axvline(trained_peak_dbfs, color=canvas.DRY, lw=1, ls=":")
    left.set_title(f"level, {transfer.STATIC_HZ:.0f} Hz", loc="left", fontsize=9)
    left.set_xlabel("peak in, dBFS")
    left.set_ylabel("RMS out, dBFS")
    left.legend(frameon=False, fontsize=8)
    note = f"{transfer.DYNAMIC_HZ:.0f} Hz at {transfer.DYNAMIC_LEVEL_DB:.0f} dBFS"
    right.set_title(note, loc="left", fontsize=9)
    right.set_xlabel("in")
    right.set_ylabel("out")
    for axes in (left, right):
        axes.grid(alpha=0.25)
    return figure
