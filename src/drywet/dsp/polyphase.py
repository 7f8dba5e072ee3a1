"""The filters of an oversampled stream, block by block, in NumPy: where there are no kernels."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from drywet.dsp.oversampling import Filters

Samples = NDArray[np.float32]


class PolyphaseFilters:
    """Both filters with their past; see `drywet.kernels.oversampler.PolyphaseFilters`."""

    def __init__(self, filters: Filters) -> None:
        self._split, self._join = filters.split[:, ::-1], filters.join[:, ::-1]  # oldest first
        self._past = np.zeros(self._split.shape[1] - 1, np.float32)
        self._pasts = np.zeros((len(self._join), self._join.shape[1] - 1), np.float32)

    def split(self, x: Samples) -> Samples:
        """``(samples,)`` to the inputs of the copies, ``(copies, samples)``."""
        joined = np.concatenate((self._past, x))
        self._past = joined[len(x) :]
        windows = sliding_window_view(joined, self._split.shape[1])
        return np.ascontiguousarray((windows @ self._split.T).T)

    def join(self, copies: Samples) -> Samples:
        """What the copies made, ``(copies, samples)``, to ``(samples,)``."""
        joined = np.concatenate((self._pasts, copies), axis=1)
        self._pasts = joined[:, copies.shape[1] :]
        windows = sliding_window_view(joined, self._join.shape[1], axis=1)
        return np.asarray(np.einsum("mtk,mk->t", windows, self._join), np.float32)

    def reset(self, rest: float = 0.0) -> None:
        """Back to silence, in which every copy gives ``rest``."""
        self._past, self._pasts = np.zeros_like(self._past), np.full_like(self._pasts, rest)
