"""What a training tells whoever hosts it, and how it is asked to stop.

A web server, a notebook or a study holds a `Control` in one thread and trains in another. The
command line holds a `CtrlC`.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from drywet.metrics.bands import BandScore
from drywet.pair.summary import CheckReport


@dataclass(frozen=True)
class Progress:
    """Where a training stands.

    Attributes:
        step: steps done.
        done: share of the budget spent, 0 to 1.
        validation_esr: latest, ``None`` before the first.
        best_esr: best so far, ``None`` before the first.
        speed: seconds of audio learned from per second.
        seconds_left: at this pace, at most; ``None`` at the very start.
        start: which of several seeds is being trained, from 0.
        starts: how many are still compared; 1 for a training of one.
        expected_esr: on the validation audio at the end of the cycle at hand, once two cycles show
            the way (`drywet.training.cycles`).
        aliasing_db: latest, on sines, where it is minimised.
        treble: it is in its last cycle, for the treble (`drywet.training.treble`).
        bands: error by band of the latest validation; none before the first.
    """

    step: int
    done: float
    validation_esr: float | None
    best_esr: float | None
    speed: float
    seconds_left: float | None
    start: int = 0
    starts: int = 1
    expected_esr: float | None = None
    aliasing_db: float | None = None
    treble: bool = False
    bands: tuple[BandScore, ...] = ()


class Control:
    """A training that can be watched and stopped; override what is of interest.

    The methods are called in the thread that trains. `request_stop` may be called from any.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()

    def request_stop(self) -> None:
        """Ask the training to end after the step at hand; its best weights are kept."""
        self._stop.set()

    @property
    def stop_requested(self) -> bool:
        """Whether it was asked to."""
        return self._stop.is_set()

    def on_run(self, name: str) -> None:
        """The next of several runs begins."""

    def on_place(self, folder: Path) -> None:
        """The run's folder is made; learning begins."""

    def on_unfinished(self, run: Path) -> None:
        """A run of the same name is there and has not ended; this one begins anew beside it."""

    def on_findings(self, report: CheckReport) -> None:
        """The checks are done; errors among the findings end the training."""

    def on_baseline(self, esr: float, bands: Sequence[BandScore]) -> None:
        """What a plain filter does on the validation audio; learning begins."""

    def on_progress(self, progress: Progress) -> None:
        """A step is done, or some quick ones."""

    def on_better_model(self, path: Path, validation_esr: float) -> None:
        """A model better than all before was saved at ``path``."""

    def on_work(self, what: str, done: float) -> None:
        """Something beside the training takes its time: what comes next, and the share done."""

    def on_stopping(self) -> None:
        """It was asked to stop by Ctrl-C, and will after the step at hand."""

    def training(self) -> contextlib.AbstractContextManager[None]:
        """Entered for as long as steps are done."""
        return contextlib.nullcontext()


class CtrlC(Control):
    """Ctrl-C as a request, so that a step is never left half done; a second one stops at once.

    Outside the main thread, where Python takes no signals, it is a plain `Control`.
    """

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """See `Control`."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def ask(number: int, frame: FrameType | None) -> None:
            self.request_stop()
            signal.signal(signal.SIGINT, before)
            self.on_stopping()

        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
