"""The state in which an exported model starts."""

from __future__ import annotations

from drywet.models.config import Samples
from drywet.models.registry import kind_of
from drywet.trained.knobs import shares
from drywet.trained.model_file import TrainedModel


def settled_state(trained: TrainedModel) -> list[Samples]:
    """The state in which drywet starts a model: settled silence, its knobs at noon.

    Returns:
        As `drywet.models.kind.Kind.settled_state`.

    Raises:
        DrywetError: an ONNX graph.
    """
    card = trained.card
    kind = kind_of(card.model)
    return kind.settled_state(card.model, trained.weights, card.rate, shares(trained))
