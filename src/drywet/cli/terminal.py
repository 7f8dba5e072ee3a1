"""A training on a terminal: Ctrl-C stops it, its progress is a line."""

from __future__ import annotations

import contextlib
import shlex
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
        self.place: Path | None = None
        """The folder of the run that is trained, once it is there."""

    def on_run(self, name: str) -> None:
        """A line for every run of several."""
        self._bar.say(name)

    def on_unfinished(self, run: Path) -> None:
        """What may have been meant."""
        self._bar.say(
            f"{run} is there and unfinished; this begins anew. To go on with that one: "
            f"drywet train --resume {shlex.quote(str(run))}"
        )

    def on_findings(self, report: CheckReport) -> None:
        """The checks, beside what is printed at the end."""
        if self._findings:
            self._bar.say("\n".join(show.findings(report)))

    def on_place(self, folder: Path) -> None:
        """Where the run will be."""
        self.place = folder
        if self._findings:
            self._bar.say(f"-> {folder}")

    def on_progress(self, progress: Progress) -> None:
        """One line, written over."""
        self._bar.update(progress)

    def on_work(self, what: str, done: float) -> None:
        """The same."""
        self._bar.work(what, done)

    def on_stopping(self) -> None:
        """Ctrl-C has been heard, although the step at hand is done first."""
        with contextlib.suppress(RuntimeError):  # it came while the bar was being written
            self._bar.say("Stopping: the best so far is scored (Ctrl-C again: it is not)")
