"""What WaveNets decide."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

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
        from drywet.kernels.wavenet_training import can_train
        from drywet.models.wavenet.player import sizes

        return can_train(sizes(config))

    def build(self, config: WaveNetConfig) -> EffectModel:
        """See `Kind`."""
        from drywet.models.wavenet.net import WaveNetModel

        return WaveNetModel(config)

    def engine(self, config: WaveNetConfig) -> str:
        """See `Kind`."""
        return (choice().target if in_kernels(config) else None) or "torch"

    def player(self, config: WaveNetConfig, weights: Weights, rate: int, graph: bytes) -> Player:
        """See `Kind`."""
        if choice().target is not None and in_kernels(config):
            from drywet.models.wavenet.player import stream

            return KernelPlayer(stream(config, weights))
        from drywet.models.torch_player import TorchPlayer, with_weights

        return TorchPlayer(with_weights(self.build(config), weights), rate)

    def copies(
        self, config: WaveNetConfig, weights: Weights, rate: int, graph: bytes, count: int
    ) -> Player:
        """See `Kind`."""
        if choice().target is not None and in_kernels(config):
            from drywet.models.wavenet import player

            return KernelPlayer(player.copies(config, weights, count))
        return super().copies(config, weights, rate, graph, count)

    def settled_state(self, config: WaveNetConfig, weights: Weights, rate: int) -> list[Samples]:
        """See `Kind`."""
        from drywet.models.wavenet.settled import settled_state

        return settled_state(config, weights)


def in_kernels(config: WaveNetConfig) -> bool:
    """Whether the kernels know its activations."""
    layers = [layer for array in config.arrays for layer in array.layers]
    used = {a.name for layer in layers for a in (layer.activation, layer.gate)}
    return not used & _NOT_IN_KERNELS
