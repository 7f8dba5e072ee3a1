"""Error and excess by band, of several predictions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from drywet.figures import canvas
from drywet.metrics.bands import BandScore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HELD = 20.0  # dB; a filter may miss the treble by more, and would flatten the rest


def band_error(
    predictions: Mapping[str, Sequence[BandScore]],
    colors: Mapping[str, str],
    size: tuple[float, float] = canvas.CARD,
) -> Figure:
    """ESR by band above, excess in dB below.

    Args:
        predictions: band scores by name; a lower sample rate has fewer bands.
        colors: of each.
        size: in inches.
    """
    figure = canvas.new_figure(*size)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    widest = max(predictions.values(), key=len)
    labels = [band.label.removesuffix(" kHz") for band in widest]
    x = np.arange(len(labels))
    width = 0.8 / len(predictions)
    for number, (name, bands) in enumerate(predictions.items()):
        at = x[: len(bands)] + (number - (len(predictions) - 1) / 2) * width
        errors = [np.nan if band.esr is None else max(band.esr, 1e-6) for band in bands]
        excess = [np.nan if b.excess_db is None else b.excess_db for b in bands]
        above.bar(at, errors, width, color=colors[name], label=canvas.plain(name))
        below.bar(at, np.clip(excess, -_HELD, _HELD), width, color=colors[name])
    above.set_yscale("log")
    above.axhline(1, color=canvas.DRY, lw=0.8, ls="--")
    above.set_ylabel("error (ESR)")
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=3)
    below.axhline(0, color=canvas.DRY, lw=0.8)
    below.set_ylabel("excess, dB")
    below.set_xticks(x, labels)
    below.set_xlabel("kHz")
    for axes in (above, below):
        axes.grid(alpha=0.25, axis="y")
    return figure
