"""A model as a stateful processor of blocks, the way a plugin runs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.inference.players import player
from drywet.runs.model_file import TrainedModel

BLOCK = 8_192
"""Samples handed to a model at once when a whole file is rendered."""


class Stream:
    """One mono stream through a model, starting from settled silence.

    The joined output does not depend on how the input is cut into blocks,
    beyond float32 rounding.

    Args:
        trained: a trained model.
    """

    def __init__(self, trained: TrainedModel) -> None:
        self._player = player(trained)

    def process(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Process the next ``(samples,)`` of the stream; returns as many."""
        return self._player.process(block) if len(block) else block

    def reset(self) -> None:
        """Go back to settled silence."""
        self._player.reset()


def predict(trained: TrainedModel, dry: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whole-file prediction: shape ``(samples,)`` in, the same out."""
    stream = Stream(trained)
    parts = [stream.process(dry[i : i + BLOCK]) for i in range(0, len(dry), BLOCK)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
