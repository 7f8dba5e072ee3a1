"""ESR and band excess over the course of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drywet.figures import canvas
from drywet.runs.history import HistoryRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_WORTH_SHOWING = 0.01  # a noise floor far below the best would only flatten the curves
_HELD = 20.0  # dB of excess, beyond which a curve would flatten the others


def training_curve(
    history: Sequence[HistoryRow],
    baseline_esr: float,
    noise_floor: float | None,
    bands: Sequence[str],
    size: tuple[float, float] = (9, 6),
) -> Figure:
    """Validation ESR over seconds of training, and what each band holds beyond the target.

    Args:
        history: rows of ``history.jsonl``.
        baseline_esr: of the linear baseline on the test audio.
        noise_floor: ESR that a perfect model would score, where it is known.
        bands: their labels, in the order of the history.
        size: in inches.
    """
    history = [row for row in history if None not in (row.seconds, row.validation_esr)]
    seconds = [row.seconds for row in history]
    figure = canvas.new_figure(*size)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    axes.semilogy(
        seconds,
        [row.validation_esr for row in history],
        color=canvas.PREDICTION,
        lw=0.8,
        alpha=0.5,
        label="validation ESR",
    )
    axes.semilogy(
        seconds, [row.best_esr for row in history], color=canvas.PREDICTION, lw=2, label="kept"
    )
    axes.axhline(baseline_esr, color=canvas.DRY, ls="--", label="linear baseline (test audio)")
    best = min((row.best_esr for row in history if row.best_esr is not None), default=1.0)
    if noise_floor and noise_floor > _WORTH_SHOWING * best:
        axes.axhline(noise_floor, color=canvas.TARGET, ls=":", label="noise floor of the capture")
    axes.set_ylabel("ESR")
    axes.legend(frameon=False, fontsize=8)
    for number, label in enumerate(bands):
        excess = [dict(enumerate(row.band_excess_db)).get(number) for row in history]
        held = [None if e is None else max(min(e, _HELD), -_HELD) for e in excess]
        color = canvas.BANDS[number % len(canvas.BANDS)]
        below.plot(seconds, held, color=color, lw=1.1, label=label)
    below.axhline(0, color=canvas.DRY, lw=0.8)
    below.set_ylabel("band excess, dB")
    below.set_xlabel("seconds of training")
    below.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    for place in (axes, below):
        place.grid(alpha=0.25)
    return figure
