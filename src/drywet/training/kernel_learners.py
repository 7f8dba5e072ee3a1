"""A training's steps in the kernels, many in one call."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from drywet.data.segments import SegmentSampler
from drywet.kernels import frames, sequences, wavenet_training
from drywet.kernels.optimizers import KernelOptimizer
from drywet.kernels.recurrent import can_run
from drywet.losses.combined import CombinedLoss
from drywet.losses.terms import NAM_PRE_EMPHASIS
from drywet.models.base import EffectModel
from drywet.models.recurrent.net import RecurrentModel
from drywet.models.wavenet.net import WaveNetModel
from drywet.models.windowed.net import WindowedModel
from drywet.optimizers.choose import Optimizer
from drywet.runs.config import Settings
from drywet.training.learner import Learner, TorchLearner
from drywet.training.sines import PlayedSines

_SECONDS_AT_ONCE = 0.05  # after so long the loop looks at the clock and at Ctrl-C
_MOST_AT_ONCE = 4096


class _KernelLearner(Learner):
    """The same updates as `TorchLearner`'s, up to rounding; either goes on from the other's."""

    def __init__(self, sampler: SegmentSampler) -> None:
        self._sampler = sampler

    def learn(self, step: int, rates: Sequence[float]) -> list[float]:
        """See `Learner`."""
        began = time.perf_counter()
        losses = self._learn(self._sampler.starts_of(step, len(rates)), rates)
        each = (time.perf_counter() - began) / len(rates)
        self.at_once = int(np.clip(_SECONDS_AT_ONCE / each, 1, _MOST_AT_ONCE))
        return [float(loss) for loss in losses]

    @abstractmethod
    def _learn(self, starts: NDArray[np.int64], rates: Sequence[float]) -> NDArray[np.float64]:
        """Do the steps over windows that start there, ``(steps, batch)``."""


class SequenceLearner(_KernelLearner):
    """Recurrent nets that keep their state, under losses that are sums over samples.

    Args:
        model: to train in place; its gains must not change.
        optimizer: over its parameters.
        sampler: of the windows.
        settings: of loss and training, such as `can_learn_sequences` accepts.
        warm_up: samples of a window that only settle the state.
    """

    def __init__(
        self,
        model: RecurrentModel,
        optimizer: Optimizer,
        sampler: SegmentSampler,
        settings: Settings,
        warm_up: int,
    ) -> None:
        super().__init__(sampler)
        loss = settings.minimised
        emphasis = loss.pre_emphasis or 0.0
        self._model, self._optimizer, self._clip = model, optimizer, settings.training.clip
        self._loss = sequences.SequenceLoss(
            esr=loss.esr, pre_emphasis=emphasis, mae=loss.mae, dc=loss.dc, mse=loss.mse,
            mse_pre=loss.mse_pre, mse_emphasis=NAM_PRE_EMPHASIS,
        )  # fmt: skip
        self._window = sequences.Window(warm_up, settings.segment, settings.bptt)
        scaled = sampler.dry.reshape(len(sampler.wet), -1).copy()
        scaled[:, 0] *= model.input_gain.numpy()  # knobs have no gain
        self._signals = sequences.Signals(scaled, sampler.wet, emphasis, sampler.weights)

    def _learn(self, starts: NDArray[np.int64], rates: Sequence[float]) -> NDArray[np.float64]:
        return sequences.train(
            self._model.rec, self._model.head, float(self._model.config.skip),
            float(self._model.output_gain), self._optimizer, self._clip, self._loss, self._window,
            self._signals, starts, rates,
        )  # fmt: skip


class FrameLearner(_KernelLearner):
    """Windowed recurrent nets in the kernels, where a window is learned from at one sample.

    Args:
        model: with `WindowedModel.net` recurrent, to train in place; its gains must not change.
        optimizer: over its parameters.
        sampler: of the windows.
        settings: of loss and training, such as `can_learn_frames` accepts.
        warm_up: samples of a window before the one that is learned from.
    """

    def __init__(
        self,
        model: WindowedModel,
        optimizer: Optimizer,
        sampler: SegmentSampler,
        settings: Settings,
        warm_up: int,
    ) -> None:
        super().__init__(sampler)
        self._rec, self._head = cast(nn.RNNBase, model.net), model.head
        self._frame, self._optimizer = model.config.frame, optimizer
        self._clip = settings.training.clip
        self._dry, self._wet = sampler.dry * model.input_gain.numpy(), sampler.wet
        self._into = warm_up - model.warm_up  # where the frame begins in its window
        self._loss = frames.FrameLoss(
            settings.loss.esr, settings.loss.mae, float(model.output_gain)
        )

    def _learn(self, starts: NDArray[np.int64], rates: Sequence[float]) -> NDArray[np.float64]:
        return frames.train(
            self._rec, self._head, self._frame, self._optimizer, self._clip, self._loss,
            self._dry, self._wet, starts + self._into, rates,
        )  # fmt: skip


class WaveNetLearner(Learner):
    """WaveNets in the kernels, under any loss: what PyTorch differentiates is the loss alone.

    Args:
        model: to train in place; its gains must not change.
        optimizer: over its parameters.
        sampler: of the windows.
        settings: of loss and training, such as `can_learn_wavenets` accepts.
        warm_up: samples of a window that are not learned from.
    """

    def __init__(
        self,
        model: WaveNetModel,
        optimizer: Optimizer,
        sampler: SegmentSampler,
        settings: Settings,
        warm_up: int,
    ) -> None:
        self._model, self._sampler = model, sampler
        self._warm_up, self._into = warm_up, warm_up - model.warm_up
        self._loss_function = CombinedLoss(settings.minimised)
        self._optimizer, self._clip = optimizer, settings.training.clip
        self._kernel_optimizer = self._in_kernels()

    def _in_kernels(self) -> KernelOptimizer:
        return KernelOptimizer(self._optimizer, self._model.ordered_weights(), self._clip)

    def learn(self, step: int, rates: Sequence[float]) -> list[float]:
        """See `Learner`."""
        if self._kernel_optimizer.is_stale:  # a new start, a checkpoint, a step back
            self._kernel_optimizer = self._in_kernels()
        return [self._step(number, rate) for number, rate in enumerate(rates, step)]

    def _step(self, step: int, rate: float) -> float:
        model = self._model
        dry, wet = self._sampler.batch(step)
        x = model.scaled(dry[:, self._into :]).transpose(1, 2)
        wanted = wet[:, self._warm_up :]
        with torch.no_grad():
            weights = model.flat_weights()
        tape, y = wavenet_training.forward(model.sizes, wanted.shape[1], x, weights, True)
        y.requires_grad_()
        weighed = self._sampler.weights_at(step)
        prediction = (y * model.output_gain)[..., None]
        loss = self._loss_function(prediction * weighed, wanted * weighed)
        loss.backward()
        assert y.grad is not None
        gradients = wavenet_training.backward(model.sizes, x.shape[2], weights, tape, y.grad)
        self._kernel_optimizer.native.update(gradients, rate)
        self._kernel_optimizer.stepped(1, rate)
        return float(loss.detach())


def can_learn_wavenets(model: EffectModel, settings: Settings, warm_up: int) -> bool:
    """Whether `WaveNetLearner` can do the steps of this training, here."""
    return (
        isinstance(model, WaveNetModel)
        and model.trains_in_kernels
        and model.input_gain.device.type == "cpu"
        and settings.bptt >= settings.segment
        and warm_up >= model.warm_up
        and not settings.loss.aliasing
    )


def can_learn_sequences(model: EffectModel, settings: Settings) -> bool:
    """Whether `SequenceLearner` can do the steps of this training, here."""
    return (
        isinstance(model, RecurrentModel)
        and can_run(model.rec, model.head, model.input_gain.reshape(1, 1, 1))
        and not (settings.loss.in_spectra or settings.loss.aliasing)
    )


def can_learn_frames(model: EffectModel, settings: Settings, warm_up: int) -> bool:
    """Whether `FrameLearner` can do the steps of this training, here."""
    return (
        isinstance(model, WindowedModel)
        and model.in_kernels(model.input_gain.reshape(1, 1, 1))
        and settings.segment == 1
        and warm_up >= model.warm_up
        and not (settings.loss.dc or settings.loss.mse or settings.loss.in_spectra)
        and not settings.loss.aliasing
        and not settings.minimised.emphasised
    )


def learner(
    model: EffectModel,
    optimizer: Optimizer,
    sampler: SegmentSampler,
    settings: Settings,
    warm_up: int,
    device: torch.device,
    sines: PlayedSines | None = None,
) -> Learner:
    """The fastest learner for a training, with the arguments of `TorchLearner`."""
    if isinstance(model, RecurrentModel) and can_learn_sequences(model, settings):
        return SequenceLearner(model, optimizer, sampler, settings, warm_up)
    if isinstance(model, WindowedModel) and can_learn_frames(model, settings, warm_up):
        return FrameLearner(model, optimizer, sampler, settings, warm_up)
    if isinstance(model, WaveNetModel) and can_learn_wavenets(model, settings, warm_up):
        return WaveNetLearner(model, optimizer, sampler, settings, warm_up)
    return TorchLearner(model, optimizer, sampler, settings, warm_up, device, sines)
