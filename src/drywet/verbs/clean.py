"""``clean``: a trained model is trained on until it hardly aliases, at the rate it has.

Oversampling takes aliasing away where a model is played; plugins that cannot oversample need a net
that does not make it. So the net goes on learning its capture (`drywet.training.teacher`), and
beside it plays steady sines, of which all that is no harmonic counts as error
(`drywet.losses.aliasing`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from drywet.errors import DrywetError
from drywet.evaluation.material import material
from drywet.evaluation.probes import player_of, settling
from drywet.formats.load import load
from drywet.inference.stream import predict
from drywet.losses.config import LossConfig
from drywet.metrics import aliasing, sines, time
from drywet.models.registry import ModelConfig, kind_of
from drywet.pair.summary import CheckReport
from drywet.runs.config import CaptureConfig, RunConfig, Settings, TrainingConfig
from drywet.runs.folder import RunFolder, next_free, require_free
from drywet.runs.group import is_group
from drywet.storage import make_folder
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel, load_model
from drywet.training.control import Control, CtrlC
from drywet.training.data import TrainingData
from drywet.training.prepare import prepare_again, with_settings
from drywet.training.start import from_model
from drywet.training.teacher import OVERSAMPLED
from drywet.verbs.make_run import prepared
from drywet.verbs.render import render
from drywet.verbs.scored_run import RUNS, Before, Run, scored_run
from drywet.verbs.signal import signal

_WEIGHT = 4.0
"""Of the mean aliasing-to-signal ratio beside the ESR (docs/aliasing.md)."""
_SECONDS = 60.0


def clean(
    model: Path | str,
    dry: Path | str | None = None,
    wet: Path | str | None = None,
    *,
    out: Path | str | None = None,
    capture: CaptureConfig | None = None,
    overwrite: bool = False,
    control: Control | None = None,
) -> Run:
    """Train a model on until it hardly aliases.

    Args:
        model: a run, which goes on with its own capture; or a model as for `drywet.load`.
        dry: for a model: the signal into the device.
        wet: for a model: the signal out of it. Without a pair the model learns from its own
            oversampled self, on the capture signal; it lies beside the run, in a folder of its
            name and ``-capture``.
        out: folder of the new run; by default beside the run, or in ``runs/``, with ``-clean``.
        capture: of the pair: rate, alignment, held-out stretch.
        overwrite: replace a run that is there.
        control: as for `drywet.train`.

    Raises:
        DrywetError: a model that cannot be trained or does not alias, files that cannot be used
            or have changed, or a place that cannot be written.
    """
    model, control = Path(model), control or CtrlC()
    is_run = (model / "config.json").is_file()
    if is_group(model):
        raise DrywetError(
            f"{model} holds runs of several seeds", "one run", f"Name one of them: {model}/seed-0."
        )
    parent, stem = (model.parent, model.resolve().name) if is_run else (RUNS, model.stem)
    path = next_free(parent, f"{stem}-clean") if out is None else Path(out)
    require_free(path, overwrite)
    if is_run:
        if dry is not None:
            raise DrywetError(
                f"the run {model} and a pair", "one of them", "A run has its own capture."
            )
        return clean_run(RunFolder.open(model), path, overwrite, control)
    trained = with_knobs(load(model))
    _require_net(trained.card.model, model)
    if dry is None or wet is None:
        if dry is not None:
            raise DrywetError(f"only {dry}", "a dry and a wet file, or none", "Name both.")
        dry, wet = _own_capture(model, trained, path.with_name(f"{path.name}-capture"))
    settings = Settings(loss=LossConfig(aliasing=_WEIGHT), capture=capture or CaptureConfig())
    started, settings = from_model(model, dry, wet, settings, None)
    training = _training(settings.model, settings.training)
    settings = settings.model_copy(update={"training": training})
    config, data, report = prepared(dry, wet, settings, None, control)
    config = config.model_copy(update={"start": str(model.resolve())})
    folder = RunFolder.create(path, config, overwrite, started)
    return finished(folder, data, control, report, resume=False)


def clean_run(
    run: RunFolder,
    path: Path,
    overwrite: bool,
    control: Control,
    data: TrainingData | None = None,
) -> Run:
    """Clean the model of a run on its own capture, divided as it was.

    Args:
        run: that is trained.
        path: folder of the new run.
        overwrite: replace a run that is there.
        control: as for `clean`.
        data: its capture, where it is at hand.
    """
    before = run.config()
    _require_net(before.settings.model, run.path)
    trained = load_model(run.model_file)
    data = prepare_again(before) if data is None else data
    loss = before.settings.loss.model_copy(update={"aliasing": _WEIGHT})
    training = _training(before.settings.model, before.settings.training)
    settings = before.settings.model_copy(update={"loss": loss, "training": training})
    config = with_settings(before, data, settings, before.threads)
    config = config.model_copy(update={"start": str(run.path.resolve())})
    folder = RunFolder.create(path, config, overwrite, trained)
    return finished(folder, data, control, None, resume=False)


def finished(
    folder: RunFolder,
    data: TrainingData,
    control: Control,
    report: CheckReport | None,
    resume: bool,
) -> Run:
    """Train and score a run that cleans, and say what it was before; as `scored_run`."""
    run = scored_run(folder, data, control, report, resume)
    return replace(run, before=_before(folder, folder.config()))


def _training(model: ModelConfig, before: TrainingConfig) -> TrainingConfig:
    """One short cycle over windows like those before."""
    defaults = kind_of(model).training
    assert defaults is not None
    return TrainingConfig(
        optimizer="soap", learning_rate=defaults.cleaning_rate, select=before.select,
        batch=before.batch, segment=before.segment, warm_up=before.warm_up, bptt=before.bptt,
        seed=before.seed, compute=before.compute, threads=before.threads,
    )  # fmt: skip


def _require_net(model: ModelConfig, where: Path) -> None:
    if kind_of(model).training is None:
        raise DrywetError(
            f"{where} is a {model.title}", "a net of drywet's own kinds",
            "Filters do not alias; graphs of others can only be played: try --oversample 4.",
        )  # fmt: skip


def _own_capture(model: Path, trained: TrainedModel, folder: Path) -> tuple[Path, Path]:
    """The model's alias-free self playing the capture signal."""
    dry, wet = folder / "dry.wav", folder / "wet.wav"
    if folder.exists() and {file.name for file in folder.iterdir()} - {"dry.wav", "wet.wav"}:
        raise DrywetError(f"{folder} holds other files", "a new folder", "Choose another -o.")
    make_folder(folder)
    signal(dry, seconds=_SECONDS, rate=trained.card.rate, overwrite=True)
    render(model, dry, wet, oversample=OVERSAMPLED)
    return dry, wet


def _before(folder: RunFolder, config: RunConfig) -> Before:
    """The model that a run started from, on the audio that the run is scored on."""
    trained = load_model(folder.start_file)
    chosen = material(config)
    found, wanted = (
        np.concatenate(chosen.cut(signal))
        for signal in (predict(trained, chosen.prepared.dry), chosen.prepared.wet)
    )
    grid = sines.measure(player_of(trained, 1), trained.card.rate, settling(trained, 1))
    return Before(
        Path(str(config.start)),
        float(time.esr(found, wanted)),
        aliasing.up_to(aliasing.evaluate(grid), config.trained_peak_dbfs),
    )
