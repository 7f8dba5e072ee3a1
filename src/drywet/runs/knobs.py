"""A model's knobs brought to a stand: an input that never changes is a part of the biases."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from drywet.errors import DrywetError
from drywet.models.config import AnyConfig, RecurrentConfig
from drywet.runs.model_file import TrainedModel

NOON = 0.5
"""Where a knob stands that nobody turned."""


def knobs_of(config: AnyConfig) -> tuple[str, ...]:
    """Names of a model's knobs."""
    return config.knobs if isinstance(config, RecurrentConfig) else ()


def at_knobs(trained: TrainedModel, positions: Mapping[str, float] | None = None) -> TrainedModel:
    """The same model without knobs, as it is with them standing somewhere.

    Args:
        trained: the model.
        positions: 0 to 1; those left out stand at noon.

    Raises:
        DrywetError: a knob that it hasn't got, or out of range.
    """
    config, given = trained.card.model, dict(positions or {})
    names = knobs_of(config)
    for name, position in given.items():
        if name not in names:
            raise DrywetError(
                f"a knob {name} of a model that has {', '.join(names) or 'none'}",
                "one of its own",
                "'drywet info MODEL' lists them.",
            )
        if not 0 <= position <= 1:  # NaN too
            raise DrywetError(f"knob {name} at {position:g}", "0 to 1", "Turn it within its range.")
    if not names:
        return trained
    assert isinstance(config, RecurrentConfig)
    stand = np.array([given.get(name, NOON) for name in names], np.float32)
    weights = dict(trained.weights)
    matrix = weights["rec.weight_ih_l0"]
    weights["rec.weight_ih_l0"] = np.ascontiguousarray(matrix[:, :1])
    weights["rec.bias_ih_l0"] = weights["rec.bias_ih_l0"] + matrix[:, 1:] @ stand
    fixed = config.model_copy(update={"knobs": ()})
    return TrainedModel(weights, trained.card.model_copy(update={"model": fixed}))
