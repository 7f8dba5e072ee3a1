"""A stack of layers, one after the other: what RTNeural runs and drywet has no kernel for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from drywet.kernels.cells import state_count
from drywet.models.base import EffectModel, State
from drywet.models.functions import apply
from drywet.models.stack.config import CellLayer, ConvLayer, StackConfig


class StackModel(EffectModel):
    """See `StackConfig`.

    The state is, layer by layer, the past input of a convolution, ``(batch, inputs, samples)``, and
    a recurrent layer's ``h`` and, for an LSTM, ``c``, each ``(1, batch, width)``.
    """

    config: StackConfig

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.config = config
        self.receptive_field = config.receptive_field
        self.warm_up = config.memory + (1024 if config.receptive_field is None else 0)
        self.layers = nn.ModuleList()
        for inputs, layer in zip((1, *self._widths()), config.layers, strict=False):
            if isinstance(layer, CellLayer):
                kind = nn.LSTM if layer.cell == "lstm" else nn.GRU
                self.layers.append(kind(inputs, layer.width, batch_first=True))
            elif isinstance(layer, ConvLayer):
                self.layers.append(
                    nn.Conv1d(inputs, layer.width, layer.kernel, dilation=layer.dilation)
                )
            else:
                self.layers.append(nn.Linear(inputs, layer.width))

    def _widths(self) -> list[int]:
        return [layer.width for layer in self.config.layers]

    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Layer after layer."""
        held = list(state)
        after: list[Tensor] = []
        y = x
        for config, layer in zip(self.config.layers, self.layers, strict=True):
            if isinstance(config, CellLayer):
                if config.cell == "lstm":
                    y, new = layer(y, (held.pop(0), held.pop(0)))
                    after += new
                else:
                    y, h = layer(y, held.pop(0))
                    after.append(h)
                continue
            if isinstance(config, ConvLayer):
                before = held.pop(0)
                joined = torch.cat((before, y.transpose(1, 2)), dim=2)
                after.append(joined[..., joined.shape[-1] - before.shape[-1] :])
                y = layer(joined).transpose(1, 2)
            else:
                y = layer(y)
            y = apply(config.activation, y, 2)
        return (y + x if self.config.skip else y), tuple(after)

    def init_state(self, batch: int) -> State:
        """Zeros."""
        held: list[Tensor] = []
        device = self.input_gain.device
        for inputs, layer in zip((1, *self._widths()), self.config.layers, strict=False):
            if isinstance(layer, CellLayer):
                shape = (1, batch, layer.width)
                held += [torch.zeros(shape, device=device) for _ in range(state_count(layer.cell))]
            elif isinstance(layer, ConvLayer):
                past = (layer.kernel - 1) * layer.dilation
                held.append(torch.zeros(batch, inputs, past, device=device))
        return tuple(held)
