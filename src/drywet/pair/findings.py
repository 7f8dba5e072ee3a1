"""What a check has to say."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Severity(StrEnum):
    """How much a finding matters."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Finding(BaseModel):
    """One thing a check found out about a capture.

    Attributes:
        check: its short name.
        severity: note, warning or error.
        message: what was found, in words, with its figure.
        value: the figure, where there is one.
        limit: the figure at which the severity changes.
        fix: what to do; empty for a note.
        forceable: for an error, whether training makes sense regardless.
    """

    model_config = ConfigDict(frozen=True)

    check: str
    severity: Severity
    message: str
    value: float | None = None
    limit: float | None = None
    fix: str = ""
    forceable: bool = True


def grade(value: float, warn: float, error: float) -> tuple[Severity, float]:
    """Severity of a figure that is worse the higher it is, and the limit that decided."""
    if value > error:
        return Severity.ERROR, error
    if value > warn:
        return Severity.WARNING, warn
    return Severity.NOTE, warn


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """The errors among ``findings``."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]
