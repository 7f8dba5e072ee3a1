"""A filter as a stream, in NumPy."""

from __future__ import annotations

import numpy as np

from drywet.models.config import Samples, Weights
from drywet.models.linear.config import LinearConfig
from drywet.models.player import FinitePlayer

_LONG = 1024  # taps beyond which a filter is faster by FFT


class FilterPlayer(FinitePlayer):
    """The linear model.

    Args:
        config: of the model.
        weights: of the model.
    """

    def __init__(self, config: LinearConfig, weights: Weights) -> None:
        super().__init__(config.taps - 1)
        gain = weights["input_gain"] * weights["output_gain"]
        self._taps = weights["taps"] * gain
        bias = weights.get("bias", np.zeros(1, np.float32))
        self._bias = bias * weights["output_gain"]

    def _play(self, joined: Samples) -> Samples:
        if len(self._taps) > _LONG:
            from scipy.signal import oaconvolve

            y = oaconvolve(joined.astype(np.float64), self._taps, mode="valid")
        else:
            y = np.convolve(joined, self._taps, mode="valid")
        return np.asarray(y + self._bias, np.float32)
