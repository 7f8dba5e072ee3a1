"""Any model by PyTorch, where no kernel plays it."""

from __future__ import annotations

import numpy as np
import torch

from drywet.models.base import EffectModel
from drywet.models.config import Samples, Weights
from drywet.models.player import Player
from drywet.models.threads import one_thread


def with_weights(model: EffectModel, weights: Weights) -> EffectModel:
    """A model with the weights of a file, in evaluation mode."""
    model.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
    return model.eval()


class TorchPlayer(Player):
    """A stream through a PyTorch model.

    Args:
        model: on the CPU.
        rate: in Hz.
    """

    def __init__(self, model: EffectModel, rate: int) -> None:
        self._model = model.eval()
        self._start = model.settled_state(1, rate)
        self._state = self._start

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        x = torch.from_numpy(np.ascontiguousarray(block))
        with torch.no_grad(), one_thread():
            y, self._state = self._model(x[None, :, None], self._state)
        return np.asarray(y[0, :, 0].numpy(), dtype=np.float32)

    def reset(self) -> None:
        """See `Player`."""
        self._state = self._start
