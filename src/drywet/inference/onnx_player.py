"""Somebody's ONNX graph as one mono stream."""

from __future__ import annotations

import numpy as np

from drywet.inference.players import Player
from drywet.models.onnx_config import OnnxConfig
from drywet.runs.model_file import TrainedModel
from drywet.runs.onnx_session import OnnxSession, Samples


class OnnxPlayer(Player):
    """A graph in onnxruntime, from zeros and then a second of silence.

    Args:
        trained: with its graph.
        config: its configuration, from its card.

    Raises:
        DrywetError: onnxruntime is missing or refuses the graph.
    """

    def __init__(self, trained: TrainedModel, config: OnnxConfig) -> None:
        self._session = OnnxSession(trained.graph, config)
        self._gains = trained.weights["input_gain"], trained.weights["output_gain"]
        state = self._session.start()
        if state:
            silence = np.zeros(trained.card.rate, np.float32)
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
