"""The training of a net, step by step.

A step draws a batch of windows, lets their first part settle the net's state without gradients,
then learns from the rest by truncated backpropagation through time: forward ``bptt`` samples,
update, hand the state on. Every so many steps the net is scored on the validation audio, and the
best weights are kept. `drywet.training.cycles` says how the learning rate goes, how many starts
take part and when it is enough.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from drywet.data.segments import SegmentSampler, led_up_to
from drywet.data.split import total
from drywet.dsp.levels import db
from drywet.errors import DrywetError
from drywet.inference.spans import SpanBatch
from drywet.metrics.bands import BandScore
from drywet.models.base import EffectModel
from drywet.models.kind import GAINS
from drywet.models.registry import build
from drywet.optimizers.choose import Optimizer, optimizer_of
from drywet.runs.config import Settings
from drywet.runs.folder import RunFolder
from drywet.runs.history import HistoryRow
from drywet.storage import make_folder
from drywet.trained.knobs import ignoring_followers
from drywet.trained.model_file import ModelCard, TrainedModel, save_model
from drywet.training.checkpoint import LoopState, load_checkpoint, save_checkpoint
from drywet.training.cleaning import Cleaning
from drywet.training.control import Control, Progress
from drywet.training.cycles import after_cycle, go_on, learned_by_heart
from drywet.training.data import TrainingData, before_a_span
from drywet.training.fit_result import FitResult
from drywet.training.kernel_learners import learner
from drywet.training.learner import Learner
from drywet.training.schedule import Schedule
from drywet.training.sines import sines_beside
from drywet.training.treble import settings_for_treble
from drywet.training.validation import Validated, Validation

_CHECKPOINT_SECONDS = 3.0
# A validation ESR worse than silence's, and so many times the best, is no passing spike.
_DIVERGED = 20.0
_BETWEEN_SEEDS = 1_000_003  # of starts: two trainings with seeds side by side share none


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
        inputs = whole.inputs
        held_out = whole.split.validation
        warm_up = model.warm_up if config.warm_up is None else config.warm_up
        before = before_a_span(warm_up, bool(data.captures[0].knobs), model.receptive_field)
        spans = led_up_to(whole.split.train, before)
        sampler = SegmentSampler(
            inputs, whole.wet, spans, warm_up, settings.segment, settings.batch,
            config.seed, config.examples, whole.weights,
        )  # fmt: skip
        memory = model.warm_up if model.receptive_field else None
        batch = SpanBatch(inputs, whole.wet, held_out, device, memory, whole.weights)
        sines = sines_beside(model, whole, data.rate, settings, device)
        self.validation = Validation(batch, held_out, data.rate, config.select, sines)
        self.schedule = Schedule(
            settings, total(whole.split.train), batch.played, run_up=memory is None
        )
        self.optimizer = _optimizer(model, settings)
        self._learner: Callable[[Settings], Learner] = lambda settings: learner(
            model, self.optimizer, sampler, settings, warm_up, device, sines
        )
        self.learner = self._learner(settings)
        self.state = LoopState(model.state_dict(), self.optimizer.state_dict())
        self.validation_esr: float | None = None
        self.bands: tuple[BandScore, ...] = ()
        self.aliasing_db: float | None = None

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
        state, schedule = self.state, self.schedule
        began = saved = now = time.perf_counter()
        learned = 0.0
        if self.trained and state.step == 0:
            self._validate()
        with self.control.training():
            while not (state.finished or self.control.stop_requested):
                if pause_at < 1 and schedule.done(state) >= pause_at:
                    break
                steps = self._learn(pause_at)
                learned += steps * self.settings.batch * self.settings.segment / self.rate
                self._keep_milestones()
                before, now = now, time.perf_counter()
                state.elapsed += now - before
                if schedule.validates(state):
                    self._validate()
                state.finished = self._good_enough()
                if schedule.at_end(state) and not state.finished:
                    self._end_of_cycle()
                if now - saved > _CHECKPOINT_SECONDS:
                    self._save()
                    saved = now
                self._report(learned / (now - began))
            if not state.best_step:  # stopped before the first validation
                self._validate()
            self._save()
        last_start, last_step = state.start, state.step
        best = min([state.of_start(), *state.waiting], key=lambda start: start["best_score"])
        state.take(best)
        self.model.load_state_dict(state.best_weights)
        self._save_model(self.folder.model_file)  # a killed run may have left another
        return FitResult(
            state.step, self._seconds(), state.best_esr, state.best_step, not state.finished,
            self.settings.restarts, state.start, last_start, last_step,
        )  # fmt: skip

    def _begin(self, resume: bool) -> None:
        """From the folder's checkpoint, or from the start."""
        if not (resume and self.folder.checkpoint_file.is_file()):
            self.folder.keep_history([])
            others = range(1, self.settings.restarts)
            self.state.waiting = [self._new_start(number) for number in others]
            return
        self.state = state = load_checkpoint(self.folder.checkpoint_file)
        go_on(state, self.settings)
        if state.treble is not None:
            self.learner = self._learner(settings_for_treble(self.settings))
        try:
            if not state.finished and state.cycle == len(self.schedule.cycles.stops):
                state.cycle -= 1  # trained on, by the last cycle alone
                self._begin_treble()
            self._take_up()
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DrywetError(
                f"{self.folder.checkpoint_file} does not fit the run's model",
                "the checkpoint of this run",
                "Train again with --overwrite.",
            ) from error
        steps = {one["start"]: one["step"] for one in [*state.waiting, state.of_start()]}
        rows = self.folder.history_of_all_starts()  # cut to what the checkpoint covers
        kept = [row for row in rows if row.step <= steps.get(row.start or 0, row.step)]
        self.folder.keep_history(kept)
        goes_by_budget = self.config.until_esr is None and self.config.patience is None
        if goes_by_budget and not self.schedule.cycles.open_ended:  # the budget may be another
            state.finished = self.schedule.progress(state) >= 1

    def _new_start(self, number: int) -> dict[str, Any]:
        """Another net with the same gains, not yet trained."""
        torch.manual_seed((self.config.seed + number * _BETWEEN_SEEDS) % 2**31)
        weights = build(self.model.config).state_dict()
        gains = {name: own for name, own in self.model.state_dict().items() if name in GAINS}
        untrained = _optimizer(self.model, self.settings).state_dict()
        return LoopState(weights | gains, untrained, start=number).of_start()

    def _take_up(self) -> None:
        """Give the model and the optimiser what the state says."""
        self.model.load_state_dict(self.state.weights)
        self.optimizer.load_state_dict(self.state.optimizer)

    def _set_down(self) -> None:
        """Keep in the state what the model and the optimiser are."""
        self.state.weights = _copy(self.model)
        self.state.optimizer = copy.deepcopy(self.optimizer.state_dict())

    def _end_of_cycle(self) -> None:
        state = self.state
        self._set_down()
        state.weights = state.best_weights
        if state.treble is not None:
            state.finished = True
            return
        after_cycle(state, self.schedule.cycles, self.schedule.budget)
        if state.finished and self.settings.treble_steps and not state.by_heart:
            self._begin_treble()
        self._take_up()

    def _begin_treble(self) -> None:
        """From the best weights, with a fresh optimiser."""
        state = self.state
        self.model.load_state_dict(state.best_weights)
        found = self.validation.of(self.model)
        state.treble = self.schedule.treble(state, found.esr, found.esr_pre)
        state.optimizer = _optimizer(self.model, self.settings).state_dict()
        state.ramp_from, state.finished = state.step, False
        self.learner = self._learner(settings_for_treble(self.settings))

    def _learn(self, pause_at: float) -> int:
        """Do the next steps; returns how many."""
        state = self.state
        steps = min(self.learner.at_once, self.schedule.at_most(state, pause_at))
        rates = [self.schedule.rate(state, ahead) for ahead in range(steps)]
        losses = self.learner.learn(state.step, rates)
        for loss in losses:  # one by one: the sum is the same however steps are divided
            state.loss_sum += loss
        state.loss_count += len(losses)
        state.step += steps
        return steps

    def _validate(self) -> None:
        """Score the model; keep it where it is the best, go back where it has diverged."""
        state = self.state
        found = self.validation.of(self.model)
        score = found.by(self.config.select)
        if state.treble is not None:
            score = state.treble.score(found.esr, found.esr_pre)
        if found.aliasing is not None:
            self.aliasing_db = db(found.aliasing**0.5)
            if self.trained and state.step == 0:
                state.cleaning = Cleaning(found.esr, found.aliasing)
            score += self.settings.loss.aliasing * found.aliasing
            if state.cleaning is not None:
                score = state.cleaning.score(found.esr, found.aliasing)
            score *= 2 - self.schedule.progress(state)  # finished once the learning rate is low
        healthy = found.finite and bool(np.isfinite([score, state.loss_sum]).all())
        if not healthy and not state.best_step:
            raise DrywetError(
                f"the loss is no longer finite at step {state.step}",
                "a training that converges",
                f"Lower --learning-rate (now {self.settings.learning_rate:g}).",
            )
        state.idle += 1
        loss = state.loss_sum / max(state.loss_count, 1)
        state.by_heart = healthy and learned_by_heart(
            score, state.best_score, self._loss_of(found), loss
        )
        if healthy and score < state.best_score:
            state.best_score, state.best_esr, state.best_step = score, found.esr, state.step
            state.best_weights, state.idle = _copy(self.model), 0
            if all(score < other["best_score"] for other in state.waiting):
                self._save_model(self.folder.model_file)
                self.control.on_better_model(self.folder.model_file, found.esr)
        if healthy:
            self.folder.append_history(self._row(found, score))
        apart = state.cleaning is not None and state.cleaning.fell_apart(found.esr)
        if not healthy or apart or found.esr > max(_DIVERGED * state.best_esr, 1.0):
            self._retreat()
        state.loss_sum, state.loss_count = 0.0, 0
        self.validation_esr = found.esr if healthy else state.best_esr
        self.bands = tuple(found.bands) if healthy else self.bands

    def _loss_of(self, found: Validated) -> float:
        """The least that a training by the ESR would have there; endless for other losses."""
        loss = self.settings.minimised
        only = loss.esr and not any((loss.mae, loss.dc, loss.mse, loss.mse_pre, loss.in_spectra))
        return loss.esr * min(found.esr, found.esr_pre) if only else float("inf")

    def _row(self, found: Validated, score: float) -> HistoryRow:
        state = self.state
        return HistoryRow(
            step=state.step,
            epoch=round(state.step * self.schedule.budget.epochs_per_step, 3),
            seconds=round(state.elapsed, 2),
            loss=state.loss_sum / max(state.loss_count, 1),
            validation_esr=found.esr,
            validation_esr_pre=found.esr_pre,
            validation_mrstft=found.mrstft,
            validation_aliasing_db=self.aliasing_db,
            score=score,
            best_esr=state.best_esr,
            best_score=state.best_score,
            band_esr=[band.esr for band in found.bands],
            band_excess_db=[band.excess_db for band in found.bands],
            learning_rate=self.optimizer.param_groups[0]["lr"],
            start=state.start,
        )

    def _retreat(self) -> None:
        """A recurrent net can diverge late in a training: go on from the best, slower."""
        self.model.load_state_dict(self.state.best_weights)
        self.optimizer.load_state_dict(_optimizer(self.model, self.settings).state_dict())
        self.state.retreats += 1
        self.state.ramp_from = self.state.step

    def _good_enough(self) -> bool:
        """Whether the goal is reached, or nothing has become better for long."""
        goal, patience = self.config.until_esr, self.config.patience
        reached = goal is not None and self.state.best_esr <= goal
        return reached or (patience is not None and self.state.idle >= patience)

    def _keep_milestones(self) -> None:
        for epochs in self.schedule.budget.milestones(self.state.step):
            make_folder(self.folder.milestones)
            self._save_model(self.folder.milestone_file(epochs))

    def _save(self) -> None:
        """Write the checkpoint."""
        state = self.state
        state.weights, state.optimizer = self.model.state_dict(), self.optimizer.state_dict()
        save_checkpoint(self.folder.checkpoint_file, state)

    def _save_model(self, path: Path) -> None:
        save_model(path, ignoring_followers(TrainedModel.of(self.model, self.card)))

    def _seconds(self) -> float:
        """Of training, all starts together."""
        state = self.state
        waiting = sum(float(one["elapsed"]) for one in state.waiting)
        return state.given_up_seconds + waiting + state.elapsed

    def _expected_esr(self) -> float | None:
        """Where it ends when it is enough, at the end of the cycle at hand."""
        cycles = self.schedule.cycles
        if self.config.select != "esr" or not cycles.open_ended or self.state.treble is not None:
            return None
        return cycles.expected(self.state.ends)

    def _report(self, speed: float) -> None:
        """Tell the control where the training stands."""
        state, seconds = self.state, self._seconds()
        done = 1.0 if state.finished else self.schedule.done(state)
        self.control.on_progress(
            Progress(
                step=state.step,
                done=done,
                validation_esr=self.validation_esr,
                best_esr=state.best_esr if state.best_step else None,
                speed=speed,
                seconds_left=seconds * (1 - done) / done if done > 0 else None,
                start=state.start,
                starts=1 + len(state.waiting),
                expected_esr=self._expected_esr(),
                aliasing_db=self.aliasing_db,
                treble=state.treble is not None,
                bands=self.bands,
            )
        )


def _optimizer(model: EffectModel, settings: Settings) -> Optimizer:
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return optimizer_of(
        settings.optimizer, trained, settings.learning_rate, settings.training.weight_decay
    )


def _copy(model: EffectModel) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
