"""What causal FIR filters decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from drywet.models.config import Samples, Shape, Weights
from drywet.models.kind import Kind
from drywet.models.linear.config import LinearConfig
from drywet.models.player import Player

if TYPE_CHECKING:
    from drywet.models.base import EffectModel


class Linear(Kind[LinearConfig]):
    """Solved in closed form, not trained."""

    config = LinearConfig
    training = None

    def net_shapes(self, config: LinearConfig) -> dict[str, Shape]:
        """See `Kind`."""
        found: dict[str, Shape] = {"taps": (config.taps,)}
        return found | {"bias": (1,)} if config.bias else found

    def multiply_adds(self, config: LinearConfig) -> int:
        """See `Kind`."""
        return config.taps

    def require_trainable(self, config: LinearConfig) -> None:
        """See `Kind`."""
        if config.bias:
            raise ValueError("a filter with a bias, which drywet plays but does not fit")

    def build(self, config: LinearConfig) -> EffectModel:
        """See `Kind`."""
        from drywet.models.linear.net import LinearModel

        return LinearModel(config)

    def engine(self, config: LinearConfig) -> str:
        """See `Kind`."""
        return "numpy"

    def player(self, config: LinearConfig, weights: Weights, rate: int, graph: bytes) -> Player:
        """See `Kind`."""
        from drywet.models.linear.player import FilterPlayer

        return FilterPlayer(config, weights)

    def settled_state(
        self, config: LinearConfig, weights: Weights, rate: int, positions: Mapping[str, float]
    ) -> list[Samples]:
        """See `Kind`: silence."""
        return [np.zeros((1, config.taps - 1), np.float32)] if config.taps > 1 else []
