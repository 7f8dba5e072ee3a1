"""What a job left: the scores of its points, kept in its run's folder as ``study.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from drywet.evaluation.result import Cost
from drywet.metrics.scores import Scores
from drywet.storage import read_json, write_json
from drywet.validation import parse

FILE_NAME = "study.json"


class PointScores(BaseModel):
    """One length of a training.

    Attributes:
        epochs: of training; ``None`` where the budget was another.
        scores: on the test audio, of the weights as they were then; where the rate
            falls to the end, of the best ones by validation.
    """

    model_config = ConfigDict(extra="ignore")  # of a later version

    epochs: float | None
    scores: Scores


class Outcome(BaseModel):
    """A job as it came back.

    Attributes:
        id: of the job.
        state: ``paused`` where it waits for a search to let it go on.
        full: it was evaluated as `drywet evaluate` does.
        points: one for each length.
        linear: scores of the linear baseline on the same audio.
        cost: of running the model.
        aliasing_db: mean aliasing of sines; ``None`` without a full evaluation.
        idle_dbfs: what it makes of silence, likewise.
        validation_esr: the best one.
        train_seconds: of training in all.
        train_samples: of audio in the training part.
        busy_seconds: that a worker spent on it this time: preparing, training, scoring.
        worker: host and process.
    """

    model_config = ConfigDict(extra="ignore")  # of a later version

    id: str
    state: Literal["done", "paused"]
    full: bool
    points: list[PointScores] = []
    linear: Scores | None = None
    cost: Cost | None = None
    aliasing_db: float | None = None
    idle_dbfs: float | None = None
    validation_esr: float | None
    train_seconds: float
    train_samples: int
    busy_seconds: float = 0.0
    worker: str


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Keep an outcome in a run's folder, atomically."""
    write_json(folder / FILE_NAME, outcome.model_dump(mode="json"))


def read_outcome(folder: Path) -> Outcome | None:
    """What a job left in a run's folder, ``None`` before it did.

    Raises:
        DrywetError: the file is damaged.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    return parse(Outcome, read_json(path, "the study.json of a run"), path)
