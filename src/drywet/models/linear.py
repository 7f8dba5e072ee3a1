"""The linear baseline: a finite impulse response, fitted in closed form.

What a pedal does beyond filtering is what the neural nets are for; this says how
much of it there is. The taps minimise the squared error over the training
spans exactly (ordinary least squares by the normal equations, in float64).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drywet.models.base import EffectModel, State, remembered
from drywet.models.config import LinearConfig

_NUMBERS_AT_ONCE = 1 << 23  # 64 MB of float64
# Relative ridge: keeps the solution finite where the dry signal has an empty band.
_RIDGE = 1e-9


class LinearModel(EffectModel):
    """See `LinearConfig`. The state is the last ``taps - 1`` dry samples."""

    def __init__(self, config: LinearConfig) -> None:
        super().__init__()
        self.config = config
        self.receptive_field = config.taps
        self.warm_up = config.taps - 1
        self.taps = nn.Parameter(torch.zeros(config.taps))  # taps[k] weighs x[n - k]

    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Convolve."""
        joined = torch.cat((state[0], x), dim=1)
        kernel = self.taps.flip(0).view(1, 1, -1)
        y = nn.functional.conv1d(joined.transpose(1, 2), kernel).transpose(1, 2)
        return y, remembered(x, state)

    def heard(self, x: Tensor) -> State:
        """The last samples are the state: nothing need be convolved."""
        return remembered(x * self.input_gain, self.init_state(len(x)))

    def init_state(self, batch: int) -> State:
        """Zeros."""
        return (torch.zeros(batch, self.warm_up, 1, device=self.input_gain.device),)

    @torch.no_grad()
    def set_taps(self, taps: NDArray[np.float64]) -> None:
        """Take over a filter as `fit_fir` returns it."""
        self.taps.copy_(torch.from_numpy(taps))


def fit_fir(
    dry: NDArray[np.float32],
    wet: NDArray[np.float32],
    spans: list[tuple[int, int]],
    taps: int,
) -> NDArray[np.float64]:
    """Least-squares FIR from dry to wet over some spans of a recording.

    Args:
        dry: shape ``(samples,)``.
        wet: the same shape.
        spans: ``(start, stop)`` pairs; dry before a span's start is not used,
            so its first ``taps - 1`` targets are left out.
        taps: length of the filter.

    Returns:
        The taps, float64 of shape ``(taps,)``, the newest sample first.

    Raises:
        ValueError: no span is longer than the filter.
    """
    gram = np.zeros((taps, taps))
    cross = np.zeros(taps)
    rows = 0
    at_once = _NUMBERS_AT_ONCE // taps
    for start, stop in spans:
        if stop - start < taps:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(dry[start:stop], taps)
        targets = wet[start + taps - 1 : stop]
        for first in range(0, len(windows), at_once):
            part = windows[first : first + at_once].astype(np.float64)
            gram += part.T @ part
            cross += part.T @ targets[first : first + at_once].astype(np.float64)
            rows += len(part)
    if rows == 0:
        raise ValueError(f"no span holds {taps} samples")
    gram[np.diag_indices(taps)] += _RIDGE * np.trace(gram) / taps + np.finfo(np.float64).tiny
    return np.ascontiguousarray(np.linalg.solve(gram, cross)[::-1], dtype=np.float64)
