"""A run's folder learned from start to end: the linear baseline, then the net."""

from __future__ import annotations

import threading
from dataclasses import asdict
from pathlib import Path

import torch

from drywet.inference.stream import predict_spans
from drywet.models.linear.config import LinearConfig
from drywet.models.linear.fit import fit_fir
from drywet.models.linear.net import LinearModel
from drywet.models.registry import build, kind_of
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.storage import write_json
from drywet.trained.metadata import Metadata
from drywet.trained.model_file import ModelCard, TrainedModel, load_model, save_model
from drywet.training.control import Control
from drywet.training.data import Joined, TrainingData
from drywet.training.fit_result import FitResult
from drywet.training.gains import set_gains
from drywet.training.hardware import choose_device, use_threads
from drywet.training.teacher import with_teacher
from drywet.training.trainer import Trainer

_one_at_a_time = threading.Lock()


def learn(
    folder: RunFolder,
    data: TrainingData,
    control: Control,
    resume: bool,
    pause_at: float = 1.0,
) -> FitResult | None:
    """Train the run of a folder, its configuration in it.

    PyTorch's seed and the numbers of threads belong to the process: one training at a time in
    each, another one waits. Other processes are free.

    Args:
        folder: of the run.
        data: what to learn.
        control: told of progress and asked whether to stop.
        resume: go on from the folder's checkpoint, if it got that far.
        pause_at: share of the budget after which to stop for now.

    Returns:
        How the training went; ``None`` for a linear model, solved in closed form.

    Raises:
        DrywetError: another process trains into the folder, this machine lacks the device asked
            for, or as `drywet.training.trainer.Trainer`.
    """
    with folder.claimed(), _one_at_a_time:
        config = folder.config()
        settings = config.settings
        device = choose_device(settings.training.compute)
        use_threads(config.threads, settings.model, device)
        recorded = TrainingData(data.captures[: len(config.captures)], data.rate).joined()
        baseline = _solve(LinearConfig(), config, recorded, folder.baseline_file)
        if kind_of(settings.model).training is None:
            assert isinstance(settings.model, LinearConfig)
            _solve(settings.model, config, recorded, folder.model_file)
            return None
        torch.manual_seed(settings.training.seed)
        metadata = Metadata()
        if config.start is not None:  # trained further
            begun = load_model(folder.start_file)
            model = begun.model
            metadata = begun.card.metadata.model_copy(update={"esr": None})  # was another model's
            model.train()
            if config.cleans:
                data = with_teacher(data, begun)
        else:
            model = build(settings.model)
            set_gains(model, data)
        if config.name is not None:
            metadata = metadata.model_copy(update={"name": config.name})
        card = ModelCard(
            model=settings.model,
            rate=config.rate,
            output_latency=config.output_latency,
            metadata=metadata,
            knobs=config.knobs,
        )
        trained = config.start is not None
        trainer = Trainer(model, card, data, settings, folder, device, control, trained)
        held_out = predict_spans(baseline, recorded.dry, recorded.split.validation)
        control.on_baseline(*trainer.validation.against(held_out))
        fit = trainer.run(resume, pause_at)
        write_json(folder.ending_file, asdict(fit))
        return fit


def _solve(wanted: LinearConfig, config: RunConfig, whole: Joined, path: Path) -> TrainedModel:
    """The filter that fits the training spans best, saved."""
    model = LinearModel(wanted)
    spans = [(span.start, span.stop) for span in whole.split.train]
    model.set_taps(fit_fir(whole.dry, whole.wet, spans, wanted.taps))
    card = ModelCard(model=wanted, rate=config.rate, output_latency=config.output_latency)
    trained = TrainedModel.of(model, card)
    save_model(path, trained)
    return trained
