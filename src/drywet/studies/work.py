"""What a worker does for one job: prepare, train or go on, score, leave the outcome.

It runs in a process of its own, on this machine or another one that sees the study's folder.
"""

from __future__ import annotations

import functools
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drywet.captures.listed import Captures, PositionedPair
from drywet.errors import DrywetError
from drywet.evaluation.cost import cost
from drywet.inference.stream import predict_spans
from drywet.metrics import scores
from drywet.metrics.scores import Scores
from drywet.runs.config import CaptureConfig, RunConfig, Settings
from drywet.runs.folder import RunFolder
from drywet.storage import remove_leftovers, write_bytes
from drywet.studies.outcome import FILE_NAME, Outcome, PointScores, read_outcome, write_outcome
from drywet.studies.points import Captured, Job
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import load_model
from drywet.training.control import Control
from drywet.training.data import TrainingCapture, TrainingData
from drywet.training.fit_result import FitResult
from drywet.training.prepare import Played, with_settings
from drywet.training.prepare_captures import prepare_captures, settings_with_knobs
from drywet.verbs.evaluate import evaluate
from drywet.verbs.make_run import make_run, prepared


@dataclass(frozen=True)
class Task:
    """A job and how it is to be done; what a worker is sent.

    Attributes:
        job: to be done.
        folder: of the run.
        threads: of the CPU.
        full: evaluate the run as `drywet evaluate` does.
        pause_at: share of the budget after which to stop for now.
    """

    job: Job
    folder: Path
    threads: int
    full: bool
    pause_at: float = 1.0


def work(task: Task) -> Outcome:
    """Do a job, or what is left of it; done already, it is only read.

    Raises:
        DrywetError: the folder cannot be seen from here, or the job cannot be done.
    """
    from filelock import FileLock

    began = time.perf_counter()
    if not task.folder.parent.is_dir():
        raise DrywetError(
            f"the worker on {socket.gethostname()} does not see {task.folder.parent}",
            "a folder that all workers share",
            "Put the study on a shared file system, at the same path everywhere.",
        )
    # Another worker may be at it, believed lost by the scheduler: its outcome is as good.
    with FileLock(task.folder.with_suffix(".lock")):
        done = read_outcome(task.folder)
        if done is not None and holds(done, task.job, task.full):
            return done.model_copy(update={"busy_seconds": 0.0})
        return _do(task, began)


def holds(outcome: Outcome, job: Job, full: bool) -> bool:
    """Whether an outcome holds all that is asked now, which may be more than before."""
    if outcome.state != "done" or (full and not outcome.full):
        return False
    return not job.lengths or set(job.lengths) <= {point.epochs for point in outcome.points}


def _do(task: Task, began: float) -> Outcome:
    job = task.job
    config, data = _prepared(job.source, job.settings.capture)
    settings, names = job.settings, tuple(knob.name for knob in job.source.ranges)
    if names:
        settings = settings_with_knobs(settings, names)
    folder = _folder(task.folder, with_settings(config, data, settings, task.threads))

    def score(folder: RunFolder, fit: FitResult | None) -> Outcome:
        paused = fit is not None and fit.interrupted
        found = Outcome(
            id=job.id,
            state="paused" if paused else "done",
            full=task.full,
            validation_esr=None if fit is None else fit.best_esr,
            train_seconds=0.0 if fit is None else fit.seconds,
            train_samples=data.train_samples,
            worker=f"{socket.gethostname()}:{os.getpid()}",
        )
        if not paused:
            full = _full(folder, job.source) if task.full else (None, None)
            changes = {
                "points": _points(folder, folder.config(), data),
                "linear": _linear_scores(folder, job, data),
                "cost": cost(load_model(folder.model_file), _test_dry(data)),
                "aliasing_db": full[0],
                "idle_dbfs": full[1],
            }
            found = found.model_copy(update=changes)
        return found.model_copy(update={"busy_seconds": time.perf_counter() - began})

    _, outcome = make_run(folder, data, Control(), score, resume=True, pause_at=task.pause_at)
    if outcome.state == "done":
        write_outcome(folder.path, outcome)
    return outcome


