"""``clean``: a trained model is trained on until it hardly aliases, at the rate it has.

Oversampling takes aliasing away where a model is played; plugins that cannot oversample need a net
that does not make it. So the net goes on learning its capture (`drywet.training.teacher`), and
beside it plays steady sines, of which all that is no harmonic counts as error
(`drywet.losses.aliasing`).
"""

from __future__ import annotations

import glob
from collections.abc import Callable
from pathlib import Path

from drywet.errors import DrywetError
from drywet.evaluation.closeness import FAR_OFF
from drywet.formats.load import load
from drywet.formats.registry import SUFFIXES
from drywet.inference.stream import predict
from drywet.models.registry import ModelConfig, kind_of
from drywet.runs.config import CaptureConfig, RunConfig, Settings, TrainingConfig
from drywet.runs.folder import RunFolder, next_free, require_free
from drywet.runs.group import is_group
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel, load_model
from drywet.training.control import Control, CtrlC
from drywet.training.data import TrainingData
from drywet.training.prepare import prepare_again, with_settings
from drywet.training.start import from_model
from drywet.training.teacher import OVERSAMPLED
from drywet.verbs.before_cleaning import aliasing_db, esr_over
from drywet.verbs.make_run import prepared
from drywet.verbs.own_capture import own_capture
from drywet.verbs.render import render
from drywet.verbs.scored_run import RUNS, Run, scored_run
from drywet.verbs.signal import signal
from drywet.words import number, with_article

_WEIGHT = 4.0
"""Of the mean aliasing-to-signal ratio beside the ESR, at least (docs/aliasing.md)."""
_SHARE = 1.0
"""Of the ESR before, that the weighted ratio before is at least: it leads where it is small."""
_SECONDS = 60.0


