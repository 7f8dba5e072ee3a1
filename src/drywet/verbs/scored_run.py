"""A run that is trained and evaluated: what every way of training ends with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drywet.evaluation.result import Evaluation
from drywet.formats.registry import formats_for
from drywet.pair.summary import CheckReport
from drywet.runs.folder import RunFolder
from drywet.training.control import Control
from drywet.training.data import TrainingData
from drywet.training.fit_result import FitResult
from drywet.verbs.before_cleaning import Before, before_cleaning
from drywet.verbs.evaluate import evaluate
from drywet.verbs.make_run import make_run

RUNS = Path("runs")
"""Where runs go that are not given a folder."""


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        path: the run's folder.
        check: what the checks had to say; ``None`` for a resumed run.
        fit: how the training went; ``None`` for a linear model, solved in closed form.
        evaluation: scores on the held-out audio.
        formats: that ``export`` can write it in.
        timed: its budget was in seconds, so that another training may end elsewhere.
        before: what it was before it was cleaned, where it was.
        resumes: the folder to resume, where it is another.
        finished_before: it was resumed, and there was nothing left to do.
    """

    path: Path
    check: CheckReport | None
    fit: FitResult | None
    evaluation: Evaluation
    formats: list[str]
    timed: bool
    before: Before | None = None
    resumes: Path | None = None
    finished_before: bool = False

    @property
    def interrupted(self) -> bool:
        """Ended because it was asked to stop."""
        return self.fit is not None and self.fit.interrupted

    @property
    def cleaner(self) -> bool:
        """Cleaned, it aliases less than before."""
        return self.before is not None and self.evaluation.aliasing_db < self.before.aliasing_db


def scored_run(
    folder: RunFolder,
    data: TrainingData,
    control: Control,
    report: CheckReport | None,
    resume: bool,
) -> Run:
    """Train the run of a folder and evaluate it.

    Args:
        folder: of the run, its configuration in it.
        data: what to learn.
        control: as for `drywet.train`.
        report: what the checks had to say.
        resume: go on from the folder's checkpoint, if it got that far.
    """
    control.on_place(folder.path)
    fit, found = make_run(
        folder, data, control,
        lambda folder, fit: evaluate(folder, on_progress=control.on_work),
        resume=resume,
    )  # fmt: skip
    config = folder.config()
    formats = [] if fit is None else formats_for(config.settings.model, config.rate)
    timed = config.settings.training.seconds is not None
    before = before_cleaning(folder, config) if config.cleans else None
    return Run(folder.path, report, fit, found, formats, timed, before)
