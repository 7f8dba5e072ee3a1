"""Windowed nets as streams."""

from __future__ import annotations

import numpy as np

from drywet.kernels.stream import play_frames
from drywet.models.config import Samples, Weights
from drywet.models.layers import recurrent_names
from drywet.models.player import FinitePlayer
from drywet.models.windowed.config import WindowedConfig


class WindowPlayer(FinitePlayer):
    """A recurrent one: its frames side by side in the kernel's lanes.

    Args:
        config: of the model.
        weights: of the model.
    """

    def __init__(self, config: WindowedConfig, weights: Weights) -> None:
        super().__init__(config.frame - 1)
        self._config = config
        self._parameters = [weights[name] for name in recurrent_names("net", config.layers)]
        self._input_gain, self._gain = weights["input_gain"], weights["output_gain"]

    def _play(self, joined: Samples) -> Samples:
        x = (joined * self._input_gain)[None]
        y = play_frames(self._config.cell, self._parameters, self._config.frame, x, 1)
        return np.asarray(y[0] * self._gain, dtype=np.float32)


class DenseWindowPlayer(FinitePlayer):
    """A feed-forward one, in NumPy.

    Args:
        config: of the model.
        weights: of the model.
    """

    def __init__(self, config: WindowedConfig, weights: Weights) -> None:
        super().__init__(config.frame - 1)
        self._config, self._weights = config, weights

    def _play(self, joined: Samples) -> Samples:
        weights = self._weights
        frames = np.lib.stride_tricks.sliding_window_view(
            joined * weights["input_gain"], self._config.frame
        )
        x = np.ascontiguousarray(frames)
        for i in range(self._config.layers):
            x = np.tanh(x @ weights[f"net.{2 * i}.weight"].T + weights[f"net.{2 * i}.bias"])
        y = x @ weights["head.weight"][0] + weights["head.bias"]
        return np.asarray(y * weights["output_gain"], np.float32)
