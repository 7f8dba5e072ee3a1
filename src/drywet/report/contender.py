"""One run on the report's page: its name, its colour, its judgement and its sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drywet.evaluation.along_knobs import AlongKnob
from drywet.evaluation.by_ear import ByEar
from drywet.evaluation.measure import Measured
from drywet.evaluation.result import Evaluation
from drywet.figures import canvas
from drywet.metrics.statistics import Comparison
from drywet.runs.history import HistoryRow
from drywet.trained.model_file import TrainedModel

COLORS = (canvas.PREDICTION, "#21918c", "#9467bd", "#5a8f29", "#c8a900", "#8c564b", "#e377c2")


@dataclass(frozen=True)
class Contender:
    """A run, or one of several that are compared.

    Attributes:
        name: unique on the page.
        color: its own.
        path: of the run.
        measured: its judgement and what was judged.
        history: of its training.
        settings: what the run was made with, for the foot of the page.
        audio: number of the audio it was scored on; runs with the same one can be compared.
        against_best: its error against that of the closest one on the same audio, ``None`` for that
            one itself.
        by_ear: what oversampling does to it, on a page of its own.
        turnable: the model with its knobs, on a page of its own.
        along: what each of them does to steady sines, likewise.
    """

    name: str
    color: str
    path: Path
    measured: Measured
    history: list[HistoryRow]
    settings: dict[str, Any]
    audio: int = 0
    against_best: Comparison | None = None
    by_ear: ByEar | None = None
    turnable: TrainedModel | None = None
    along: Sequence[AlongKnob] = ()

    @property
    def evaluation(self) -> Evaluation:
        """Its judgement."""
        return self.measured.evaluation

    @property
    def target(self) -> NDArray[np.float32]:
        """The target, stretches joined."""
        return np.concatenate(self.measured.target)

    @property
    def prediction(self) -> NDArray[np.float32]:
        """The prediction, stretches joined."""
        return np.concatenate(self.measured.prediction)

    @property
    def dry(self) -> NDArray[np.float32]:
        """The dry signal, stretches joined."""
        return np.concatenate(self.measured.dry)
