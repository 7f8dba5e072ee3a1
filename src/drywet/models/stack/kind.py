"""What stacks of layers decide."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from drywet.models.config import Samples, Shape, Weights
from drywet.models.kind import CONVOLUTIONAL, Kind
from drywet.models.player import Player
from drywet.models.stack.config import CellLayer, ConvLayer, StackConfig, stack_shapes

if TYPE_CHECKING:
    from drywet.models.base import EffectModel


class Stack(Kind[StackConfig]):
    """Nets of RTNeural and NAM's ConvNets."""

    config = StackConfig
    training = CONVOLUTIONAL
    by_name = False

    def net_shapes(self, config: StackConfig) -> dict[str, Shape]:
        """See `Kind`."""
        return stack_shapes(config)

    def multiply_adds(self, config: StackConfig) -> int:
        """See `Kind`: every weight but the biases is used once."""
        shapes = stack_shapes(config).items()
        return sum(prod(shape) for name, shape in shapes if ".weight" in name)

    def build(self, config: StackConfig) -> EffectModel:
        """See `Kind`."""
        from drywet.models.stack.net import StackModel

        return StackModel(config)

    def engine(self, config: StackConfig) -> str:
        """See `Kind`."""
        return "numpy"

    def player(self, config: StackConfig, weights: Weights, rate: int, graph: bytes) -> Player:
        """See `Kind`."""
        from drywet.models.stack.player import StackPlayer

        return StackPlayer(config, weights, rate)

    def settled_state(
        self, config: StackConfig, weights: Weights, rate: int, positions: Mapping[str, float]
    ) -> list[Samples]:
        """See `Kind`."""
        from drywet.models.stack.player import StackPlayer

        found: list[Samples] = []
        states = StackPlayer(config, weights, rate).start
        for layer, state in zip(config.layers, states, strict=True):
            if isinstance(layer, CellLayer):
                found += [np.asarray(part, np.float32) for part in state]
            elif isinstance(layer, ConvLayer) and state.shape[1]:
                found.append(state)
        return found
