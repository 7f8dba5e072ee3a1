"""The contract every model keeps.

* ``forward(x, state) -> (y, state)`` with ``x`` and ``y`` of shape
  ``(batch, samples, 1)``, in full scale; ``x`` has a channel more for each knob. Feeding a signal
  in pieces, handing the state on, gives what feeding it whole gives; a piece may be empty.
* ``init_state(batch)`` is the state before the first sample: silence forever.
* ``warm_up`` is how many samples of real signal a model started from
  ``init_state`` in the middle of a recording needs before its output counts:
  for a finite memory exactly ``receptive_field - 1``, for a recurrent one as
  many as its memory is worth.
* ``receptive_field`` is the number of dry samples that one output depends on,
  or ``None`` where that is unbounded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from drywet.models.config import Config
from drywet.models.threads import one_thread

State = tuple[Tensor, ...]


def remembered(x: Tensor, state: State) -> State:
    """The state of a model whose state is the last samples it was given, after ``x``.

    Args:
        x: scaled, ``(batch, samples, inputs)``.
        state: before them, one tensor ``(batch, remembered, inputs)``.
    """
    joined = torch.cat((state[0], x), dim=1)
    return (joined[:, joined.shape[1] - state[0].shape[1] :],)


class EffectModel(nn.Module, ABC):
    """Base of all models: gains around a core.

    The core sees ``x * input_gain`` and its output is multiplied by
    ``output_gain``, so that a quiet capture trains as well as a loud one. The
    gains are fixed when the model is built, are saved with the weights and are
    folded into them on export.
    """

    config: Config
    input_gain: Tensor
    output_gain: Tensor
    receptive_field: int | None
    warm_up: int
    input_rms = 1.0
    """Level at which the core likes its input when it starts to learn."""
    output_rms = 1.0
    """Level at which it likes its target."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("input_gain", torch.ones(()))
        self.register_buffer("output_gain", torch.ones(()))

    def set_gains(self, input_gain: float, output_gain: float) -> None:
        """Set the fixed gains before and after the core."""
        self.input_gain.fill_(input_gain)
        self.output_gain.fill_(output_gain)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Process ``x`` of shape ``(batch, samples, 1 + knobs)``, continuing from ``state``."""
        if x.shape[1] == 0:
            return x[..., :1], state
        y, state = self.core(self.scaled(x), state)
        return y * self.output_gain, state

    def scaled(self, x: Tensor) -> Tensor:
        """The input as the core sees it: the gain is the dry sample's; knobs have none."""
        if x.shape[2] == 1:
            return x * self.input_gain
        return torch.cat((x[..., :1] * self.input_gain, x[..., 1:]), dim=2)

    def state_after(self, x: Tensor) -> State:
        """The state after ``x`` of shape ``(batch, samples, 1 + knobs)``, from the start."""
        return self.forward(x, self.init_state(len(x)))[1]

    @abstractmethod
    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The net itself, on scaled samples; same shapes as `forward`."""

    @abstractmethod
    def init_state(self, batch: int) -> State:
        """The state of ``batch`` independent streams before their first sample."""

    @torch.no_grad()
    def settled_state(self, batch: int, rate: int) -> State:
        """The state after one second of silence, as the plugins start (NAM's trainer, Core).

        A net from ``init_state`` may thump while it finds its resting point.
        """
        silence = torch.zeros(batch, rate, 1, device=self.input_gain.device)
        with one_thread():
            return self.state_after(silence)
