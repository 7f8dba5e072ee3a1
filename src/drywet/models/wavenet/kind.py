"""What WaveNets decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drywet.kernels.choice import choice
from drywet.models.config import Samples, Shape, Weights
from drywet.models.kind import WAVENETS, Kind
from drywet.models.player import KernelPlayer, Player
from drywet.models.wavenet.config import WaveNetConfig, wavenet_shapes

if TYPE_CHECKING:
    from drywet.models.base import EffectModel

_NOT_IN_KERNELS = {"elu", "softmax"}


class WaveNet(Kind[WaveNetConfig]):
    """Neural Amp Modeler's architectures."""

    config = WaveNetConfig
    training = WAVENETS

    def net_shapes(self, config: WaveNetConfig) -> dict[str, Shape]:
        """See `Kind`."""
        return wavenet_shapes(config)

    def parameters(self, config: WaveNetConfig) -> int:
        """See `Kind`; the scale of the head is fixed."""
        shapes = wavenet_shapes(config).items()
        return sum(prod(shape) for name, shape in shapes if name != "head_scale")

    def multiply_adds(self, config: WaveNetConfig) -> int:
        """See `Kind`: every weight but the biases is used once."""
        shapes = wavenet_shapes(config).items()
        return sum(prod(shape) for name, shape in shapes if ".weight" in name)

    def trains_in_kernels(self, config: WaveNetConfig) -> bool:
        """See `Kind`."""
        return runs_in_kernels(config)

    def build(self, config: WaveNetConfig) -> EffectModel:
        """See `Kind`."""
        from drywet.models.wavenet.net import WaveNetModel

        return WaveNetModel(config)

    def ignoring_knobs(
        self, config: WaveNetConfig, weights: Weights, names: Sequence[str]
    ) -> Weights:
        """See `Kind`."""
        from drywet.models.wavenet.knobs import ignoring

        return ignoring(config, weights, names)

    def with_knobs(
        self, config: WaveNetConfig, weights: Weights, positions: Mapping[str, float]
    ) -> tuple[WaveNetConfig, Weights]:
        """See `Kind`."""
        from drywet.models.wavenet.knobs import fixed

        if not config.knobs:
            return config, weights
        return fixed(config, weights, _values(config, positions))

    def engine(self, config: WaveNetConfig) -> str:
        """See `Kind`."""
        return (choice().target if in_kernels(config) else None) or "torch"

    def player(self, config: WaveNetConfig, weights: Weights, rate: int, graph: bytes) -> Player:
        """See `Kind`."""
        if runs_in_kernels(config):
            from drywet.models.wavenet.player import stream

            return KernelPlayer(stream(config, weights))
        from drywet.models.torch_player import TorchPlayer, with_weights

        return TorchPlayer(with_weights(self.build(config), weights), rate)

    def copies(
        self, config: WaveNetConfig, weights: Weights, rate: int, graph: bytes, count: int
    ) -> Player:
        """See `Kind`."""
        if runs_in_kernels(config):
            from drywet.models.wavenet import player

            return KernelPlayer(player.copies(config, weights, count))
        return super().copies(config, weights, rate, graph, count)

    def settled_state(
        self, config: WaveNetConfig, weights: Weights, rate: int, positions: Mapping[str, float]
    ) -> list[Samples]:
        """See `Kind`."""
        from drywet.models.wavenet.settled import settled_state

        return settled_state(config, weights, _values(config, positions))


def _values(config: WaveNetConfig, positions: Mapping[str, float]) -> NDArray[np.float32]:
    return np.array([positions[name] for name in config.knobs], np.float32)


def in_kernels(config: WaveNetConfig) -> bool:
    """Whether the kernels know its activations."""
    layers = [layer for array in config.arrays for layer in array.layers]
    used = {a.name for layer in layers for a in (layer.activation, layer.gate)}
    return not used & _NOT_IN_KERNELS


def runs_in_kernels(config: WaveNetConfig) -> bool:
    """Whether this machine's kernels play and train it."""
    return choice().target is not None and in_kernels(config)
