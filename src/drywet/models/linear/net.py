"""A causal FIR filter in PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drywet.models.base import EffectModel, State, remembered
from drywet.models.linear.config import LinearConfig


class LinearModel(EffectModel):
    """See `LinearConfig`. The state is the last ``taps - 1`` dry samples."""

    config: LinearConfig

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

    def state_after(self, x: Tensor) -> State:
        """The last samples are the state: nothing need be convolved."""
        return remembered(x * self.input_gain, self.init_state(len(x)))

    def init_state(self, batch: int) -> State:
        """Zeros."""
        return (torch.zeros(batch, self.warm_up, 1, device=self.input_gain.device),)

    @torch.no_grad()
    def set_taps(self, taps: NDArray[np.float64]) -> None:
        """Take over a filter as `drywet.models.linear.fit.fit_fir` returns it."""
        self.taps.copy_(torch.from_numpy(taps))
