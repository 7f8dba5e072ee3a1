"""``train``: two recordings become a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from drywet.errors import DrywetError
from drywet.evaluation.result import Evaluation
from drywet.losses.config import LossConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import ModelConfig
from drywet.pair.examine import Examination
from drywet.runs.config import CaptureConfig, RunConfig, Settings, TrainingConfig, named_loss
from drywet.runs.folder import RunFolder, next_free, require_free
from drywet.storage import remove_leftovers
from drywet.training.hardware import choose_device
from drywet.training.learn import learn as learn_folder
from drywet.training.loop import FitResult, Progress, TrainingData
from drywet.training.prepare import Played, prepare, prepare_again
from drywet.training.start import from_model
from drywet.validation import parse
from drywet.verbs.check import CheckReport, summarise
from drywet.verbs.evaluate import evaluate
from drywet.verbs.export import formats_for

RUNS = Path("runs")
"""Where runs go that are not given a folder."""


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        path: the run's folder.
        check: what the checks had to say; ``None`` for a resumed run.
        fit: how the training went; ``None`` for a linear model, solved in closed form.
        evaluation: scores on the held-out audio.
        formats: that ``export`` can write it in.
    """

    path: Path
    check: CheckReport | None
    fit: FitResult | None
    evaluation: Evaluation
    formats: list[str]

    @property
    def interrupted(self) -> bool:
        """Stopped by Ctrl-C."""
        return self.fit is not None and self.fit.interrupted


def unwatched(progress: Progress) -> None:
    """What is told of a training's progress where nobody asked."""


def train(
    dry: Path | str,
    wet: Path | str,
    *,
    out: Path | str | None = None,
    model: ModelConfig | None = None,
    loss: LossConfig | str | None = None,
    training: TrainingConfig | None = None,
    capture: CaptureConfig | None = None,
    start: Path | str | None = None,
    overwrite: bool = False,
    played: Played | None = None,
    on_check: Callable[[CheckReport], None] | None = None,
    on_progress: Callable[[Progress], None] = unwatched,
) -> Run:
    """Learn the device between two recordings; scores, figures and audio come with it.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        out: folder of the run; by default ``runs/`` and the wet file's name.
        model: what to train; an LSTM of 16 units by default.
        loss: what to minimise, or its name (`drywet.runs.config.named_loss`); ESR by default.
        training: budget, seed, optimiser.
        capture: rate, alignment, held-out stretch.
        start: a model to train further, as for `drywet.load`, instead of a new one.
        overwrite: replace a run that is there.
        played: the device, where drywet made the capture (`drywet.train_device`).
        on_check: called with the checks' report before training.
        on_progress: called after every training step.

    Raises:
        DrywetError: files or settings that cannot be used, a capture the checks
            refuse, or a place that cannot be written.
    """
    if isinstance(loss, str) and start is None:
        loss = LossConfig(**named_loss(loss, (model or RecurrentConfig()).kind))
    name = loss if isinstance(loss, str) else None
    settings = settings_of(model, None if isinstance(loss, str) else loss, training, capture)
    started = None
    if start is not None:
        if model is not None:
            raise DrywetError(
                f"--start {start} and a kind of model", "one of them", "The model has its own kind."
            )
        started, settings = from_model(start, dry, wet, settings, name)
    device = choose_device(settings.training.device)
    path = next_free(RUNS, Path(wet).stem) if out is None else Path(out)
    require_free(path, overwrite)
    reports = []

    def examined(examination: Examination) -> None:
        reports.append(summarise(examination))
        if on_check is not None:
            on_check(reports[0])

    config, data = prepare(dry, wet, settings, played, examined)
    if start is not None:
        config = config.model_copy(update={"start": str(Path(start).resolve())})
    folder = RunFolder.create(path, config, overwrite, started)
    return learn(folder, config, data, device, on_progress, reports[0], resume=False)


def resume(run: Path | str, *, on_progress: Callable[[Progress], None] = unwatched) -> Run:
    """Go on with a run that was interrupted, as if it had not been.

    Args:
        run: its folder.
        on_progress: called after every training step.

    Raises:
        DrywetError: no such run, its files have changed, or a damaged checkpoint.
    """
    folder = RunFolder.open(run)
    config = folder.config()
    remove_leftovers(folder.made())
    device = choose_device(config.settings.training.device)
    data = prepare_again(config)
    return learn(folder, config, data, device, on_progress, None, resume=True)


def settings_of(
    model: ModelConfig | None,
    loss: LossConfig | None,
    training: TrainingConfig | None,
    capture: CaptureConfig | None,
) -> Settings:
    """Settings with the defaults where nothing was chosen.

    Raises:
        DrywetError: they do not go together.
    """
    parts = {
        "model": model or RecurrentConfig(),
        "loss": loss or LossConfig(),
        "training": training or TrainingConfig(),
        "capture": capture or CaptureConfig(),
    }
    return parse(Settings, parts, Path("the settings"))


def learn(
    folder: RunFolder,
    config: RunConfig,
    data: TrainingData,
    device: torch.device,
    on_progress: Callable[[Progress], None],
    report: CheckReport | None,
    resume: bool,
) -> Run:
    """Train the run of a folder and score it.

    Args:
        folder: of the run, its configuration in it.
        config: that configuration.
        data: what to learn.
        device: where to compute.
        on_progress: called after every training step.
        report: what the checks had to say.
        resume: go on from the folder's checkpoint, if it got that far.
    """
    result = learn_folder(folder, config, data, device, on_progress, resume)
    formats = [] if result is None else formats_for(config.settings.model, config.rate)
    return Run(folder.path, report, result, evaluate(folder), formats)
