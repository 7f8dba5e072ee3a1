"""``train``: two recordings become a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from drywet.data.prepare import at_model_rate, second_passes
from drywet.data.segments import spans_with_room
from drywet.data.split import Span, split
from drywet.losses.config import LossConfig
from drywet.models.config import LinearConfig, ModelConfig, RecurrentConfig
from drywet.models.linear import LinearModel, fit_fir
from drywet.models.registry import build
from drywet.pair.examine import examine, require_trainable
from drywet.pair.load import Pair, fingerprint, load_pair
from drywet.runs.config import (
    CaptureConfig,
    Recording,
    RunConfig,
    Settings,
    TrainingConfig,
    machine_here,
    now,
    parse,
    versions_here,
)
from drywet.runs.folder import RunFolder, next_free, require_free
from drywet.runs.model_file import ModelCard, TrainedModel, save_model
from drywet.runs.recording import reload
from drywet.storage import remove_leftovers
from drywet.training.hardware import choose_device, choose_threads, use_threads
from drywet.training.loop import FitResult, Progress, TrainingData, fit, set_gains
from drywet.verbs.check import CheckReport, summarise
from drywet.verbs.evaluate import Evaluation, evaluate
from drywet.verbs.export import formats_for

RUNS = Path("runs")
"""Where runs go that are not given a folder."""

_END_SLACK_SECONDS = 0.1


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


def _silent(progress: Progress) -> None:
    pass


def train(
    dry: Path | str,
    wet: Path | str,
    *,
    out: Path | str | None = None,
    model: ModelConfig | None = None,
    loss: LossConfig | None = None,
    training: TrainingConfig | None = None,
    capture: CaptureConfig | None = None,
    overwrite: bool = False,
    on_check: Callable[[CheckReport], None] | None = None,
    on_progress: Callable[[Progress], None] = _silent,
) -> Run:
    """Learn the device between two recordings; scores, figures and audio come with it.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        out: folder of the run; by default ``runs/`` and the wet file's name.
        model: what to train; an LSTM of 16 units by default.
        loss: what to minimise; ESR by default.
        training: budget, seed, optimiser.
        capture: rate, alignment, held-out stretch.
        overwrite: replace a run that is there.
        on_check: called with the checks' report before training.
        on_progress: called after every training step.

    Raises:
        DrywetError: files or settings that cannot be used, a capture the checks
            refuse, or a place that cannot be written.
    """
    chosen_parts = {
        "model": model or RecurrentConfig(),
        "loss": loss or LossConfig(),
        "training": training or TrainingConfig(),
        "capture": capture or CaptureConfig(),
    }
    settings = parse(Settings, chosen_parts, Path("the settings"))
    device = choose_device(settings.training.device)
    path = next_free(RUNS, Path(wet).stem) if out is None else Path(out)
    require_free(path, overwrite)
    chosen = settings.capture
    loaded = load_pair(dry, wet, chosen.channel, chosen.resample)
    examination = examine(loaded, chosen.latency)
    report = summarise(examination)
    if on_check is not None:
        on_check(report)
    require_trainable(examination.findings, chosen.force)

    rate = chosen.rate or examination.pair.rate
    prepared = at_model_rate(examination.pair, rate, chosen.margin)
    repeats = second_passes(examination.repeats, examination.pair.rate, rate, chosen.margin)
    test = _test_span(chosen.test, examination.latency, examination.pair.rate, prepared)
    config = RunConfig(
        settings=settings,
        recording=Recording(
            dry=str(Path(dry).resolve()),
            wet=str(Path(wet).resolve()),
            dry_sha256=fingerprint(loaded.dry),
            wet_sha256=fingerprint(loaded.wet),
            rate=examination.pair.rate,
            seconds=examination.pair.seconds,
            latency=examination.latency,
            polarity=examination.polarity,
            replicate_esr=examination.replicate_esr,
        ),
        rate=rate,
        output_latency=chosen.margin,
        split=split(len(prepared.dry), rate, repeats, test),
        threads=choose_threads(settings.training.threads),
        versions=versions_here(),
        machine=machine_here(),
        created=now(),
    )
    data = TrainingData(prepared.dry, prepared.wet, rate, config.split)
    _require_windows(config)
    folder = RunFolder.create(path, config, overwrite)
    return _learn(folder, config, data, device, on_progress, report, resume=False)


def resume(run: Path | str, *, on_progress: Callable[[Progress], None] = _silent) -> Run:
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
    _, prepared = reload(config)
    data = TrainingData(prepared.dry, prepared.wet, config.rate, config.split)
    return _learn(folder, config, data, device, on_progress, None, resume=True)


def _test_span(
    test: tuple[float, float | None] | None, latency: int, file_rate: int, prepared: Pair
) -> Span | None:
    """The held-out stretch in samples, from seconds of the dry file."""
    if test is None:
        return None
    cut = max(-latency, 0) / file_rate  # a wet that leads cost the dry its first samples
    start = max(round((test[0] - cut) * prepared.rate), 0)
    end = prepared.seconds if test[1] is None else test[1] - cut
    if prepared.seconds < end <= prepared.seconds + _END_SLACK_SECONDS:
        end = prepared.seconds  # the alignment shortened the end
    return Span(start, round(end * prepared.rate))


def _require_windows(config: RunConfig) -> None:
    """Refuse before anything is written what training could not even begin."""
    training = config.settings.training
    model = build(config.settings.model)
    warm_up = model.warm_up if training.warm_up is None else training.warm_up
    linear = isinstance(model, LinearModel)
    spans_with_room(
        config.split.train, model.warm_up + 1 if linear else warm_up + config.settings.segment
    )


def _learn(
    folder: RunFolder,
    config: RunConfig,
    data: TrainingData,
    device: torch.device,
    on_progress: Callable[[Progress], None],
    report: CheckReport | None,
    resume: bool,
) -> Run:
    use_threads(config.threads, config.settings.model, device)
    _fit_linear(LinearConfig(), config, data, folder.baseline_file)
    if isinstance(config.settings.model, LinearConfig):
        _fit_linear(config.settings.model, config, data, folder.model_file)
        return Run(folder.path, report, None, evaluate(folder), [])
    torch.manual_seed(config.settings.training.seed)
    model = build(config.settings.model)
    set_gains(model, data)
    card = ModelCard(
        model=config.settings.model, rate=config.rate, output_latency=config.output_latency
    )
    result = fit(model, card, data, config.settings, folder, device, on_progress, resume)
    formats = formats_for(config.settings.model)
    return Run(folder.path, report, result, evaluate(folder), formats)


def _fit_linear(wanted: LinearConfig, config: RunConfig, data: TrainingData, path: Path) -> None:
    model = LinearModel(wanted)
    spans = [(span.start, span.stop) for span in data.split.train]
    model.set_taps(fit_fir(data.dry, data.wet, spans, wanted.taps))
    card = ModelCard(model=wanted, rate=config.rate, output_latency=config.output_latency)
    save_model(path, TrainedModel.of(model, card))
