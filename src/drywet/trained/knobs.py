"""A model with its knobs fixed at a position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drywet.errors import DrywetError, UnknownKnobError
from drywet.models.registry import kind_of
from drywet.trained.model_file import TrainedModel

NOON = 0.5
"""Position of a knob that nobody turned."""


def with_knobs(trained: TrainedModel, positions: Mapping[str, float] | None = None) -> TrainedModel:
    """The same model without knobs, as it is with each of them fixed at a position.

    Args:
        trained: the model.
        positions: 0 to 1; those left out are at noon.

    Raises:
        DrywetError: a knob that it hasn't got, or out of range.
    """
    config, given = trained.card.model, dict(positions or {})
    names = config.controls
    for name, position in given.items():
        if name not in names:
            raise UnknownKnobError("the model", name, names)
        if not 0 <= position <= 1:  # NaN too
            raise DrywetError(f"knob {name} at {position:g}", "0 to 1", "Turn it within its range.")
    if not names:
        return trained
    wanted = {name: given.get(name, NOON) for name in names}
    fixed, weights = kind_of(config).with_knobs(config, trained.weights, wanted)
    return replace(trained, weights=weights, card=trained.card.model_copy(update={"model": fixed}))
