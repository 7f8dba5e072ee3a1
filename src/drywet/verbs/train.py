"""``train``: two recordings become a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drywet.errors import DrywetError
from drywet.evaluation.result import Evaluation
from drywet.formats.registry import formats_for
from drywet.losses.config import LossConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import ModelConfig
from drywet.pair.summary import CheckReport
from drywet.runs.config import CaptureConfig, Settings, TrainingConfig, named_loss
from drywet.runs.folder import RunFolder, next_free, require_free
from drywet.storage import remove_leftovers
from drywet.training.control import Control, CtrlC
from drywet.training.data import TrainingData
from drywet.training.hardware import choose_device
from drywet.training.prepare import Played, prepare_again
from drywet.training.start import from_model
from drywet.training.trainer import FitResult
from drywet.validation import parse
from drywet.verbs.evaluate import evaluate
from drywet.verbs.make_run import make_run, prepared

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
        timed: its budget was in seconds, so that another training may end elsewhere.
    """

    path: Path
    check: CheckReport | None
    fit: FitResult | None
    evaluation: Evaluation
    formats: list[str]
    timed: bool

    @property
    def interrupted(self) -> bool:
        """Ended because it was asked to stop."""
        return self.fit is not None and self.fit.interrupted


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
    control: Control | None = None,
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
        control: told of findings, progress and better models, and asked whether to stop; by
            default Ctrl-C stops.

    Raises:
        DrywetError: files or settings that cannot be used, a capture the checks
            refuse, or a place that cannot be written or that another process trains into.
    """
    control = control or CtrlC()
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
    choose_device(settings.training.compute)  # what is missing shows before anything is read
    path = next_free(RUNS, Path(wet).stem) if out is None else Path(out)
    require_free(path, overwrite)
    config, data, report = prepared(dry, wet, settings, played, control)
    if start is not None:
        config = config.model_copy(update={"start": str(Path(start).resolve())})
    folder = RunFolder.create(path, config, overwrite, started)
    return scored_run(folder, data, control, report, resume=False)


def resume(run: Path | str, *, control: Control | None = None) -> Run:
    """Go on with a run that was interrupted, as if it had not been.

    Args:
        run: its folder.
        control: as for `train`.

    Raises:
        DrywetError: no such run, its files have changed, a damaged checkpoint, or another process
            trains into it.
    """
    folder = RunFolder.open(run)
    with folder.claimed():
        config = folder.config()
        remove_leftovers(folder.made())
        choose_device(config.settings.training.compute)
        data = prepare_again(config)
        return scored_run(folder, data, control or CtrlC(), None, resume=True)


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


def scored_run(
    folder: RunFolder,
    data: TrainingData,
    control: Control,
    report: CheckReport | None,
    resume: bool,
) -> Run:
    """Train the run of a folder and evaluate it.

    Args:
        folder: of the run, its configuration in it.
        data: what to learn.
        control: as for `train`.
        report: what the checks had to say.
        resume: go on from the folder's checkpoint, if it got that far.
    """
    fit, found = make_run(
        folder, data, control, lambda folder, fit: evaluate(folder), resume=resume
    )
    config = folder.config()
    formats = [] if fit is None else formats_for(config.settings.model, config.rate)
    timed = config.settings.training.seconds is not None
    return Run(folder.path, report, fit, found, formats, timed)
