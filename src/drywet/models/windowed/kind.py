"""What windowed nets decide."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from drywet.kernels.choice import choice
from drywet.models.config import Samples, Shape, Weights
from drywet.models.kind import Kind, TrainingDefaults
from drywet.models.layers import dense_shapes, recurrent_multiply_adds, recurrent_shapes
from drywet.models.player import Player
from drywet.models.windowed.config import WindowedConfig

if TYPE_CHECKING:
    from drywet.models.base import EffectModel


class Windowed(Kind[WindowedConfig]):
    """The nets of the 2022 study."""

    config = WindowedConfig
    training = TrainingDefaults(segment=128)

    def net_shapes(self, config: WindowedConfig) -> dict[str, Shape]:
        """See `Kind`."""
        if config.cell == "dense":
            net: dict[str, Shape] = {}
            for i, (inputs, outputs) in enumerate(pairwise(_widths(config))):
                net |= dense_shapes(f"net.{2 * i}", inputs, outputs)  # an activation follows each
        else:
            net = recurrent_shapes("net", config.cell, config.hidden, config.layers)
        return net | dense_shapes("head", config.hidden, 1)

    def parameters(self, config: WindowedConfig) -> int:
        """See `Kind`; an LSTM's and an RNN's second bias is fixed at zero."""
        free = config.cell in ("gru", "dense")
        shapes = self.net_shapes(config).items()
        return sum(prod(shape) for name, shape in shapes if free or ".bias_hh" not in name)

    def multiply_adds(self, config: WindowedConfig) -> int:
        """See `Kind`."""
        if config.cell == "dense":
            return sum(a * b for a, b in pairwise(_widths(config))) + config.hidden
        step = recurrent_multiply_adds(config.cell, config.hidden, config.layers)
        return config.frame * step + config.hidden

    def trains_in_kernels(self, config: WindowedConfig) -> bool:
        """See `Kind`."""
        return choice().target is not None and config.cell != "dense"

    def build(self, config: WindowedConfig) -> EffectModel:
        """See `Kind`."""
        from drywet.models.windowed.net import WindowedModel

        return WindowedModel(config)

    def engine(self, config: WindowedConfig) -> str:
        """See `Kind`."""
        if config.cell == "dense":
            return "numpy"
        return choice().target or "torch"

    def player(self, config: WindowedConfig, weights: Weights, rate: int, graph: bytes) -> Player:
        """See `Kind`."""
        from drywet.models.windowed.player import DenseWindowPlayer, WindowPlayer

        if config.cell == "dense":
            return DenseWindowPlayer(config, weights)
        if choice().target is not None:
            return WindowPlayer(config, weights)
        from drywet.models.torch_player import TorchPlayer, with_weights

        return TorchPlayer(with_weights(self.build(config), weights), rate)

    def settled_state(
        self, config: WindowedConfig, weights: Weights, rate: int, positions: Mapping[str, float]
    ) -> list[Samples]:
        """See `Kind`: silence."""
        return [np.zeros((1, config.frame - 1), np.float32)] if config.frame > 1 else []


def _widths(config: WindowedConfig) -> list[int]:
    """Of a feed-forward net, from its input on."""
    return [config.frame] + [config.hidden] * config.layers
