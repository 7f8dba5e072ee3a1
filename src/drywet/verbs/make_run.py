"""How every run is made, alone, as one of several seeds or in a study: prepare, learn, score."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from drywet.pair.examine import Examination
from drywet.pair.summary import CheckReport, summarise
from drywet.runs.config import RunConfig, Settings
from drywet.runs.folder import RunFolder
from drywet.training.control import Control
from drywet.training.data import TrainingData
from drywet.training.fit_result import FitResult
from drywet.training.prepare import Played, prepare
from drywet.training.run import learn

T = TypeVar("T")


def prepared(
    dry: Path | str, wet: Path | str, settings: Settings, played: Played | None, control: Control
) -> tuple[RunConfig, TrainingData, CheckReport]:
    """Check, align and divide a capture; the control is told the findings.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        settings: of the run.
        played: the device, where drywet made the capture.
        control: told what the checks found, before that can end the training.

    Raises:
        DrywetError: files or settings that cannot be used, or a capture the checks refuse.
    """
    reports: list[CheckReport] = []

    def examined(examination: Examination) -> None:
        reports.append(summarise(examination))
        control.on_findings(reports[0])

    config, data = prepare(dry, wet, settings, played, examined, control.on_work)
    return config, data, reports[0]


def make_run(
    folder: RunFolder,
    data: TrainingData,
    control: Control,
    score: Callable[[RunFolder, FitResult | None], T],
    *,
    resume: bool,
    pause_at: float = 1.0,
) -> tuple[FitResult | None, T]:
    """Train the run of a folder and score it, no other process at it meanwhile.

    Args:
        folder: of the run, its configuration in it.
        data: what to learn.
        control: told of progress and asked whether to stop.
        score: what is wanted of the run once it is trained, or has stopped.
        resume: go on from the folder's checkpoint, if it got that far.
        pause_at: share of the budget after which to stop for now.

    Returns:
        How the training went, ``None`` for a linear model; and what ``score`` gave.

    Raises:
        DrywetError: as `drywet.training.run.learn`, or of ``score``.
    """
    with folder.claimed():
        fit = learn(folder, data, control, resume, pause_at)
        return fit, score(folder, fit)
