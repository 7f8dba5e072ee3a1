"""Progress on standard error: a live line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from drywet.studies.run import StudyProgress
    from drywet.training.control import Progress

_EVERY_SECONDS = 0.2
_EVERY_SECONDS_IN_A_LOG = 10.0


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Line:
    """One line of standard error that is written over, or many in a log."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._live = sys.stderr.isatty()
        self._shown = 0.0
        self._open = False

    def __enter__(self) -> Self:
        return self

    def show(self, text: str, last: bool = False) -> None:
        """Show ``text`` unless something was shown a moment ago."""
        pause = _EVERY_SECONDS if self._live else _EVERY_SECONDS_IN_A_LOG
        if not last and time.monotonic() - self._shown < pause:
            return
        self._shown = time.monotonic()
        if self._live:
            width = shutil.get_terminal_size().columns  # a wrapped line could not be written over
            sys.stderr.write(f"\r\x1b[K{text[: width - 1]}")
            self._open = True
        else:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def work(self, what: str, done: float) -> None:
        """Show how far something is and how long it will take, once it has taken a second."""
        if done == 0:
            self._began = time.monotonic()
            if self._live:
                self.show(f"{what}...")
        spent = time.monotonic() - self._began
        if spent > 1 and 0 < done < 1:
            self.show(f"{what} {done:4.0%}  {_clock(spent * (1 - done) / done)} left")

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._close()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _close(self) -> None:
        if self._open:
            sys.stderr.write("\n")
            self._open = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        sys.stderr.flush()


class TrainingBar(_Line):
    """Step, validation ESR, that of the net kept, speed and time left of a training."""

    def update(self, progress: Progress) -> None:
        """Show where the training stands."""
        width = 20
        filled = round(width * progress.done)
        parts = [f"{'█' * filled}{'░' * (width - filled)} {progress.done:4.0%}"]
        if progress.seconds_left is not None:  # first: a narrow terminal cuts off the end
            parts.append(f"{_clock(progress.seconds_left)} left")
        parts.append(f"step {progress.step}")
        if progress.starts > 1:
            parts.append(f"start {progress.start + 1}, {progress.starts} compared")
        if progress.validation_esr is not None and progress.best_esr is not None:
            parts.append(f"ESR {progress.validation_esr:.5f}")
            # Cleaning keeps the net that aliases least, not the one with the best ESR.
            kept = "best" if progress.aliasing_db is None else "kept"
            parts.append(f"{kept} {progress.best_esr:.5f}")
        if progress.aliasing_db is not None:
            parts.append(f"aliasing {progress.aliasing_db:.0f} dB")
        if progress.expected_esr is not None:
            parts.append(f"expected {progress.expected_esr:.5f}")
        if progress.treble:
            parts.append("last: the treble")
        parts.append(f"{progress.speed:.0f}x real time")
        self.show("  ".join(parts), last=progress.done >= 1)


class RenderBar(_Line):
    """Share of a file that is rendered."""

    def update(self, done: float) -> None:
        """Show how far a rendering is, once it takes its time."""
        self.work("rendering", done)


class ScoringBar(_Line):
    """What is being scored, and how far that is."""

    def update(self, what: str, done: float) -> None:
        """Show what comes next, once scoring takes its time."""
        self.work(what, done)


class StudyBar(_Line):
    """Trainings done, the best so far and the time left of a study."""

    def __init__(self) -> None:
        super().__init__()
        self._preparing = ""

    def prepare(self, what: str, done: float) -> None:
        """Show what is made ready for the trainings."""
        if what != self._preparing:
            self._preparing, self._began = what, time.monotonic()
            self.show(what, last=done < 1)
            return
        spent = time.monotonic() - self._began
        if 0 < done < 1:
            self.show(f"{what} {done:4.0%}  {_clock(spent * (1 - done) / done)} left")

    def update(self, progress: StudyProgress) -> None:
        """Show where the study stands."""
        parts = [f"{progress.done} of {progress.jobs} trainings"]
        if progress.failed:
            parts.append(f"{progress.failed} failed")
        if progress.best_esr is not None:
            parts.append(f"best ESR {progress.best_esr:.5f} ({progress.best})")
        if progress.seconds_left is not None:
            parts.append(f"{_clock(progress.seconds_left)} left")
        self.show("  ".join(parts), last=progress.done >= progress.jobs)
