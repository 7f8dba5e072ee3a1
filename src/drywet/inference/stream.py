"""A model as a stateful processor of blocks, the way a plugin runs it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from drywet.models.base import EffectModel
from drywet.models.threads import one_thread

BLOCK = 8_192
"""Samples handed to a model at once when a whole file is rendered."""


class Stream:
    """One mono stream through a model, starting from settled silence.

    The joined output does not depend on how the input is cut into blocks,
    beyond float32 rounding.

    Args:
        model: a trained model.
        rate: its sample rate in Hz.
    """

    def __init__(self, model: EffectModel, rate: int) -> None:
        self._model = model.eval()
        self._start = model.settled_state(1, rate)
        self._state = self._start

    @torch.no_grad()
    def process(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Process the next ``(samples,)`` of the stream; returns as many."""
        if len(block) == 0:
            return block
        x = torch.from_numpy(np.ascontiguousarray(block)).to(self._model.input_gain.device)
        with one_thread():
            y, self._state = self._model(x[None, :, None], self._state)
        return np.asarray(y[0, :, 0].cpu().numpy(), dtype=np.float32)

    def reset(self) -> None:
        """Go back to settled silence."""
        self._state = self._start


def predict(model: EffectModel, dry: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Whole-file prediction: shape ``(samples,)`` in, the same out."""
    stream = Stream(model, rate)
    parts = [stream.process(dry[i : i + BLOCK]) for i in range(0, len(dry), BLOCK)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
