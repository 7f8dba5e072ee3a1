"""What ONNX graphs decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drywet.errors import DrywetError
from drywet.models.config import Samples, Shape, Weights
from drywet.models.kind import Kind
from drywet.models.onnx.config import OnnxConfig
from drywet.models.player import Player

if TYPE_CHECKING:
    from drywet.models.base import EffectModel


class Onnx(Kind[OnnxConfig]):
    """Graphs that drywet did not write: its weights are in the graph."""

    config = OnnxConfig
    training = None
    by_name = False

    def net_shapes(self, config: OnnxConfig) -> dict[str, Shape]:
        """See `Kind`."""
        return {}

    def parameters(self, config: OnnxConfig) -> int:
        """See `Kind`."""
        return config.parameters

    def multiply_adds(self, config: OnnxConfig) -> int:
        """See `Kind`."""
        return config.multiply_adds

    def build(self, config: OnnxConfig) -> EffectModel:
        """See `Kind`."""
        raise DrywetError(
            "an untrusted ONNX graph as a model in PyTorch",
            "a model that drywet can train",
            "An ONNX graph can be played and measured, not trained or exported.",
        )

    def engine(self, config: OnnxConfig) -> str:
        """See `Kind`."""
        return "onnxruntime"

    def player(self, config: OnnxConfig, weights: Weights, rate: int, graph: bytes) -> Player:
        """See `Kind`."""
        from drywet.models.onnx.player import OnnxPlayer

        return OnnxPlayer(config, weights, rate, graph)

    def with_knobs(
        self, config: OnnxConfig, weights: Weights, positions: Mapping[str, float]
    ) -> tuple[OnnxConfig, Weights]:
        """See `Kind`."""
        fixed = tuple(positions[name] for name in config.knob_names)
        return config.model_copy(update={"fixed": fixed}), weights

    def settled_state(
        self, config: OnnxConfig, weights: Weights, rate: int, positions: Mapping[str, float]
    ) -> list[Samples]:
        """See `Kind`."""
        raise DrywetError(
            "the state of an untrusted ONNX graph", "a model of drywet's own", "Name such a one."
        )
