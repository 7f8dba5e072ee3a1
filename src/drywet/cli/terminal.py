"""A training on a terminal: Ctrl-C stops it, its progress is a line."""

from __future__ import annotations

from pathlib import Path

from drywet.cli import show
from drywet.cli.progress import TrainingBar
from drywet.training.control import CtrlC, Progress
from drywet.verbs.check import CheckReport


class TerminalControl(CtrlC):
    """See `drywet.training.control.Control`.

    Args:
        bar: shows the progress.
        findings: show what the checks found.
    """

    def __init__(self, bar: TrainingBar, findings: bool = True) -> None:
        super().__init__()
        self._bar, self._findings = bar, findings

    def on_run(self, name: str) -> None:
        """A line for every run of several."""
        show.step(name)

    def on_findings(self, report: CheckReport) -> None:
        """The checks, beside what is printed at the end."""
        if self._findings:
            show.check_aside(report)

    def on_place(self, folder: Path) -> None:
        """Where the run will be."""
        if self._findings:
            show.step(f"-> {folder}")

    def on_progress(self, progress: Progress) -> None:
        """One line, written over."""
        self._bar.update(progress)

    def on_work(self, what: str, done: float) -> None:
        """The same."""
        self._bar.work(what, done)
