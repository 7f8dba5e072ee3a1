"""State-space layers in PyTorch: a linear recurrence for each unit, tanh behind it.

A unit has one complex state, which decays and turns. With ``x`` what goes into a layer,

::

    s_j' = p_j s_j + g_j (B x + a)_j      p_j = exp(-exp(n_j) + i t_j),  g_j = sqrt(1 - |p_j|^2)
    z    = C_re Re s' + C_im Im s' + D x + b
    y    = tanh z  in the first layer,  x + tanh z  in the others

The recurrence is the linear recurrent unit of Orvieto et al., "Resurrecting recurrent neural
networks for long sequences", ICML 2023; small nets of such layers are compared with LSTMs on
distortion effects in Simionato and Fasciani, "Comparative study of recurrent neural networks for
virtual analog audio effects modeling", 2024.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from drywet.models.layers import RECURRENT_PARTS, recurrent_shapes

_SLOWEST = 2400.0
"""Samples in which the slowest state decays to 1/e at first: 50 ms at 48 kHz."""
_TURN = 0.2
"""Radians by which a state turns at most, at first, while it decays to 1/e."""

State = tuple[Tensor, Tensor]


class StateSpace(nn.Module):
    """Layers with the interface of PyTorch's recurrent ones, as far as drywet asks.

    The tensors have the names of `torch.nn.LSTM`'s, two rows for each unit: B and D in
    ``weight_ih``, C_re and C_im in ``weight_hh``, a and b in ``bias_ih``, n and t of the poles in
    ``bias_hh``.

    Args:
        inputs: of the first layer.
        hidden: units of each.
        layers: how many.

    Attributes:
        cell: the kernels' name.
    """

    cell = "ssm"
    batch_first, bias = True, True
    bidirectional, dropout, proj_size = False, 0.0, 0

    def __init__(self, inputs: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers = inputs, hidden, layers
        for name, shape in recurrent_shapes("rec", self.cell, hidden, layers, inputs).items():
            setattr(self, name.removeprefix("rec."), nn.Parameter(torch.zeros(shape)))
        for layer in range(layers):
            self._begin(*self._of(layer))

    @torch.no_grad()
    def _begin(self, w_in: Tensor, w_out: Tensor, bias: Tensor, poles: Tensor) -> None:
        """Time constants from a sample to `_SLOWEST`, spread by their logarithms."""
        hidden = self.hidden_size
        w_in.normal_(0, 1 / math.sqrt(w_in.shape[1]))
        w_out.normal_(0, 1 / math.sqrt(2 * hidden))
        rates = torch.rand(hidden) * -math.log(_SLOWEST)
        poles[:hidden] = rates
        poles[hidden:] = rates.exp() * torch.rand(hidden) * _TURN

    def _of(self, layer: int) -> list[Tensor]:
        return [getattr(self, f"{part}_l{layer}") for part in RECURRENT_PARTS]

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [part for layer in range(self.num_layers) for part in self._of(layer)]

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Process ``(batch, samples, inputs)``.

        Args:
            x: what goes in.
            state: real and imaginary parts, each ``(layers, batch, hidden)``; zero where it is
                ``None``.

        Returns:
            What leaves the last layer, ``(batch, samples, hidden)``, and the new state.
        """
        if state is None:
            zeros = x.new_zeros(self.num_layers, len(x), self.hidden_size)
            state = (zeros, zeros)
        after = []
        for layer in range(self.num_layers):
            y, s = self._layer(layer, x, torch.complex(state[0][layer], state[1][layer]))
            x = x + y if layer else y
            after.append(s)
        states = torch.stack(after)
        return x, (states.real.contiguous(), states.imag.contiguous())

    def _layer(self, layer: int, x: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """What tanh makes, and the state after the last sample."""
        w_in, w_out, bias, poles = (part.chunk(2) for part in self._of(layer))
        # float32, which is all that Apple's GPUs have, rounds the poles of states that last.
        exact = torch.float32 if x.device.type == "mps" else torch.float64
        rate = poles[0].to(exact).exp()
        gain = torch.sqrt(-torch.expm1(-2 * rate))
        pole = torch.polar(torch.exp(-rate), poles[1].to(exact))
        drive = gain.to(x.dtype) * (x @ w_in[0].T + bias[0])
        s = _recurrence(drive.to(pole.dtype), pole, before).to(before.dtype)
        z = s.real @ w_out[0].T + s.imag @ w_out[1].T + x @ w_in[1].T + bias[1]
        return torch.tanh(z), s[:, -1]


def _recurrence(drive: Tensor, pole: Tensor, before: Tensor) -> Tensor:
    """``s[t] = pole s[t - 1] + drive[t]``, in as many passes as the samples' number has bits.

    Args:
        drive: complex, ``(batch, samples, hidden)``.
        pole: ``(hidden,)``.
        before: the state before, ``(batch, hidden)``.
    """
    s = torch.cat((drive[:, :1] + (pole * before)[:, None], drive[:, 1:]), dim=1)
    step, power = 1, pole
    while step < s.shape[1]:  # s holds what the last `step` samples have left
        s = torch.cat((s[:, :step], s[:, step:] + power * s[:, :-step]), dim=1)
        step, power = 2 * step, power * power
    return s
