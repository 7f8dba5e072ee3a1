"""ESR over the course of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_WORTH_SHOWING = 0.01  # a noise floor far below the best would only flatten the curves


def training_curve(
    history: Sequence[dict[str, Any]], baseline_esr: float, noise_floor: float | None
) -> Figure:
    """Validation ESR over seconds of training, beside baseline and noise floor.

    Args:
        history: rows of ``history.jsonl``.
        baseline_esr: of the linear baseline on the test audio.
        noise_floor: ESR that a perfect model would score, where it is known.
    """
    seconds = [row["seconds"] for row in history]
    figure = canvas.new_figure(9, 4)
    axes = figure.subplots()
    axes.semilogy(
        seconds,
        [row["validation_esr"] for row in history],
        color=canvas.PREDICTION,
        lw=0.8,
        alpha=0.5,
        label="validation ESR",
    )
    axes.semilogy(
        seconds, [row["best_esr"] for row in history], color=canvas.PREDICTION, lw=2, label="best"
    )
    axes.axhline(baseline_esr, color=canvas.DRY, ls="--", label="linear baseline (test audio)")
    best = min(row["best_esr"] for row in history)
    if noise_floor and noise_floor > _WORTH_SHOWING * best:
        axes.axhline(noise_floor, color=canvas.TARGET, ls=":", label="noise floor of the capture")
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("ESR")
    axes.grid(alpha=0.25, which="both")
    axes.legend(frameon=False)
    return figure
