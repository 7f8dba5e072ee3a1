"""A run's folder learned from start to end: the linear baseline, then the net."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from drywet.models.linear.config import LinearConfig
from drywet.models.linear.fit import fit_fir
from drywet.models.linear.net import LinearModel
from drywet.models.registry import build
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.trained.metadata import Metadata
from drywet.trained.model_file import ModelCard, TrainedModel, load_model, save_model
from drywet.training.hardware import use_threads
from drywet.training.loop import FitResult, Progress, TrainingData, fit, set_gains


def learn(
    folder: RunFolder,
    config: RunConfig,
    data: TrainingData,
    device: torch.device,
    on_progress: Callable[[Progress], None],
    resume: bool,
    pause_at: float = 1.0,
) -> FitResult | None:
    """Train the run of a folder.

    Args:
        folder: of the run, its configuration in it.
        config: that configuration.
        data: what to learn.
        device: where to compute.
        on_progress: called after every training step.
        resume: go on from the folder's checkpoint, if it got that far.
        pause_at: share of the budget after which to stop for now.

    Returns:
        How the training went; ``None`` for a linear model, solved in closed form.

    Raises:
        DrywetError: as `drywet.training.loop.fit`.
    """
    use_threads(config.threads, config.settings.model, device)
    _fit_linear(LinearConfig(), config, data, folder.baseline_file)
    if isinstance(config.settings.model, LinearConfig):
        _fit_linear(config.settings.model, config, data, folder.model_file)
        return None
    torch.manual_seed(config.settings.training.seed)
    metadata = Metadata()
    if config.start is not None:  # trained further
        begun = load_model(folder.start_file)
        model, metadata = begun.model, begun.card.metadata
        model.train()
    else:
        model = build(config.settings.model)
        set_gains(model, data)
    card = ModelCard(
        model=config.settings.model,
        rate=config.rate,
        output_latency=config.output_latency,
        metadata=metadata,
    )
    return fit(
        model, card, data, config.settings, folder, device, on_progress, resume, pause_at,
        started=config.start is not None,
    )  # fmt: skip


def _fit_linear(wanted: LinearConfig, config: RunConfig, data: TrainingData, path: Path) -> None:
    model = LinearModel(wanted)
    spans = [(span.start, span.stop) for span in data.split.train]
    model.set_taps(fit_fir(data.dry, data.wet, spans, wanted.taps))
    card = ModelCard(model=wanted, rate=config.rate, output_latency=config.output_latency)
    save_model(path, TrainedModel.of(model, card))
