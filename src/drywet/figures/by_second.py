"""Error second by second, and the level of the music beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from drywet.figures import canvas
from drywet.metrics.per_second import Second

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LEAST = 1e-12


def by_second(
    models: Mapping[str, Sequence[Second]],
    colors: Mapping[str, str],
    size: tuple[float, float] = canvas.CARD,
) -> Figure:
    """Energy of the target and of each model's error in every second, in dB.

    Args:
        models: seconds by name, of the same audio.
        colors: of each.
        size: in inches.
    """
    from matplotlib.ticker import MaxNLocator

    figure = canvas.new_figure(*size)
    axes = figure.subplots()
    first = next(iter(models.values()))
    x = np.arange(len(first))
    signal = [second.signal for second in first]
    reference = max(*signal, _LEAST)

    def levels(energies: Sequence[float]) -> list[float]:
        floored = np.maximum(np.asarray(energies), _LEAST * reference)
        return [float(level) for level in 10 * np.log10(floored / reference)]

    axes.plot(x, levels(signal), color=canvas.TARGET, lw=1.6, marker=".", label="target")
    for name, seconds in models.items():
        errors = levels([second.error for second in seconds])
        axes.plot(x, errors, color=colors[name], lw=1.6, marker=".", label=f"error of {name}")
    axes.set_xlabel("second of test audio")
    axes.set_ylabel("dB of the loudest second")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return figure