def clean(
    model: Path | str,
    dry: Path | str | None = None,
    wet: Path | str | None = None,
    *,
    out: Path | str | None = None,
    capture: CaptureConfig | None = None,
    overwrite: bool = False,
    on_step: Callable[[str], None] = lambda text: None,
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
        on_step: called with a line before a capture of the model itself is made.
        control: as for `drywet.train`.

    Raises:
        DrywetError: a model that cannot be trained or is of something else than the pair, files
            that cannot be used or have changed, or a place that cannot be written.
    """
    model, control = Path(model), control or CtrlC()
    if is_group(model):
        raise DrywetError(
            f"{model} holds runs of several seeds", "one run", f"Name one of them: {model}/seed-0."
        )
    is_run = (model / "config.json").is_file()
    path = _place(model, is_run) if out is None else Path(out)
    if path.resolve() in (model.resolve(), *model.resolve().parents):
        raise DrywetError(
            f"-o {path} and a model that lies there", "another folder", "Choose another -o."
        )
    require_free(path, overwrite)
    if is_run and dry is not None:
        raise DrywetError(
            f"the run {model} and a pair", "one of them", "A run has its own capture."
        )
    if dry is None and capture not in (None, CaptureConfig()):
        raise DrywetError(
            f"options of a capture for {model} alone", "a dry and a wet file with them",
            "Leave them out, or name both files.",
        )  # fmt: skip
    if is_run:
        return clean_run(RunFolder.open(model), path, overwrite, control)
    trained = with_knobs(load(model))
    require_net(trained.card.model, str(model))
    if dry is None or wet is None:
        if dry is not None:
            raise DrywetError(f"only {dry}", "a dry and a wet file, or none", "Name both.")
        dry, wet = own_capture(path, overwrite)
        on_step(f"a capture of the model itself, {OVERSAMPLED} times oversampled -> {wet.parent}")
        signal(dry, seconds=_SECONDS, rate=trained.card.rate, overwrite=True)
        render(model, dry, wet, oversample=OVERSAMPLED, overwrite=True)
    started, settings = from_model(
        model, dry, wet, Settings(capture=capture or CaptureConfig()), None
    )
    config, data, report = prepared(dry, wet, settings, None, control)
    esr = _esr(started, data)
    _require_its_own(esr, model, settings.capture.force)
    config = _cleaning(config, data, model, started, esr)
    RunFolder(path).uncleaned.discard()
    folder = RunFolder.create(path, config, overwrite, started)
    return scored_run(folder, data, control, report, resume=False)


def _place(model: Path, is_run: bool) -> Path:
    """Beside a run, else in ``runs/``, with ``-clean``."""
    whole = model.resolve()
    if is_run:
        parent, name = model.parent if model.name else whole.parent, whole.name
    else:
        stems = [whole.name.removesuffix(s) for s in SUFFIXES if whole.name.endswith(s)]
        parent, name = RUNS, min([*stems, whole.stem], key=len)
    for begun in sorted(parent.glob(f"{glob.escape(name)}-clean*")):
        if _is_unfinished(begun, model):
            raise DrywetError(
                f"{begun}, which cleans {model}, is unfinished", "a finished one, or another -o",
                f"Go on with it: drywet train --resume {begun}; or begin anew: -o {begun} "
                "--overwrite.",
            )  # fmt: skip
    return next_free(parent, f"{name}-clean")


def _is_unfinished(path: Path, model: Path) -> bool:
    """Whether a run began to clean a model and was stopped, or killed, before its end."""
    folder = RunFolder(path)
    if not folder.config_file.is_file() or folder.ended:
        return False
    try:
        config = folder.config()
    except DrywetError:  # of some other version, or none of drywet's
        return False
    return config.cleans and config.start == str(model.resolve())


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
    if before.knobs:
        raise DrywetError(
            f"{run.path} is a model with knobs", "one without",
            "Play it with --oversample 4, which aliases less too.",
        )  # fmt: skip
    require_net(before.settings.model, str(run.path))
    trained = load_model(run.model_file)
    data = prepare_again(before) if data is None else data
    config = _cleaning(before, data, run.path, trained, _esr(trained, data))
    uncleaned = RunFolder(path).uncleaned
    if uncleaned.path.resolve() != run.path.resolve():
        uncleaned.discard()
    folder = RunFolder.create(path, config, overwrite, trained)
    return scored_run(folder, data, control, None, resume=False)


def _require_its_own(esr: float, model: Path, force: bool) -> None:
    """Refuse a recording of something else: cleaning would turn the model into that."""
    if esr >= FAR_OFF and not force:
        raise DrywetError(
            f"{model} is far from this recording (ESR {number(esr, 2)})",
            f"a recording of what it models (below {FAR_OFF:g})",
            "Leave the files out to clean it by itself, add --force, or learn this recording: "
            f"drywet train DRY WET --start {model}.",
        )


def _esr(trained: TrainedModel, data: TrainingData) -> float:
    """Of a model on the training audio."""
    whole = data.joined()
    played = predict(trained, whole.dry)
    spans = whole.split.train
    return esr_over(*([signal[a:b] for a, b in spans] for signal in (played, whole.wet)))


def _cleaning(
    before: RunConfig, data: TrainingData, model: Path, trained: TrainedModel, esr: float
) -> RunConfig:
    """The configuration of a run that cleans: one short cycle over windows like those before."""
    given = before.settings.training
    kind = kind_of(before.settings.model)
    defaults = kind.defaults(before.settings.model)
    samples = defaults.cleaning_steps * before.settings.batch * before.settings.segment
    training = TrainingConfig(
        optimizer="soap", learning_rate=defaults.cleaning_rate, select=given.select,
        batch=given.batch, segment=given.segment, warm_up=given.warm_up,
        bptt=given.bptt or defaults.cleaning_bptt,
        epochs=samples / data.train_samples * (1 - 1e-9), seed=given.seed, compute=given.compute,
        threads=given.threads,
    )  # fmt: skip
    ratio = 10 ** (aliasing_db(trained, before.trained_peak_dbfs) / 10)
    loss = before.settings.loss.model_copy(
        update={"aliasing": max(_WEIGHT, round(_SHARE * esr / ratio, 3))}
    )
    settings = before.settings.model_copy(update={"loss": loss, "training": training})
    config = with_settings(before, data, settings, before.threads)
    return config.model_copy(update={"start": str(model.resolve()), "cleans": True})


def require_net(model: ModelConfig, where: str) -> None:
    """Refuse what is not trained step by step.

    Raises:
        DrywetError: it is such.
    """
    if kind_of(model).training is None:
        raise DrywetError(
            f"{where} is {with_article(model.title)}", "a net of drywet's own kinds",
            "Filters do not alias; graphs of others can only be played: try --oversample 4.",
        )  # fmt: skip
