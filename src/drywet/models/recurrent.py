"""Recurrent nets run statefully over the whole signal, one sample in, one out.

Wright, Damskaegg and Valimaki, "Real-time black-box modelling with recurrent
neural networks", DAFx 2019: a recurrent layer or more and a dense layer, with an
optional skip that adds the input, so that the net learns only the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from drywet.models.base import EffectModel, State

Cell = Literal["lstm", "gru", "rnn"]

_CELLS: dict[str, Callable[..., nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


def recurrent_layers(cell: str, hidden: int, layers: int, inputs: int = 1) -> nn.RNNBase:
    """PyTorch's recurrent layers, batch first, without redundant parameters.

    In an LSTM or RNN the two biases only ever appear as their sum, so the second
    is fixed at zero: counts agree with the literature. A GRU needs both. An LSTM starts
    out remembering, its forget gates biased by 1 (Jozefowicz, Zaremba and Sutskever, "An
    empirical exploration of recurrent network architectures", ICML 2015).
    """
    net = _CELLS[cell](inputs, hidden, layers, batch_first=True)
    for name, parameter in net.named_parameters():
        if cell != "gru" and name.startswith("bias_hh"):
            parameter.requires_grad_(False).zero_()
        if cell == "lstm" and name.startswith("bias_ih"):
            with torch.no_grad():
                parameter[hidden : 2 * hidden] += 1
    return net


class RecurrentConfig(BaseModel):
    """A stateful recurrent net.

    Attributes:
        cell: ``lstm``, ``gru`` or ``rnn`` (tanh).
        hidden: units per layer.
        layers: 1 to 4.
        skip: add the dry sample to the output.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["recurrent"] = "recurrent"
    cell: Cell = "lstm"
    hidden: int = Field(default=16, ge=1, le=512)
    layers: int = Field(default=1, ge=1, le=4)
    skip: bool = False

    @property
    def title(self) -> str:
        """Short name for tables: ``LSTM 16`` or ``GRU 2x32 + skip``."""
        size = f"{self.layers}x{self.hidden}" if self.layers > 1 else str(self.hidden)
        return f"{self.cell.upper()} {size}" + (" + skip" if self.skip else "")


class RecurrentModel(EffectModel):
    """See `RecurrentConfig`. The state is ``(h,)``, for an LSTM ``(h, c)``.

    Each has the shape ``(layers, batch, hidden)``.
    """

    receptive_field = None
    warm_up = 1024

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.config = config
        self.rec = recurrent_layers(config.cell, config.hidden, config.layers)
        self.head = nn.Linear(config.hidden, 1)

    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Recurrent layers, dense layer, optional skip."""
        lstm = self.config.cell == "lstm"
        hidden, after = self.rec(x, state if lstm else state[0])
        y = self.head(hidden)
        return (y + x if self.config.skip else y), (after if lstm else (after,))

    def init_state(self, batch: int) -> State:
        """Zeros."""
        zeros = torch.zeros(
            self.config.layers, batch, self.config.hidden, device=self.input_gain.device
        )
        return (zeros, zeros.clone()) if self.config.cell == "lstm" else (zeros,)
