"""An ONNX graph as one mono stream."""

from __future__ import annotations

import numpy as np

from drywet.models.config import Samples, Weights
from drywet.models.onnx.config import OnnxConfig
from drywet.models.onnx.session import OnnxSession
from drywet.models.player import Player


class OnnxPlayer(Player):
    """A graph in onnxruntime, from zeros and then a second of silence.

    Args:
        config: of the model.
        weights: its gains.
        rate: in Hz.
        graph: the file's bytes.

    Raises:
        DrywetError: onnxruntime is missing or refuses the graph.
    """

    def __init__(self, config: OnnxConfig, weights: Weights, rate: int, graph: bytes) -> None:
        self._session = OnnxSession(graph, config)
        self._gains = weights["input_gain"], weights["output_gain"]
        state = self._session.start()
        if state:
            silence = np.zeros(rate, np.float32)
            _, state = self._session.process(silence, state)
        self._start = self._state = state

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        before, after = self._gains
        y, self._state = self._session.process(block * before, self._state)
        return np.asarray(y * after, np.float32)

    def reset(self) -> None:
        """See `Player`."""
        self._state = self._start
