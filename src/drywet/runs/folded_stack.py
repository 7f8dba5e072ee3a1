"""A stack's weights with its gains folded in, where they can be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.models.stack_config import DenseLayer, StackConfig, stack_shapes
from drywet.runs.model_file import TrainedModel


def fold_stack(trained: TrainedModel, config: StackConfig) -> dict[str, NDArray[np.float32]]:
    """The weights for full-scale samples in and out.

    The output gain needs a last layer that is dense and linear, and no skip; where it is not, such
    a layer is what the caller has to add: see `tail`.

    Args:
        trained: the model.
        config: its configuration, from its card.
    """
    weights = {name: trained.weights[name] for name in stack_shapes(config)}
    first = "layers.0.weight"
    name = first if first in weights else "layers.0.weight_ih_l0"
    weights[name] = weights[name] * trained.weights["input_gain"]
    last = len(config.layers) - 1
    gain = tail(trained, config)
    if gain == 1:
        for part in ("weight", "bias"):
            if f"layers.{last}.{part}" in weights:
                key = f"layers.{last}.{part}"
                weights[key] = weights[key] * trained.weights["output_gain"]
    return weights


def tail(trained: TrainedModel, config: StackConfig) -> float:
    """The gain that is left behind the last layer: 1 where that is dense and linear."""
    last = config.layers[-1]
    if isinstance(last, DenseLayer) and last.activation.name == "linear":
        return 1.0
    return float(trained.weights["output_gain"])
