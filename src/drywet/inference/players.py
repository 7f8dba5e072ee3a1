"""What plays a model: the compiled kernels, NumPy, onnxruntime or PyTorch."""

from __future__ import annotations

import numpy as np

from drywet.dsp import polyphase
from drywet.dsp.oversampling import Filters
from drywet.errors import extras_wanted
from drywet.kernels import oversampler
from drywet.kernels.choice import choice
from drywet.models.config import Samples
from drywet.models.player import Player
from drywet.models.registry import kind_of
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel


class OversampledPlayer(Player):
    """Copies of a model between the filters of `drywet.dsp.oversampling`.

    Args:
        copies: as many as the filters have phases.
        filters: around them.
    """

    def __init__(self, copies: Player, filters: Filters) -> None:
        self._copies = copies
        self._filters: oversampler.PolyphaseFilters | polyphase.PolyphaseFilters = (
            polyphase.PolyphaseFilters(filters)
            if choice().target is None
            else oversampler.PolyphaseFilters(filters.split, filters.join)
        )
        silence = np.zeros((len(filters.split), 1), np.float32)
        self._rest = float(copies.process(silence)[0, 0])  # a net at rest may have an offset
        self.reset()

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        return self._filters.join(self._copies.process(self._filters.split(block)))

    def reset(self) -> None:
        """See `Player`."""
        self._copies.reset()
        self._filters.reset(self._rest)


def player(trained: TrainedModel, filters: Filters | None = None) -> Player:
    """The fastest player for a model on this machine; knobs are at noon.

    Args:
        trained: the model.
        filters: of an oversampled one.

    Raises:
        DrywetError: only PyTorch can play it here, and it is missing.
    """
    fixed = with_knobs(trained)
    card = fixed.card
    kind = kind_of(card.model)
    with extras_wanted():
        if filters is None:
            return kind.player(card.model, fixed.weights, card.rate, fixed.graph)
        count = len(filters.split)
        copies = kind.copies(card.model, fixed.weights, card.rate, fixed.graph, count)
        return OversampledPlayer(copies, filters)


def engine(trained: TrainedModel) -> str:
    """What `player` runs a model with, as `drywet.models.kind.Kind.engine` names it."""
    config = trained.card.model
    return kind_of(config).engine(config)
