"""A model with its knobs fixed at a position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from drywet.errors import DrywetError, UnknownKnobError
from drywet.models.registry import kind_of
from drywet.trained.model_file import TrainedModel
from drywet.words import with_article


def ignoring_followers(trained: TrainedModel) -> TrainedModel:
    """The same model, in which knobs that only followed others in training do nothing."""
    names = [name for name, knob in trained.card.ranges.items() if knob.follows is not None]
    config = trained.card.model
    return replace(trained, weights=kind_of(config).ignoring_knobs(config, trained.weights, names))


def shares(trained: TrainedModel, positions: Mapping[str, float] | None = None) -> dict[str, float]:
    """Where the model sees each of its knobs, 0 to 1; arguments and errors as `with_knobs`."""
    given, ranges = dict(positions or {}), trained.card.ranges
    for name, position in given.items():
        if name not in ranges:
            raise UnknownKnobError("the model", name, tuple(ranges))
        ranges[name].share(position)
    return {name: knob.share(given.get(name, knob.middle)) for name, knob in ranges.items()}


def with_knobs(trained: TrainedModel, positions: Mapping[str, float] | None = None) -> TrainedModel:
    """The same model without knobs, as it is with each of them fixed at a position.

    Args:
        trained: the model.
        positions: in the knobs' own units (`TrainedModel.card.ranges`), 0 to 1 where the model
            knows no other; those left out are in the middle.

    Raises:
        DrywetError: a knob that it hasn't got, or out of range; weights too large to be added up.
    """
    config, wanted = trained.card.model, shares(trained, positions)
    if not wanted:
        return trained
    with np.errstate(over="ignore", invalid="ignore"):
        fixed, weights = kind_of(config).with_knobs(config, trained.weights, wanted)
    if not all(np.isfinite(part).all() for part in weights.values()):
        raise DrywetError(
            f"weights of {with_article(config.title)} that are too large", "finite biases",
            "Its file is damaged; export or train it again.",
        )  # fmt: skip
    card = trained.card.model_copy(update={"model": fixed, "knobs": ()})
    return replace(trained, weights=weights, card=card)
