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
        self.bias = nn.Parameter(torch.zeros(1)) if config.bias else None

    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Convolve."""
        joined = torch.cat((state[0], x), dim=1)
        kernel = self.taps.flip(0).view(1, 1, -1)
        y = nn.functional.conv1d(joined.transpose(1, 2), kernel, self.bias).transpose(1, 2)
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
    from scipy.signal import correlate

    first_row, cross = np.zeros(taps), np.zeros(taps)  # newest sample first
    steps = np.zeros((taps - 1, taps - 1))
    rows = 0
    for start, stop in spans:
        if stop - start < taps:
            continue
        x, y = dry[start:stop].astype(np.float64), wet[start:stop].astype(np.float64)
        first_row += correlate(x, x[taps - 1 :], mode="valid")[::-1]
        cross += correlate(x, y[taps - 1 :], mode="valid")[::-1]
        # A row further down, the sums lose their last product and gain one in front.
        gained, lost = x[: taps - 1][::-1], x[-1:-taps:-1]
        steps += np.outer(gained, gained) - np.outer(lost, lost)
        rows += len(x) - taps + 1
    if rows == 0:
        raise ValueError(f"no span holds {taps} samples")
    gram = np.empty((taps, taps))
    gram[0], gram[:, 0] = first_row, first_row
    for i in range(taps - 1):
        gram[i + 1, 1:] = gram[i, :-1] + steps[i]
    gram[np.diag_indices(taps)] += _RIDGE * np.trace(gram) / taps + np.finfo(np.float64).tiny
    return np.ascontiguousarray(np.linalg.solve(gram, cross), dtype=np.float64)
