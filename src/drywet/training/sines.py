"""A model's aliasing while it is trained: on sines that it plays beside the recording."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Parameter

from drywet.data.sines import SHORTEST_FRAME, Sines, SineSampler
from drywet.dsp.levels import peak
from drywet.losses.aliasing import AliasingLoss
from drywet.models.base import EffectModel, State
from drywet.runs.config import Settings
from drywet.training.data import Joined

_FEWEST = 8  # and as many as have no more samples than the windows
_SETTLE_SHARE = 6  # of a second: nets whose memory has no end have found their rest by then
_VALIDATION_STEP = 2**40  # no training gets there
_SHORTER = (64, 16)  # samples
_EXPLODED = 10.0  # times the gradient of the recording
_CHAOTIC = 0.1  # of the harmonics' energy: no aliases are as loud


class PlayedSines:
    """Sines that a model goes on playing from update to update, its state handed on.

    A net has to have settled on them, or its own start would count as aliasing.

    Args:
        model: that plays.
        rate: in Hz.
        peak: of the loudest sine, in full scale.
        frame: samples of a frame, roughly.
        batch: sines at once.
        seed: of the run.
        device: where the model is.
    """

    def __init__(
        self,
        model: EffectModel,
        rate: int,
        peak: float,
        frame: int,
        batch: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self._unbounded = model.receptive_field is None
        settle = max(model.warm_up, rate // _SETTLE_SHARE) if self._unbounded else model.warm_up
        self._model, self._device = model, device
        self._sampler = SineSampler(rate, peak, settle, frame, batch, seed)
        self._loss = AliasingLoss()
        self._sines: Sines
        self._state: State

    def begin(self, step: int, frames: int) -> None:
        """Draw the sines of a step, of so many frames, and let the model settle on them."""
        drawn = self._sampler.draw(step, frames)
        signal, harmonic = drawn.signal.to(self._device), drawn.harmonic.to(self._device)
        self._sines = Sines(signal, harmonic, drawn.length)
        with torch.no_grad():
            self._state = self._model.state_after(signal[:, : self._sampler.settle])

    def add_gradient(self, number: int, parameters: Sequence[Parameter], weight: float) -> float:
        """Add the gradient of the next frame's mean aliasing-to-signal ratio to what is there.

        A recurrent net may be chaotic on a sine, and its gradient then grows exponentially with
        the samples it goes back (Pascanu, Mikolov and Bengio, ICML 2013) and says nothing of where
        to go: a sine that is lost in noise takes no part. Those next to it do, and as they are
        mended, chaos begins at a higher level. Where a gradient grows so all the same, it goes back
        fewer samples. The recording leads in any case: no more is added than its own gradient is
        long.

        Args:
            number: of the frame within the step.
            parameters: with the gradient of the recording.
            weight: of the ratio.

        Returns:
            The mean ratio of all.
        """
        used = [parameter for parameter in parameters if parameter.grad is not None]
        held = _length([parameter.grad for parameter in used if parameter.grad is not None])
        reaches = (self._sines.length, *_SHORTER) if self._unbounded else (self._sines.length,)
        for reach in reaches:
            ratios, state = self._frame(number, reach)
            taught = torch.where(ratios < _CHAOTIC, ratios, 0.0).mean()
            gradient = torch.autograd.grad(taught, used)
            length = _length(gradient)
            if length < _EXPLODED * held:
                break
        self._state = state
        if 0 < length < float("inf"):
            share = min(weight, held / length)
            for parameter, part in zip(used, gradient, strict=True):
                assert parameter.grad is not None
                parameter.grad.add_(part, alpha=share)
        return float(ratios.detach().mean())

    def _frame(self, number: int, reach: int) -> tuple[Tensor, State]:
        """Ratios of a frame, whose gradient goes back so many samples; the state after it."""
        first = self._sampler.settle + number * self._sines.length
        piece = self._sines.signal[:, first : first + self._sines.length]
        played, state = [], self._state
        for at in range(0, piece.shape[1], reach):
            out, state = self._model(piece[:, at : at + reach], state)
            state = tuple(tensor.detach() for tensor in state)
            played.append(out)
        ratios: Tensor = self._loss(torch.cat(played, dim=1), self._sines.harmonic)
        return ratios, state

    @torch.no_grad()
    def validate(self) -> float:
        """The mean ratio on sines that no training draws."""
        self.begin(_VALIDATION_STEP, 1)
        return float(self._frame(0, self._sines.length)[0].mean())


def sines_beside(
    model: EffectModel, whole: Joined, rate: int, settings: Settings, device: torch.device
) -> PlayedSines | None:
    """What a model plays beside a recording, no louder; none where aliasing is not minimised.

    Args:
        model: that plays.
        whole: the recording.
        rate: in Hz.
        settings: of the training.
        device: where the model is.
    """
    if not settings.loss.aliasing:
        return None
    loudest = max(peak(whole.dry[a:b]) for a, b in whole.split.train)
    learned = min(settings.bptt, settings.segment)
    count = min(settings.batch, max(_FEWEST, settings.batch * learned // SHORTEST_FRAME))
    return PlayedSines(model, rate, loudest, learned, count, settings.training.seed, device)


def _length(gradient: Sequence[Tensor]) -> float:
    return float(torch.stack([part.square().sum() for part in gradient]).sum().sqrt())
