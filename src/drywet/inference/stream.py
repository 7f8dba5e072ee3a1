"""A model as a stateful processor of blocks, the way a plugin runs it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span
from drywet.inference.players import player
from drywet.trained.model_file import TrainedModel

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


def predict_spans(
    trained: TrainedModel, dry: NDArray[np.float32], spans: Sequence[Span]
) -> list[NDArray[np.float32]]:
    """What a model makes of some stretches of ``dry``, as if it had played all of it.

    A net with a memory of its own goes through everything before; one of finite memory, which
    costs much more a sample, only through what it has to.

    Args:
        trained: the model.
        dry: shape ``(samples,)``.
        spans: where the stretches lie.
    """
    reach = trained.card.model.receptive_field
    if reach is None:
        whole = predict(trained, dry)
        return [whole[start:stop] for start, stop in spans]
    memory = reach - 1
    stream = Stream(trained)
    found = []
    for start, stop in spans:
        first = max(start - memory, 0)
        stream.reset()
        found.append(stream.process(dry[first:stop])[start - first :])
    return found
