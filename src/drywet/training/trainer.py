"""The training of a net, step by step.

A step draws a batch of windows, lets their first part settle the net's state without gradients,
then learns from the rest by truncated backpropagation through time: forward ``bptt`` samples,
update, hand the state on. Every so many steps the net is scored on the validation audio, and the
best weights are kept.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from drywet.data.segments import SegmentSampler
from drywet.data.split import total
from drywet.dsp.levels import rms
from drywet.errors import DrywetError
from drywet.inference.spans import SpanBatch
from drywet.models.base import EffectModel
from drywet.optimizers.choose import Optimizer, optimizer_of
from drywet.runs.config import Settings
from drywet.runs.folder import RunFolder
from drywet.runs.history import HistoryRow
from drywet.storage import make_folder
from drywet.trained.model_file import ModelCard, TrainedModel, save_model
from drywet.training.budget import Budget, cosine
from drywet.training.checkpoint import LoopState, load_checkpoint, save_checkpoint
from drywet.training.control import Control, Progress
from drywet.training.data import TrainingData
from drywet.training.kernel_learners import learner
from drywet.training.validation import Validated, Validation

_RAMP_STEPS = 50  # the learning rate rises linearly over the first steps
_CHECKPOINT_SECONDS = 3.0
_LEAST_RMS = 1e-6  # silence would ask for an endless gain
# A validation ESR worse than silence's, and so many times the best, is no passing spike.
_DIVERGED = 20.0
_AFTER_DIVERGING = 0.5  # times the learning rate


@dataclass(frozen=True)
class FitResult:
    """How a training ended; the model holds its best weights.

    Attributes:
        steps: done in all.
        seconds: of training in all.
        best_esr: on the validation audio.
        best_step: when that was reached.
        interrupted: asked to stop, or paused.
    """

    steps: int
    seconds: float
    best_esr: float
    best_step: int
    interrupted: bool


def set_gains(model: EffectModel, data: TrainingData) -> None:
    """Scale so that the net sees and makes signals of the level that suits it, RMS 1 for most.

    A net that adds the dry sample itself to its output has one gain and its inverse, so that it
    adds just that: the plugins that know a skip know no other.
    """
    whole = data.joined()
    dry = np.concatenate([whole.dry[span.start : span.stop] for span in whole.split.train])
    wet = np.concatenate([whole.wet[span.start : span.stop] for span in whole.split.train])
    gain_in = model.input_rms / max(rms(dry), _LEAST_RMS)
    inverse = 1 / gain_in
    scale = max(rms(wet), _LEAST_RMS) / model.output_rms
    model.set_gains(gain_in, inverse if model.config.adds_input else scale)


class Trainer:
    """Trains a model in place until the budget is spent or a stop is requested.

    Args:
        model: fresh from `drywet.models.registry.build`, seeded by the caller, or a trained one.
        card: goes into the model file.
        data: what to learn.
        settings: of loss and training.
        folder: where history, checkpoint and best model are kept.
        device: where to compute.
        control: told of progress and asked whether to stop.
        trained: the model knows something already: it is the best until a better one comes.

    Raises:
        DrywetError: training windows do not fit.
    """

    def __init__(
        self,
        model: EffectModel,
        card: ModelCard,
        data: TrainingData,
        settings: Settings,
        folder: RunFolder,
        device: torch.device,
        control: Control,
        trained: bool = False,
    ) -> None:
        self.config = config = settings.training
        self.model, self.card, self.settings = model.to(device), card, settings
        self.folder, self.control, self.trained = folder, control, trained
        self.rate = data.rate
        whole = data.joined()
        held_out = whole.split.validation
        warm_up = model.warm_up if config.warm_up is None else config.warm_up
        sampler = SegmentSampler(
            whole.dry, whole.wet, whole.split.train, warm_up, settings.segment, settings.batch,
            config.seed, config.examples,
        )  # fmt: skip
        batch = SpanBatch(whole.dry, whole.wet, held_out, device, model.warm_up)
        self.validation = Validation(batch, held_out, data.rate, config.select)
        self.budget = Budget(settings, total(whole.split.train), total(held_out))
        self.optimizer = _optimizer(model, settings)
        self.learner = learner(model, self.optimizer, sampler, settings, warm_up, device)
        self.state = LoopState(model.state_dict(), self.optimizer.state_dict())
        self.validation_esr: float | None = None

    def run(self, resume: bool = False, pause_at: float = 1.0) -> FitResult:
        """Train, leaving the best weights in the model.

        Args:
            resume: go on from the folder's checkpoint, if it got that far; a longer budget than
                the one it was written for is gone on with.
            pause_at: share of the budget after which to stop for now.

        Raises:
            DrywetError: the checkpoint is unusable, or the loss is no longer finite.
        """
        self._begin(resume)
        state, budget = self.state, self.budget
        began, elapsed_before, first_step = time.perf_counter(), state.elapsed, state.step
        saved = began
        if self.trained and state.step == 0:
            self._validate()
        done = budget.progress(state.step, state.elapsed)
        with self.control.training():
            while not (state.finished or self.control.stop_requested or done >= pause_at):
                self._learn(budget.uninterrupted(state.step, pause_at))
                now = time.perf_counter()
                state.elapsed = elapsed_before + now - began
                self._keep_milestones()
                done = budget.progress(state.step, state.elapsed)
                if state.step % budget.validate_every == 0 or done >= 1:
                    self._validate()
                state.finished = done >= 1 or self._good_enough()
                if time.perf_counter() - saved > _CHECKPOINT_SECONDS:
                    self._save()
                    saved = time.perf_counter()
                self._report(done, state.step - first_step, time.perf_counter() - began)
            if not state.best_step:  # stopped before the first validation
                self._validate()
            self._save()
        self.model.load_state_dict(state.best_weights)
        self._save_model(self.folder.model_file)  # a killed run may have left another
        return FitResult(
            state.step, state.elapsed, state.best_esr, state.best_step, not state.finished
        )

    def _begin(self, resume: bool) -> None:
        """From the folder's checkpoint, or from the start."""
        if not (resume and self.folder.checkpoint_file.is_file()):
            self.folder.keep_history([])
            return
        self.state = state = load_checkpoint(self.folder.checkpoint_file)
        try:
            self.model.load_state_dict(state.weights)
            self.optimizer.load_state_dict(state.optimizer)
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DrywetError(
                f"{self.folder.checkpoint_file} does not fit the run's model",
                "the checkpoint of this run",
                "Train again with --overwrite.",
            ) from error
        rows = self.folder.history()  # cut to what the checkpoint covers
        self.folder.keep_history([row for row in rows if row.step <= state.step])
        if self.config.until_esr is None and self.config.patience is None:
            # The budget may be another one.
            state.finished = self.budget.progress(state.step, state.elapsed) >= 1

    def _learn(self, at_most: int) -> None:
        """Do the next steps."""
        state = self.state
        steps = min(self.learner.at_once, at_most)
        rates = [self._learning_rate(state.step + number) for number in range(steps)]
        losses = self.learner.learn(state.step, rates)
        for loss in losses:  # one by one: the sum is the same however steps are divided
            state.loss_sum += loss
        state.loss_count += len(losses)
        state.step += steps

    def _learning_rate(self, step: int) -> float:
        """Of a step; where progress follows the clock, by the time so far."""
        done = self.budget.progress(step, self.state.elapsed)
        ramp = min(1.0, (step + 1) / _RAMP_STEPS)
        slower = _AFTER_DIVERGING**self.state.retreats * ramp
        return self.settings.learning_rate * cosine(done, self.config.final_rate) * slower

    def _validate(self) -> None:
        """Score the model; keep it where it is the best, go back where it has diverged."""
        state = self.state
        found = self.validation.of(self.model)
        score = found.by(self.config.select)
        healthy = found.finite and bool(np.isfinite([score, state.loss_sum]).all())
        if not healthy and not state.best_step:
            raise DrywetError(
                f"the loss is no longer finite at step {state.step}",
                "a training that converges",
                f"Lower --learning-rate (now {self.settings.learning_rate:g}).",
            )
        state.idle += 1
        if healthy and score < state.best_score:
            state.best_score, state.best_esr, state.best_step = score, found.esr, state.step
            state.best_weights, state.idle = _copy(self.model), 0
            self._save_model(self.folder.model_file)
            self.control.on_better_model(self.folder.model_file, found.esr)
        if healthy:
            self.folder.append_history(self._row(found, score))
        if not healthy or found.esr > max(_DIVERGED * state.best_esr, 1.0):
            self._retreat()
        state.loss_sum, state.loss_count = 0.0, 0
        self.validation_esr = found.esr if healthy else state.best_esr

    def _row(self, found: Validated, score: float) -> HistoryRow:
        state = self.state
        return HistoryRow(
            step=state.step,
            epoch=round(state.step * self.budget.epochs_per_step, 3),
            seconds=round(state.elapsed, 2),
            loss=state.loss_sum / max(state.loss_count, 1),
            validation_esr=found.esr,
            validation_esr_pre=found.esr_pre,
            validation_mrstft=found.mrstft,
            score=score,
            best_esr=state.best_esr,
            best_score=state.best_score,
            band_esr=[band.esr for band in found.bands],
            band_excess_db=[band.excess_db for band in found.bands],
            learning_rate=self.optimizer.param_groups[0]["lr"],
        )

    def _retreat(self) -> None:
        """A recurrent net can diverge late in a training: go on from the best, slower."""
        self.model.load_state_dict(self.state.best_weights)
        self.optimizer.load_state_dict(_optimizer(self.model, self.settings).state_dict())
        self.state.retreats += 1

    def _good_enough(self) -> bool:
        """Whether the goal is reached, or nothing has become better for long."""
        goal, patience = self.config.until_esr, self.config.patience
        reached = goal is not None and self.state.best_esr <= goal
        return reached or (patience is not None and self.state.idle >= patience)

    def _keep_milestones(self) -> None:
        for epochs in self.budget.milestones(self.state.step):
            make_folder(self.folder.milestones)
            self._save_model(self.folder.milestone_file(epochs))

    def _save(self) -> None:
        """Write the checkpoint."""
        state = self.state
        state.weights, state.optimizer = self.model.state_dict(), self.optimizer.state_dict()
        save_checkpoint(self.folder.checkpoint_file, state)

    def _save_model(self, path: Path) -> None:
        save_model(path, TrainedModel.of(self.model, self.card))

    def _report(self, done: float, steps: int, seconds: float) -> None:
        """Tell the control where the training stands."""
        state, settings = self.state, self.settings
        audio = steps * settings.batch * settings.segment / self.rate
        left = state.elapsed * (1 - done) / done if done > 0 else None
        best = state.best_esr if state.best_step else None
        self.control.on_progress(
            Progress(state.step, done, self.validation_esr, best, audio / seconds, left)
        )


def _optimizer(model: EffectModel, settings: Settings) -> Optimizer:
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return optimizer_of(
        settings.optimizer, trained, settings.learning_rate, settings.training.weight_decay
    )


def _copy(model: EffectModel) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
