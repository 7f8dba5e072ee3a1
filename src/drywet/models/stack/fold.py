"""A stack's weights with its gains folded in, where they can be."""

from __future__ import annotations

from drywet.models.config import Weights
from drywet.models.stack.config import DenseLayer, StackConfig, stack_shapes


def fold(config: StackConfig, weights: Weights) -> Weights:
    """The weights for full-scale samples in and out.

    The output gain needs a last layer that is dense and linear, and no skip; where it is not, such
    a layer is what the caller has to add: see `tail`.

    Args:
        config: of the model.
        weights: of the model.
    """
    gains = weights
    weights = {name: gains[name] for name in stack_shapes(config)}
    first = "layers.0.weight"
    name = first if first in weights else "layers.0.weight_ih_l0"
    weights[name] = weights[name] * gains["input_gain"]
    last = len(config.layers) - 1
    gain = tail(config, gains)
    if gain == 1:
        for part in ("weight", "bias"):
            if f"layers.{last}.{part}" in weights:
                key = f"layers.{last}.{part}"
                weights[key] = weights[key] * gains["output_gain"]
    return weights


def tail(config: StackConfig, weights: Weights) -> float:
    """The gain that is left behind the last layer: 1 where that is dense and linear."""
    last = config.layers[-1]
    if isinstance(last, DenseLayer) and last.activation.name == "linear":
        return 1.0
    return float(weights["output_gain"])
