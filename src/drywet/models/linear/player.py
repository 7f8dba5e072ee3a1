"""A filter as a stream, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
        self._known: tuple[int, NDArray[np.complex128]] = (0, np.empty(0, np.complex128))
        bias = weights.get("bias", np.zeros(1, np.float32))
        self._bias = bias * weights["output_gain"]

    def _spectrum(self, size: int) -> NDArray[np.complex128]:
        """Of the taps; blocks are mostly of one length."""
        if self._known[0] != size:
            self._known = size, np.fft.rfft(self._taps.astype(np.float64), size)
        return self._known[1]

    def _play(self, joined: Samples) -> Samples:
        if len(self._taps) > _LONG:
            size = 1 << (len(joined) - 1).bit_length()  # what wraps around is the context's
            product = np.fft.rfft(joined.astype(np.float64), size) * self._spectrum(size)
            y = np.fft.irfft(product, size)[len(self._past) : len(joined)]
        else:
            y = np.convolve(joined, self._taps, mode="valid")
        return np.asarray(y + self._bias, np.float32)
