"""A WaveNet as a stream of the kernels."""

from __future__ import annotations

import numpy as np

from drywet.kernels.wavenet import ArraySizes, LayerSizes, WaveNetCopies, WaveNetStream
from drywet.models.config import Samples, Weights
from drywet.models.wavenet.config import WaveNetConfig
from drywet.models.wavenet.fold import fold


def stream(config: WaveNetConfig, weights: Weights) -> WaveNetStream:
    """The stream of a model whose activations the kernels know."""
    return WaveNetStream(sizes(config), flat(config, weights))


def copies(config: WaveNetConfig, weights: Weights, count: int) -> WaveNetCopies:
    """Some copies of such a model."""
    return WaveNetCopies(sizes(config), flat(config, weights), count)


def flat(config: WaveNetConfig, weights: Weights) -> Samples:
    """All weights in a row, gains folded in, in the order in which a ``.nam`` lists them."""
    return np.concatenate([part.ravel() for part in fold(config, weights).values()])


def sizes(config: WaveNetConfig) -> list[ArraySizes]:
    """What the kernels know of a net's arrays."""
    inputs = [1 + len(config.knobs), *(array.channels for array in config.arrays)]
    return [
        ArraySizes(
            before, array.channels, array.bottleneck, array.head, array.head_kernel,
            array.head_bias, array.residual, array.layer_head,
            [
                LayerSizes(
                    layer.kernel, layer.dilation, layer.activation.name, layer.activation.slope,
                    layer.gating, layer.gate.name, layer.gate.slope,
                )
                for layer in array.layers
            ],
        )
        for before, array in zip(inputs, config.arrays, strict=False)
    ]  # fmt: skip
