"""A training in a process of its own, as ``python -m drywet.web.child JOB``.

It calls the ordinary verb with a control that writes what happens into the job's ``events.jsonl``.
SIGINT stops it as Ctrl-C stops ``drywet train``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import drywet
from drywet.audio.write import write
from drywet.dsp.levels import loudest_excerpt
from drywet.errors import DrywetError
from drywet.metrics.bands import BandScore
from drywet.pair.summary import CheckReport
from drywet.runs.choices import for_plugin
from drywet.runs.config import CaptureConfig
from drywet.runs.folder import RunFolder
from drywet.runs.recording import reload
from drywet.training.control import CtrlC, Progress
from drywet.verbs.scored_run import Run

_BETWEEN_SECONDS = 0.2
_HEARD_SECONDS = 12.0


class Recorder(CtrlC):
    """Writes events.

    Args:
        path: the job's folder.
        run: what is trained.
    """

    def __init__(self, path: Path, run: RunFolder) -> None:
        super().__init__()
        self._path, self._run, self._told, self._laid_out = path, run, 0.0, False

    def add(self, kind: str, **what: Any) -> None:
        """One more line."""
        with (self._path / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **what}) + "\n")

    def on_findings(self, report: CheckReport) -> None:
        """The checks."""
        self.add("findings", report=report.model_dump(mode="json"))

    def on_progress(self, progress: Progress) -> None:
        """Some times a second."""
        if progress.done >= 1 or time.monotonic() - self._told > _BETWEEN_SECONDS:
            self._told = time.monotonic()
            self.add("progress", **vars(progress) | {"bands": _by_band(progress.bands)})

    def on_baseline(self, esr: float, bands: Sequence[BandScore]) -> None:
        """What a plain filter does; what will be heard is laid out before the training begins."""
        if not self._laid_out:
            with contextlib.suppress(DrywetError):  # its files are gone: it learns on, unheard
                self._lay_out()
            self._laid_out = True
        self.add("baseline", esr=esr, bands=_by_band(bands))

    def on_better_model(self, path: Path, validation_esr: float) -> None:
        """There is something to listen to."""
        self.add("better", validation_esr=validation_esr)

    def on_work(self, what: str, done: float) -> None:
        """Checks before, scores after."""
        self.add("work", what=what, done=done, after=self._told > 0)

    def _lay_out(self) -> None:
        """The loudest stretch of what it learns from."""
        folder = self._run.uncleaned if self._run.waits_to_be_cleaned else self._run
        pair, _ = reload(folder.config())
        where = loudest_excerpt(pair.wet, int(_HEARD_SECONDS * pair.rate))
        for name, samples in (("dry", pair.dry), ("wet", pair.wet)):
            write(self._path / f"{name}.wav", np.ascontiguousarray(samples[where]), pair.rate)


def _by_band(bands: Sequence[BandScore]) -> list[tuple[str, float | None]]:
    return [(band.label, band.esr and float(f"{band.esr:.3g}")) for band in bands]


def main() -> None:
    """Do what ``job.json`` asks for; whatever happens ends in an event."""
    path = Path(sys.argv[1])
    asked = json.loads((path / "job.json").read_text())
    capture = CaptureConfig(**asked.get("capture", {}))
    recorder = Recorder(path, RunFolder(Path(asked["run"])))
    try:
        with drywet.errors.extras_wanted():
            recorder.add("begun")
            run = _train(asked, capture, recorder)
    except KeyboardInterrupt:
        recorder.add("stopped")
    except DrywetError as error:
        recorder.add("error", text=str(error))
    except Exception as error:
        recorder.add(
            "error", text=f"drywet failed ({type(error).__name__}); see {path / 'log.txt'}"
        )
        raise
    else:
        first = run.evaluation.verdict[0]
        recorder.add(
            "stopped" if run.interrupted else "done", esr=run.evaluation.esr, text=first.text
        )


def _train(asked: dict[str, Any], capture: CaptureConfig, recorder: Recorder) -> Run:
    out = asked["run"]
    if "resume" in asked:
        return drywet.resume(out, longer=asked["resume"]["longer"], control=recorder)
    wanted = for_plugin(asked.get("plugin", "any"), asked["cpu"], asked["quality"])
    chosen: dict[str, Any] = {
        "out": out, "name": asked["name"], "clean": asked["clean"], "control": recorder,
        "model": wanted.model, "training": wanted.training,
        "capture": capture.model_copy(update={"rate": wanted.capture.rate}),
    }  # fmt: skip
    if asked.get("device") is not None:
        made = drywet.train_device(
            asked["device"], knobs=asked["knobs"],
            on_step=lambda text: recorder.on_work(text, 0.0), **chosen,
        )  # fmt: skip
        assert isinstance(made, Run)
        return made
    return drywet.train(*asked["files"], **chosen)


if __name__ == "__main__":
    main()
