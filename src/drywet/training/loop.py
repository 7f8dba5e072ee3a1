"""The training loop.

One step draws a batch of windows, lets the model hear their first part without
gradients, then learns from the rest by truncated backpropagation through time:
forward ``bptt`` samples, update, hand the state on. Every so many steps the
model is scored on the validation audio, and the best weights are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from drywet.data.segments import SegmentSampler
from drywet.data.split import Split, total
from drywet.dsp.levels import rms
from drywet.errors import DrywetError
from drywet.inference.spans import SpanBatch
from drywet.models.base import EffectModel
from drywet.runs.config import Settings
from drywet.runs.folder import RunFolder
from drywet.storage import make_folder
from drywet.trained.model_file import ModelCard, TrainedModel, save_model
from drywet.training.budget import Budget, cosine
from drywet.training.checkpoint import LoopState, load_checkpoint, save_checkpoint
from drywet.training.interrupt import stop_on_ctrl_c
from drywet.training.learner import learner as learner_of
from drywet.training.validation import Validated, Validation

_RAMP_STEPS = 50  # the learning rate rises linearly over the first steps
_CHECKPOINT_SECONDS = 3.0
_LEAST_RMS = 1e-6  # silence would ask for an endless gain
# A validation ESR worse than silence's, and so many times the best, is no passing spike.
_FALLEN_APART = 20.0
_AFTER_A_RETREAT = 0.5  # times the learning rate


@dataclass(frozen=True)
class Progress:
    """Where a training stands, for a progress bar.

    Attributes:
        step: steps done.
        done: share of the budget spent, 0 to 1.
        validation_esr: latest, ``None`` before the first.
        best_esr: best so far, ``None`` before the first.
        speed: seconds of audio learned from per second.
        seconds_left: at this pace, ``None`` at the very start.
    """

    step: int
    done: float
    validation_esr: float | None
    best_esr: float | None
    speed: float
    seconds_left: float | None


@dataclass(frozen=True)
class FitResult:
    """How a training ended; the model holds its best weights.

    Attributes:
        steps: done in all.
        seconds: of training in all.
        best_esr: on the validation audio.
        best_step: when that was reached.
        interrupted: stopped by Ctrl-C, or paused.
    """

    steps: int
    seconds: float
    best_esr: float
    best_step: int
    interrupted: bool


@dataclass(frozen=True)
class TrainingData:
    """Aligned recordings at the model's rate, shape ``(samples,)``, and their split."""

    dry: NDArray[np.float32]
    wet: NDArray[np.float32]
    rate: int
    split: Split


def set_gains(model: EffectModel, data: TrainingData) -> None:
    """Scale so that the net sees and makes signals of the level that suits it, RMS 1 for most.

    A net that adds the dry sample itself to its output has one gain and its inverse, so that it
    adds just that: the plugins that know a skip know no other.
    """
    dry = np.concatenate([data.dry[span.start : span.stop] for span in data.split.train])
    wet = np.concatenate([data.wet[span.start : span.stop] for span in data.split.train])
    gain_in = model.input_rms / max(rms(dry), _LEAST_RMS)
    skip = model.config.adds_input
    model.set_gains(gain_in, 1 / gain_in if skip else max(rms(wet), _LEAST_RMS) / model.output_rms)


