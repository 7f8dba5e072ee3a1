"""Recurrent nets run statefully over the whole signal, one sample in, one out.

Wright, Damskaegg and Valimaki, "Real-time black-box modelling with recurrent
neural networks", DAFx 2019: a recurrent layer or more and a dense layer, with an
optional skip that adds the input, so that the net learns only the difference.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from drywet.kernels import recurrent as fused
from drywet.kernels.cells import state_count
from drywet.kernels.recurrent import Layers
from drywet.models.base import EffectModel, State
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.state_space import StateSpace

_CELLS: dict[str, Callable[..., nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
_WARM_UP = 1024
# Where a state settles in silence depends on the knobs, and it is slow to get there from zero.
_WARM_UP_WITH_KNOBS = 4096


def recurrent_layers(cell: str, hidden: int, layers: int, inputs: int = 1) -> Layers:
    """PyTorch's recurrent layers or a `StateSpace`, batch first, without redundant parameters.

    In an LSTM or RNN the two biases only ever appear as their sum, so the second
    is fixed at zero: counts agree with the literature. A GRU needs both. An LSTM starts
    out remembering, its forget gates biased by 1 (Jozefowicz, Zaremba and Sutskever, "An
    empirical exploration of recurrent network architectures", ICML 2015).
    """
    if cell == StateSpace.cell:
        return StateSpace(inputs, hidden, layers)
    net = _CELLS[cell](inputs, hidden, layers, batch_first=True)
    for name, parameter in net.named_parameters():
        if cell != "gru" and name.startswith("bias_hh"):
            parameter.requires_grad_(False).zero_()
        if cell == "lstm" and name.startswith("bias_ih"):
            with torch.no_grad():
                parameter[hidden : 2 * hidden] += 1
    return net


def recurrent_net(
    rec: Layers, head: nn.Linear, x: Tensor, state: State | None, skip: bool = False
) -> tuple[Tensor, State]:
    """Recurrent layers, dense layer, optional skip: by the kernels where they can, else by PyTorch.

    Args:
        rec: from `recurrent_layers`.
        head: the dense layer.
        x: ``(batch, samples, inputs)``.
        state: ``(h,)``, for an LSTM ``(h, c)``, for a `StateSpace` its two parts; zero where it is
            ``None``.
        skip: add the first input to the output.

    Returns:
        The output ``(batch, samples, 1)`` and the new state.
    """
    if fused.can_run(rec, head, x):
        return fused.run(rec, head, x, state, float(skip))
    two = isinstance(rec, nn.LSTM | StateSpace)
    given = state if state is None or two else state[0]
    hidden, after = rec(x, given)
    y = head(hidden)
    return (y + x[..., :1] if skip else y), (after if two else (after,))


class RecurrentModel(EffectModel):
    """See `RecurrentConfig`. The state is ``(h,)``, for an LSTM ``(h, c)``.

    Of state-space layers it is the real and the imaginary parts. Each has the shape
    ``(layers, batch, hidden)``.
    """

    config: RecurrentConfig
    receptive_field = None

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.config = config
        self.warm_up = _WARM_UP_WITH_KNOBS if config.knobs else _WARM_UP
        self.rec = recurrent_layers(
            config.cell, config.hidden, config.layers, 1 + len(config.knobs)
        )
        self.head = nn.Linear(config.hidden, 1)

    def core(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Recurrent layers, dense layer, optional skip."""
        return recurrent_net(self.rec, self.head, x, state, self.config.skip)

    def init_state(self, batch: int) -> State:
        """Zeros."""
        shape = (self.config.layers, batch, self.config.hidden)
        return tuple(
            torch.zeros(shape, device=self.input_gain.device)
            for _ in range(state_count(self.config.cell))
        )
