"""How a training ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FitResult:
    """How a training ended; the model holds its best weights.

    Attributes:
        steps: done by the start that came out best.
        seconds: of training in all.
        best_esr: on the validation audio.
        best_step: when that was reached.
        interrupted: asked to stop, or paused.
        restarts: how many seeds began.
        start: which of them came out best, from 0.
        last_start: which was trained last, and is gone on with where it was interrupted.
        last_step: that it has reached.
    """

    steps: int
    seconds: float
    best_esr: float
    best_step: int
    interrupted: bool
    restarts: int = 1
    start: int = 0
    last_start: int = 0
    last_step: int = 0
