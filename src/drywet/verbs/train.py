"""``train``: two recordings become a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drywet.errors import DrywetError
from drywet.losses.config import LossConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import ModelConfig
from drywet.runs.config import CaptureConfig, Settings, TrainingConfig, named_loss
from drywet.runs.folder import RunFolder, next_free, require_free
from drywet.runs.names import folder_of, name_of
from drywet.storage import remove_leftovers
from drywet.trained.metadata import Metadata
from drywet.training.checkpoint import load_checkpoint
from drywet.training.control import Control, CtrlC
from drywet.training.data import TrainingData
from drywet.training.hardware import choose_device
from drywet.training.prepare import Played, prepare_again
from drywet.training.start import from_model
from drywet.validation import parse
from drywet.verbs.clean import clean_run, require_net
from drywet.verbs.lengthen import is_finished, lengthen
from drywet.verbs.make_run import prepared
from drywet.verbs.scored_run import RUNS, Run, scored_run


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
    clean: bool = False,
    overwrite: bool = False,
    name: str | None = None,
    played: Played | None = None,
    control: Control | None = None,
) -> Run:
    """Learn the device between two recordings; scores and audio come with it.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        out: folder of the run; by default ``runs/`` and the wet file's name, or its
            folder's where that says nothing (`drywet.runs.names`); or ``name``.
        model: what to train; an LSTM of 16 units by default.
        loss: what to minimise, or its name (`drywet.runs.config.named_loss`); ESR by default.
        training: budget, seed, optimiser.
        capture: rate, alignment, held-out stretch.
        start: a model to train further, as for `drywet.load`, instead of a new one.
        clean: train the net on afterwards until it hardly aliases (`drywet.clean`); what it was
            before stays in the folder's ``uncleaned``.
        overwrite: replace a run that is there.
        name: of what is learned, shown by the plugins.
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
    named_loss_of_start = loss if isinstance(loss, str) else None
    settings = settings_of(model, None if isinstance(loss, str) else loss, training, capture)
    started = None
    if start is not None:
        if model is not None:
            raise DrywetError(
                f"--start {start} and a kind of model", "one of them", "The model has its own kind."
            )
        started, settings = from_model(start, dry, wet, settings, named_loss_of_start)
    choose_device(settings.training.compute)  # what is missing shows before anything is read
    require_name(name)
    path = place_of(name_of(wet), name, control) if out is None else Path(out)
    require_free(path, overwrite)
    before = RunFolder(path).uncleaned
    if clean:
        require_net(settings.model, "what is to be trained")
        require_free(before.path, overwrite)
    config, data, report = prepared(dry, wet, settings, played, control)
    config = config.model_copy(update={"name": name})
    if start is not None:
        config = config.model_copy(update={"start": str(Path(start).resolve())})
    if not clean:
        before.discard()
        folder = RunFolder.create(path, config, overwrite, started)
        return scored_run(folder, data, control, report, resume=False)
    RunFolder(path).discard()
    first = RunFolder.create(before.path, config, overwrite, started)
    run = scored_run(first, data, control, report, resume=False)
    return _then_cleaned(run, first, path, control, data)


def resume(run: Path | str, *, longer: bool = False, control: Control | None = None) -> Run:
    """Go on with a run that was interrupted, as if it had not been.

    Args:
        run: its folder.
        longer: train a finished one on, for another cycle.
        control: as for `train`.

    Raises:
        DrywetError: no such run, its files have changed, a damaged checkpoint, another process
            trains into it, or one to be trained longer that has not finished or cannot be.
    """
    control = control or CtrlC()
    whole = RunFolder(Path(run))
    if longer:
        lengthen(RunFolder.open(run))
    if whole.waits_to_be_cleaned:
        first = _resumed(whole.uncleaned, control)
        return _then_cleaned(first, whole.uncleaned, whole.path, control, None)
    return _resumed(RunFolder.open(run), control)


def _then_cleaned(
    run: Run, first: RunFolder, path: Path, control: Control, data: TrainingData | None
) -> Run:
    """The second half of ``train --clean``, unless the first was stopped."""
    if run.interrupted:
        return replace(run, resumes=path)
    return clean_run(first, path, True, control, data)


def _resumed(folder: RunFolder, control: Control) -> Run:
    """A run that is there, finished."""
    with folder.claimed():
        config = folder.config()
        remove_leftovers(folder.made())
        choose_device(config.settings.training.compute)
        data = prepare_again(config)
        there = folder.checkpoint_file
        done = there.is_file() and is_finished(load_checkpoint(there), config)
        run = scored_run(folder, data, control, None, resume=True)
        return replace(run, finished_before=done)


def place_of(usual: str, name: str | None, control: Control | None) -> Path:
    """The folder of a run that was given none: of its name, or else its usual one."""
    stem = usual if name is None else folder_of(name)
    path, taken = next_free(RUNS, stem), RUNS / stem
    begun = taken != path and RunFolder(taken).config_file.is_file()
    if control is not None and begun and not RunFolder(taken).ended:
        control.on_unfinished(taken)
    return path


def require_name(name: str | None) -> None:
    """Refuse a name that a file cannot carry.

    Raises:
        DrywetError: of several lines, empty or endless.
    """
    parse(Metadata, {"name": name}, Path("the name"))


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
