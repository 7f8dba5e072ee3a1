"""The steps of a training: a batch of windows each, and an update or several.

`TorchLearner` does them for every model and loss; `FrameLearner` does the windowed recurrent
nets' in the kernels, many in one call.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import nn

from drywet.data.segments import SegmentSampler
from drywet.kernels import frames
from drywet.losses.combined import CombinedLoss
from drywet.models.base import EffectModel
from drywet.models.windowed.net import WindowedModel
from drywet.runs.config import Settings

_SECONDS_AT_ONCE = 0.05  # after so long the loop looks at the clock and at Ctrl-C
_MOST_AT_ONCE = 4096


class Learner(ABC):
    """Does a training's steps; what they give depends on neither their number in a call nor pauses.

    Attributes:
        at_once: how many steps to ask for at most.
    """

    at_once: int = 1

    @abstractmethod
    def learn(self, step: int, rates: Sequence[float]) -> list[float]:
        """Do the steps from number ``step`` on, one at each learning rate.

        Returns:
            The losses of all updates, in order.
        """


class TorchLearner(Learner):
    """By PyTorch's autograd: warm up, then an update for every ``bptt`` samples.

    Args:
        model: to train, in place.
        optimizer: over its parameters.
        sampler: of the windows.
        settings: of loss and training.
        warm_up: samples of a window that only settle the state.
        device: where the model is.
    """

    def __init__(
        self,
        model: EffectModel,
        optimizer: torch.optim.Optimizer,
        sampler: SegmentSampler,
        settings: Settings,
        warm_up: int,
        device: torch.device,
    ) -> None:
        self._model, self._optimizer, self._sampler = model, optimizer, sampler
        self._settings, self._warm_up, self._device = settings, warm_up, device
        self._loss_function = CombinedLoss(settings.loss)

    def learn(self, step: int, rates: Sequence[float]) -> list[float]:
        """See `Learner`."""
        losses = []
        for number, rate in enumerate(rates, step):
            for group in self._optimizer.param_groups:
                group["lr"] = rate
            losses += self._step(number)
        return losses

    def _step(self, step: int) -> list[float]:
        dry, wet = (part.to(self._device) for part in self._sampler.batch(step))
        losses = []
        with torch.no_grad():
            state = self._model.state_after(dry[:, : self._warm_up])
        for first in range(self._warm_up, dry.shape[1], self._settings.bptt):
            part = slice(first, first + self._settings.bptt)
            prediction, state = self._model(dry[:, part], state)
            loss = self._loss_function(prediction, wet[:, part])
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._settings.training.clip)
            self._optimizer.step()
            state = tuple(tensor.detach() for tensor in state)
            losses.append(float(loss.detach()))
        return losses


class FrameLearner(Learner):
    """Windowed recurrent nets in the kernels, where a window is learned from at one sample.

    The same updates as `TorchLearner`'s, up to rounding; either goes on from the other's
    optimiser.

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
        optimizer: torch.optim.Optimizer,
        sampler: SegmentSampler,
        settings: Settings,
        warm_up: int,
    ) -> None:
        self._rec, self._head = cast(nn.RNNBase, model.net), model.head
        self._frame, self._optimizer, self._sampler = model.config.frame, optimizer, sampler
        self._clip = settings.training.clip
        self._dry, self._wet = sampler.dry * model.input_gain.numpy(), sampler.wet
        self._into = warm_up - model.warm_up  # where the frame begins in its window
        self._loss = frames.FrameLoss(
            settings.loss.esr, settings.loss.mae, float(model.output_gain)
        )

    def learn(self, step: int, rates: Sequence[float]) -> list[float]:
        """See `Learner`."""
        began = time.perf_counter()
        starts = self._sampler.starts_of(step, len(rates)) + self._into
        losses = frames.train(
            self._rec, self._head, self._frame, self._optimizer, self._clip, self._loss,
            self._dry, self._wet, starts, rates,
        )  # fmt: skip
        each = (time.perf_counter() - began) / len(rates)
        self.at_once = int(np.clip(_SECONDS_AT_ONCE / each, 1, _MOST_AT_ONCE))
        return [float(loss) for loss in losses]


def can_learn_frames(model: EffectModel, settings: Settings, warm_up: int) -> bool:
    """Whether `FrameLearner` can do the steps of this training, here."""
    return (
        isinstance(model, WindowedModel)
        and model.in_kernels(model.input_gain.reshape(1, 1, 1))
        and settings.segment == 1
        and warm_up >= model.warm_up
        and not (settings.loss.dc or settings.loss.mse or settings.loss.in_spectra)
        and not settings.loss.emphasised
    )


def learner(
    model: EffectModel,
    optimizer: torch.optim.Optimizer,
    sampler: SegmentSampler,
    settings: Settings,
    warm_up: int,
    device: torch.device,
) -> Learner:
    """The fastest learner for a training, with the arguments of `TorchLearner`."""
    if isinstance(model, WindowedModel) and can_learn_frames(model, settings, warm_up):
        return FrameLearner(model, optimizer, sampler, settings, warm_up)
    return TorchLearner(model, optimizer, sampler, settings, warm_up, device)
