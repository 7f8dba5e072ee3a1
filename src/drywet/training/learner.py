"""The steps of a training: a batch of windows each, and an update or several.

`TorchLearner` does them for every model and loss; those of `drywet.training.kernel_learners`
do recurrent nets' in the kernels, many in one call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch

from drywet.data.segments import SegmentSampler
from drywet.losses.combined import CombinedLoss
from drywet.models.base import EffectModel
from drywet.optimizers.choose import Optimizer
from drywet.runs.config import Settings
from drywet.training.sines import PlayedSines


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
        sines: that it plays beside the windows, where its aliasing is minimised too.
    """

    def __init__(
        self,
        model: EffectModel,
        optimizer: Optimizer,
        sampler: SegmentSampler,
        settings: Settings,
        warm_up: int,
        device: torch.device,
        sines: PlayedSines | None = None,
    ) -> None:
        self._model, self._optimizer, self._sampler = model, optimizer, sampler
        self._settings, self._warm_up, self._device = settings, warm_up, device
        self._loss_function = CombinedLoss(settings.minimised)
        self._sines = sines
        self._trained = [each for each in model.parameters() if each.requires_grad]

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
        weights = self._sampler.weights_at(step)
        if isinstance(weights, torch.Tensor):
            weights = weights.to(self._device)
        losses = []
        with torch.no_grad():
            state = self._model.state_after(dry[:, : self._warm_up])
        pieces = range(self._warm_up, dry.shape[1], self._settings.bptt)
        if self._sines is not None:
            self._sines.begin(step, len(pieces))
        for number, first in enumerate(pieces):
            part = slice(first, first + self._settings.bptt)
            prediction, state = self._model(dry[:, part], state)
            loss = self._loss_function(prediction * weights, wet[:, part] * weights)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()
            losses.append(float(loss.detach()))
            if self._sines is not None:
                weight = self._settings.loss.aliasing
                losses[-1] += weight * self._sines.add_gradient(number, self._trained, weight)
            length = torch.nn.utils.clip_grad_norm_(self._trained, self._settings.training.clip)
            if self._sines is None or torch.isfinite(length):
                self._optimizer.step()
            state = tuple(tensor.detach() for tensor in state)
        return losses
