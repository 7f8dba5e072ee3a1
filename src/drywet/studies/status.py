"""The state of a study, read without changing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from drywet.studies.journal import Journal


class StudyStatus(BaseModel):
    """The state of a study.

    Attributes:
        path: its folder.
        states: how many trainings are in which state.
        busy_seconds: of computing so far, summed over the workers.
        unfinished: those that are not done: id, grids, source, model, state and why it failed.
    """

    path: str
    states: dict[str, int]
    busy_seconds: float
    unfinished: list[dict[str, Any]]


def status(folder: Path | str) -> StudyStatus:
    """Read a study's journal, also while it runs.

    Raises:
        DrywetError: no study there.
    """
    with Journal(Path(folder)) as journal:
        jobs = journal.jobs()
        states = journal.states()
    keys = ("id", "grids", "source", "model", "state", "note")
    return StudyStatus(
        path=str(folder),
        states=states,
        busy_seconds=sum(job["busy_seconds"] or 0.0 for job in jobs),
        unfinished=[{key: job[key] for key in keys} for job in jobs if job["state"] != "done"],
    )