@functools.lru_cache(maxsize=4)
def _prepared(source: Captured, capture: CaptureConfig) -> tuple[RunConfig, TrainingData]:
    """A source's data; the same for all jobs of this process that learn it so."""
    settings = Settings(capture=capture)
    if source.ranges:
        pairs = tuple(
            PositionedPair(source.dry, one.wet, dict(one.knobs), one.held_out)
            for one in source.captures
        )
        captures = Captures(source.ranges, pairs, source.dry, source.device, dict(source.knobs))
        return prepare_captures(captures, settings, lambda report: None)
    played = None if source.device is None else Played(source.device, dict(source.knobs))
    return prepared(source.dry, source.wet, settings, played, Control())[:2]


def _folder(path: Path, config: RunConfig) -> RunFolder:
    """The run's folder, new or as it was left.

    Lengths that were kept stay. One that was gone past and not kept makes the training begin
    again, for all of them.
    """
    remove_leftovers([path / "config.json", path / FILE_NAME])
    if not (path / "config.json").is_file():
        return RunFolder.create(path, config)
    folder = RunFolder.open(path)
    remove_leftovers(folder.made())
    before, wanted = folder.config().settings.training, config.settings.training
    if not wanted.milestones:
        folder.reconfigure(config)
        return folder
    remove_leftovers(map(folder.milestone_file, {*before.milestones, *wanted.milestones}))
    kept = {m for m in before.milestones if folder.milestone_file(m).is_file()}
    lost = [m for m in wanted.milestones if m not in before.milestones and m < (before.epochs or 0)]
    every = tuple(sorted({*wanted.milestones, *kept}))
    again = bool(lost) and folder.checkpoint_file.is_file()
    epochs = max(every) if again else wanted.epochs
    training = wanted.model_copy(update={"milestones": every, "epochs": epochs})
    settings = config.settings.model_copy(update={"training": training})
    config = config.model_copy(update={"settings": settings})
    if again:
        return RunFolder.create(path, config, overwrite=True)
    folder.reconfigure(config)
    return folder


def _points(folder: RunFolder, config: RunConfig, data: TrainingData) -> list[PointScores]:
    training = config.settings.training
    if not training.milestones:
        return [PointScores(epochs=training.epochs, scores=_score(folder.model_file, data))]
    return [
        PointScores(epochs=epochs, scores=_score(folder.milestone_file(epochs), data))
        for epochs in training.milestones
        if folder.milestone_file(epochs).is_file()
    ]


_linear: dict[tuple[Captured, CaptureConfig], Scores] = {}


def _linear_scores(folder: RunFolder, job: Job, data: TrainingData) -> Scores:
    """Scores of the linear baseline: the same for all runs that learn a source alike."""
    key = (job.source, job.settings.capture)
    if key not in _linear:
        _linear[key] = _score(folder.baseline_file, data)
    return _linear[key]


def _score(model: Path, data: TrainingData) -> Scores:
    """Scores of a model file on the test audio of all captures, or on those that are held out."""
    trained, predicted, target = load_model(model), [], []
    held_out = [capture for capture in data.captures if not capture.split.train]
    for capture in held_out or data.captures:
        ranges = trained.card.ranges.values()
        shares = zip(ranges, capture.knobs, strict=False)  # a filter has no knobs
        at = {knob.name: knob.position(share) for knob, share in shares}
        predicted += predict_spans(with_knobs(trained, at), capture.dry, capture.split.test)
        target += [capture.wet[start:stop] for start, stop in capture.split.test]
    return scores.evaluate(predicted, target, data.rate)


def _test_dry(data: TrainingData) -> NDArray[np.float32]:
    capture: TrainingCapture = data.captures[0]
    start, stop = capture.split.test[0]
    return capture.dry[start:stop]


def _full(folder: RunFolder, source: Captured) -> tuple[float, float]:
    """A whole evaluation of the run; what the device answers is asked once for all runs."""
    kept = source.wet.with_name(f"{source.wet.stem}-{folder.config().rate}.json")
    ours = source.device is not None
    if ours and kept.is_file() and not folder.device_file.is_file():
        write_bytes(folder.device_file, kept.read_bytes())
    found = evaluate(folder)
    if ours and folder.device_file.is_file():
        write_bytes(kept, folder.device_file.read_bytes())
    return found.aliasing_db, found.probes.idle_dbfs
