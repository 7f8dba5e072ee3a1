"""The 2022 study's nets: a frame of N dry samples gives the one wet sample at its end.

No state is kept between frames: each starts from zero and sees its N samples
one after the other (recurrent cells) or all at once (feed-forward), so the
memory is exactly N samples. It costs N steps per output sample, which is why
the stateful nets replace them; they are here to be compared with.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from drywet.kernels import frames
from drywet.kernels.recurrent import can_run
from drywet.models.base import EffectModel, State, remembered
from drywet.models.recurrent.net import recurrent_layers, recurrent_net
from drywet.models.windowed.config import WindowedConfig

# Frames times frame length in one go, which bounds the memory of a long block.
_STEPS_AT_ONCE = 1 << 21


class WindowedModel(EffectModel):
    """See `WindowedConfig`. The state is the last ``frame - 1`` scaled dry samples."""

    config: WindowedConfig

    def __init__(self, config: WindowedConfig) -> None:
        super().__init__()
        self.config = config
        self.receptive_field = config.frame
        self.warm_up = config.frame - 1
        self.net: nn.Module
        if config.cell == "dense":
            widths = [config.frame] + [config.hidden] * config.layers
            steps: list[nn.Module] = []
            for inside, outside in pairwise(widths):
                steps += [nn.Linear(inside, outside), nn.Tanh()]
            self.net = nn.Sequential(*steps)
        else:
            layers = recurrent_layers(config.cell, config.hidden, config.layers)
            self.net = cast(nn.RNNBase, layers)
        self.head = nn.Linear(config.hidden, 1)

    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Every frame that ends in ``x``, each from a fresh start."""
        joined = torch.cat((state[0], x), dim=1)
        if not torch.is_grad_enabled() and self.in_kernels(joined):
            net = cast(nn.RNNBase, self.net)
            return frames.play(net, self.head, self.config.frame, joined), remembered(x, state)
        windows = joined[..., 0].unfold(1, self.config.frame, 1)  # (batch, samples, frame)
        batch = len(windows)
        at_once = max(_STEPS_AT_ONCE // (self.config.frame * batch), 1)
        y = torch.cat(
            [
                self._last(part.reshape(-1, self.config.frame)).reshape(batch, -1, 1)
                for part in torch.split(windows, at_once, dim=1)
            ],
            dim=1,
        )
        return y, remembered(x, state)

    def in_kernels(self, x: Tensor) -> bool:
        """Whether `drywet.kernels.frames` can take the net over, here and on such an input."""
        return (
            isinstance(self.net, nn.RNNBase)
            and x.dtype == torch.float32
            and can_run(self.net, self.head, x)
        )

    def state_after(self, x: Tensor) -> State:
        """The last samples are the state: no frame need be gone through."""
        return remembered(x * self.input_gain, self.init_state(len(x)))

    def _last(self, windows: Tensor) -> Tensor:
        if self.config.cell == "dense":
            return cast(Tensor, self.head(self.net(windows)))
        outputs, _ = recurrent_net(
            cast(nn.RNNBase, self.net), self.head, windows.unsqueeze(-1), None
        )
        return outputs[:, -1]

    def init_state(self, batch: int) -> State:
        """Zeros: the frame before the first sample is silent."""
        return (torch.zeros(batch, self.warm_up, 1, device=self.input_gain.device),)
