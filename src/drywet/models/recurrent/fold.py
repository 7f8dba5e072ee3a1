"""A recurrent model's weights with its gains folded in.

The input gain goes into what the first layer makes of the dry sample (knobs have no gain), the
output gain into the dense layer and both into the skip: the folded net sees full-scale samples and
gives full-scale samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drywet.models.config import Samples, Weights
from drywet.models.layers import recurrent_names
from drywet.models.recurrent.config import RecurrentConfig


@dataclass(frozen=True)
class Layer:
    """One recurrent layer in PyTorch's layout and gate order, or as in `state_space`.

    Attributes:
        input: ``(gates * hidden, inputs)``.
        hidden: ``(gates * hidden, hidden)``.
        input_bias: ``(gates * hidden,)``.
        hidden_bias: ``(gates * hidden,)``.
    """

    input: Samples
    hidden: Samples
    input_bias: Samples
    hidden_bias: Samples


@dataclass(frozen=True)
class FoldedNet:
    """Layers and dense layer of a recurrent net.

    Attributes:
        config: of the model.
        layers: first to last.
        head: ``(hidden,)``.
        head_bias: the dense layer's bias.
        skip: how much of the input is added to the output.
    """

    config: RecurrentConfig
    layers: list[Layer]
    head: Samples
    head_bias: float
    skip: float

    def parameters(self) -> list[Samples]:
        """In the order in which the kernels take them."""
        parameters = [
            np.ascontiguousarray(part)
            for layer in self.layers
            for part in (layer.input, layer.hidden, layer.input_bias, layer.hidden_bias)
        ]
        return [*parameters, self.head[None], np.array([self.head_bias], np.float32)]


def fold(config: RecurrentConfig, weights: Weights) -> FoldedNet:
    """Fold a recurrent model.

    Args:
        config: of the model.
        weights: of the model.
    """
    weights = dict(weights)
    gain_in, gain_out = float(weights["input_gain"]), float(weights["output_gain"])
    first = weights["rec.weight_ih_l0"].copy()
    first[:, 0] *= np.float32(gain_in)
    weights["rec.weight_ih_l0"] = first
    layers = [
        Layer(
            weights[f"rec.weight_ih_l{i}"],
            weights[f"rec.weight_hh_l{i}"],
            weights[f"rec.bias_ih_l{i}"],
            weights[f"rec.bias_hh_l{i}"],
        )
        for i in range(config.layers)
    ]
    with np.errstate(over="ignore"):  # what comes of spoiled weights is seen in what they play
        head = weights["head.weight"][0] * np.float32(gain_out)
    return FoldedNet(
        config,
        layers,
        head,
        float(weights["head.bias"][0]) * gain_out,
        gain_in * gain_out if config.skip else 0.0,
    )


def unfolded_parameters(config: RecurrentConfig, weights: Weights) -> list[Samples]:
    """A model's own tensors, without its gains, in the order in which the kernels take them."""
    return [weights[name] for name in recurrent_names("rec", config.layers)]