def fit(
    model: EffectModel,
    card: ModelCard,
    data: TrainingData,
    settings: Settings,
    folder: RunFolder,
    device: torch.device,
    report: Callable[[Progress], None],
    resume: bool = False,
    pause_at: float = 1.0,
    started: bool = False,
) -> FitResult:
    """Train ``model`` in place until the budget is spent or Ctrl-C, leaving the best weights in it.

    Args:
        model: fresh from `drywet.models.registry.build`, seeded by the caller, or a trained one.
        card: goes into the model file.
        data: what to learn.
        settings: of loss and training.
        folder: where history, checkpoint and best model are kept.
        device: where to compute.
        report: called after every step, or some quick ones at once.
        resume: go on from the folder's checkpoint, if it got that far; a longer budget than the
            one it was written for is gone on with.
        pause_at: share of the budget after which to stop for now.
        started: the model knows something already: it is the best until a better one comes.

    Raises:
        DrywetError: training windows do not fit, the checkpoint is unusable, or
            the loss is no longer finite.
    """
    config = settings.training
    model.to(device)
    warm_up = model.warm_up if config.warm_up is None else config.warm_up
    sampler = SegmentSampler(
        data.dry,
        data.wet,
        data.split.train,
        warm_up,
        settings.segment,
        settings.batch,
        config.seed,
        config.examples,
    )
    spans = data.split.validation
    held_out = SpanBatch(data.dry, data.wet, spans, device, model.warm_up)
    validation = Validation(held_out, spans, data.rate, config.select)
    budget = Budget(settings, total(data.split.train), total(spans))
    optimizer = _optimizer(model, settings)
    if resume and folder.checkpoint_file.is_file():
        state = _restore(model, optimizer, folder)
        if config.until_esr is None and config.patience is None:  # the budget may be another one
            state.finished = budget.progress(state.step, state.elapsed) >= 1
    else:
        state = LoopState(model.state_dict(), optimizer.state_dict())
        folder.keep_history([])
    learner = learner_of(model, optimizer, sampler, settings, warm_up, device)
    validation_esr: float | None = None
    session_step, session_began = state.step, time.perf_counter()
    elapsed_before, last_saved = state.elapsed, session_began

    def save() -> None:
        state.weights, state.optimizer = model.state_dict(), optimizer.state_dict()
        save_checkpoint(folder.checkpoint_file, state)

    def validate() -> float:
        found = validation.of(model)
        score = found.by(config.select)
        healthy = found.finite and bool(np.isfinite([score, state.loss_sum]).all())
        if not healthy and not state.best_step:
            raise DrywetError(
                f"the loss is no longer finite at step {state.step}",
                "a training that converges",
                f"Lower --learning-rate (now {settings.learning_rate:g}).",
            )
        state.idle += 1
        if healthy and score < state.best_score:
            state.best_score, state.best_esr, state.best_step = score, found.esr, state.step
            state.best_weights, state.idle = _copy(model), 0
            save_model(folder.model_file, TrainedModel.of(model, card))
        if healthy:
            folder.append_history(history_row(found, score))
        if not healthy or found.esr > max(_FALLEN_APART * state.best_esr, 1.0):
            retreat()
        state.loss_sum, state.loss_count = 0.0, 0
        return found.esr if healthy else state.best_esr

    def history_row(found: Validated, score: float) -> dict[str, Any]:
        return {
            "step": state.step,
            "epoch": round(state.step * budget.epochs_per_step, 3),
            "seconds": round(state.elapsed, 2),
            "loss": state.loss_sum / max(state.loss_count, 1),
            "validation_esr": found.esr,
            "validation_esr_pre": found.esr_pre,
            "validation_mrstft": found.mrstft,
            "score": score,
            "best_esr": state.best_esr,
            "best_score": state.best_score,
            "band_esr": [band.esr for band in found.bands],
            "band_excess_db": [band.excess_db for band in found.bands],
            "learning_rate": optimizer.param_groups[0]["lr"],
        }

    def retreat() -> None:
        """A recurrent net can blow up late in a training: go on from the best, slower."""
        model.load_state_dict(state.best_weights)
        optimizer.load_state_dict(_optimizer(model, settings).state_dict())
        state.retreats += 1

    def rate(step: int) -> float:
        """The learning rate of a step; where progress follows the clock, by the time so far."""
        done = budget.progress(step, state.elapsed)
        slower = _AFTER_A_RETREAT**state.retreats * min(1.0, (step + 1) / _RAMP_STEPS)
        return settings.learning_rate * cosine(done, config.final_rate) * slower

    def keep_milestones() -> None:
        for epochs in budget.milestones(state.step):
            make_folder(folder.milestones)
            save_model(folder.milestone_file(epochs), TrainedModel.of(model, card))

    if started and state.step == 0:
        validation_esr = validate()
    done = budget.progress(state.step, state.elapsed)
    with stop_on_ctrl_c() as stop:
        while not (state.finished or stop.requested or done >= pause_at):
            steps = min(learner.at_once, budget.uninterrupted(state.step, pause_at))
            losses = learner.learn(
                state.step, [rate(state.step + number) for number in range(steps)]
            )
            for loss in losses:  # one by one: the sum is the same however steps are divided
                state.loss_sum += loss
            state.loss_count += len(losses)
            state.step += steps
            state.elapsed = elapsed_before + time.perf_counter() - session_began

            keep_milestones()
            done = budget.progress(state.step, state.elapsed)
            if state.step % budget.validate_every == 0 or done >= 1:
                validation_esr = validate()
            reached = config.until_esr is not None and state.best_esr <= config.until_esr
            tired = config.patience is not None and state.idle >= config.patience
            state.finished = done >= 1 or reached or tired
            if time.perf_counter() - last_saved > _CHECKPOINT_SECONDS:
                save()
                last_saved = time.perf_counter()
            learned = (state.step - session_step) * settings.batch * settings.segment / data.rate
            speed = learned / (time.perf_counter() - session_began)
            best_esr = state.best_esr if state.best_step else None
            left = state.elapsed * (1 - done) / done if done > 0 else None
            report(Progress(state.step, done, validation_esr, best_esr, speed, left))
        if not state.best_step:  # stopped before the first validation
            validate()
        save()
    model.load_state_dict(state.best_weights)
    save_model(
        folder.model_file, TrainedModel.of(model, card)
    )  # a killed run may have left another
    return FitResult(state.step, state.elapsed, state.best_esr, state.best_step, not state.finished)


def _optimizer(model: EffectModel, settings: Settings) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter, ICLR 2019), which without decay is Adam.

    Fused: a step over a small net is nearly all overhead otherwise.
    """
    return torch.optim.AdamW(
        [parameter for parameter in model.parameters() if parameter.requires_grad],
        lr=settings.learning_rate,
        weight_decay=settings.training.weight_decay,
        fused=True,
    )


def _restore(model: EffectModel, optimizer: torch.optim.Optimizer, folder: RunFolder) -> LoopState:
    """Put a checkpoint back; the history is cut to what it covers."""
    state = load_checkpoint(folder.checkpoint_file)
    try:
        model.load_state_dict(state.weights)
        optimizer.load_state_dict(state.optimizer)
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DrywetError(
            f"{folder.checkpoint_file} does not fit the run's model",
            "the checkpoint of this run",
            "Train again with --overwrite.",
        ) from error
    folder.keep_history([row for row in folder.history() if row["step"] <= state.step])
    return state


def _copy(model: EffectModel) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
