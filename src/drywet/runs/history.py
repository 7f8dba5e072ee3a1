"""The history of a training: one line of JSON per validation.

Keys that this version doesn't know survive reading and writing; keys that a line lacks read as
``None``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drywet.storage import append_line, write_bytes


class HistoryRow(BaseModel):
    """What a validation found.

    Attributes:
        step: steps done.
        epoch: passes over the training audio.
        seconds: of training.
        loss: mean since the validation before.
        validation_esr: error-to-signal ratio on the validation audio.
        validation_esr_pre: after pre-emphasis.
        validation_mrstft: multi-resolution STFT distance, where the choice depends on it.
        validation_aliasing_db: mean aliasing-to-signal ratio, where it is minimised.
        score: by which the best weights are chosen.
        best_esr: validation ESR of the best weights so far.
        best_score: their score.
        band_esr: error by band.
        band_excess_db: level against the device's by band, in dB.
        learning_rate: of the step before.
        start: which of several starts, from 0.
    """

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)

    step: int
    epoch: float | None = None
    seconds: float | None = None
    loss: float | None = None
    validation_esr: float | None = None
    validation_esr_pre: float | None = None
    validation_mrstft: float | None = None
    validation_aliasing_db: float | None = None
    score: float | None = None
    best_esr: float | None = None
    best_score: float | None = None
    band_esr: list[float | None] = Field(default_factory=list)
    band_excess_db: list[float | None] = Field(default_factory=list)
    learning_rate: float | None = None
    start: int | None = None

    def line(self) -> str:
        """As JSON, without the keys that were absent."""
        return self.model_dump_json(exclude_unset=True)


def append(path: Path, row: HistoryRow) -> None:
    """Add a line."""
    append_line(path, row.line())


def read(path: Path) -> list[HistoryRow]:
    """Every whole line, up to the first that is spoiled, by a crash or otherwise."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            rows.append(HistoryRow.model_validate_json(line))
        except ValidationError:
            break
    return rows


def best_start(rows: Iterable[HistoryRow]) -> list[HistoryRow]:
    """Of several starts the rows of the one that came to the best score."""
    rows = list(rows)
    scored = [row for row in rows if row.best_score is not None]
    best = min(scored, key=lambda row: row.best_score or 0.0, default=None)
    if best is None:
        return rows
    return [row for row in rows if (row.start or 0) == (best.start or 0)]


def replace(path: Path, rows: Iterable[HistoryRow]) -> None:
    """Write the history anew."""
    write_bytes(path, "".join(row.line() + "\n" for row in rows).encode())
