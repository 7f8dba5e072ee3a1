"""The filters of an oversampled stream in the kernels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.kernels.choice import target

Samples = NDArray[np.float32]


class PolyphaseFilters:
    """Both filters with their past; processing does not allocate but for its output.

    Args:
        split: phases of the one before the copies, ``(copies, taps)``, newest sample first.
        join: phases of the one behind them, likewise.
    """

    def __init__(self, split: Samples, join: Samples) -> None:
        from drywet.kernels import _native

        self._native = _native.Oversampler(target(), split, join)
        self._copies = len(split)

    def split(self, x: Samples) -> Samples:
        """``(samples,)`` to the inputs of the copies, ``(copies, samples)``."""
        copies = np.empty((self._copies, len(x)), np.float32)
        self._native.split(np.ascontiguousarray(x), copies)
        return copies

    def join(self, copies: Samples) -> Samples:
        """What the copies made, ``(copies, samples)``, to ``(samples,)``."""
        y = np.empty(copies.shape[1], np.float32)
        self._native.join(np.ascontiguousarray(copies), y)
        return y

    def reset(self, rest: float = 0.0) -> None:
        """Back to silence, in which every copy gives ``rest``."""
        self._native.reset(rest)
