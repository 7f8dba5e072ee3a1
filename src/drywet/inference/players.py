"""What plays a model: the compiled kernels, NumPy, onnxruntime or PyTorch."""

from __future__ import annotations

from drywet.errors import extras_wanted
from drywet.models.player import Player
from drywet.models.registry import kind_of
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel


def player(trained: TrainedModel) -> Player:
    """The fastest player for a model on this machine; knobs are at noon.

    Raises:
        DrywetError: only PyTorch can play it here, and it is missing.
    """
    fixed = with_knobs(trained)
    card = fixed.card
    with extras_wanted():
        return kind_of(card.model).player(card.model, fixed.weights, card.rate, fixed.graph)


def engine(trained: TrainedModel) -> str:
    """What `player` runs a model with, as `drywet.models.kind.Kind.engine` names it."""
    config = trained.card.model
    return kind_of(config).engine(config)
