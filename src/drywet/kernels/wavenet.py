"""WaveNets as streams in the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.kernels.choice import target

Samples = NDArray[np.float32]


class LayerSizes(NamedTuple):
    """A layer of an array: see `drywet.models.wavenet.config.WaveNetLayer`."""

    kernel: int
    dilation: int
    activation: str
    slope: float
    gating: str
    gate: str
    gate_slope: float


class ArraySizes(NamedTuple):
    """An array of layers: see `drywet.models.wavenet.config.WaveNetArray`."""

    inputs: int
    channels: int
    bottleneck: int
    head: int
    head_kernel: int
    head_bias: bool
    residual: bool
    layer_head: int
    layers: Sequence[LayerSizes]


class WaveNetCopies:
    """Some copies of a WaveNet, a stream each; the arguments of `WaveNetStream`, and how many."""

    def __init__(self, arrays: Sequence[ArraySizes], weights: Samples, copies: int) -> None:
        from drywet.kernels import _native

        self._streams = _native.WaveNetCopies(target(), arrays, weights, copies)

    def process(self, blocks: Samples) -> Samples:
        """The next ``(copies, samples)``; returns as many."""
        out = np.empty(blocks.shape, np.float32)
        self._streams.process(np.ascontiguousarray(blocks), out)
        return out

    def reset(self) -> None:
        """Go back to settled silence."""
        self._streams.reset()


class WaveNetStream:
    """One mono stream through a WaveNet, from settled silence.

    Args:
        arrays: sizes, first to last; inputs of the first after its first are knobs.
        weights: all of them in a row, in the order in which a ``.nam`` lists them.
    """

    def __init__(self, arrays: Sequence[ArraySizes], weights: Samples) -> None:
        from drywet.kernels import _native

        self._stream = _native.WaveNet(target(), arrays, weights)

    def process(self, block: Samples) -> Samples:
        """The next ``(samples,)``, with knobs ``(samples, inputs)``; returns as many."""
        out = np.empty(len(block), np.float32)
        self._stream.process(np.ascontiguousarray(block), out)
        return out

    def settle(self, knobs: Samples) -> None:
        """Start from silence with the knobs there, which at first are at 0."""
        self._stream.settle(knobs)

    def reset(self) -> None:
        """Go back to settled silence."""
        self._stream.reset()
