"""Recurrent layers and their dense layer in one differentiable PyTorch operation.

The same numbers as ``torch.nn.LSTM``, ``GRU`` or ``RNN`` (tanh), or drywet's own state-space
layers, followed by ``torch.nn.Linear``, up to rounding: activations are within 3e-7 of exact. Any
loss works on top; derivatives of derivatives are not offered. Results do not depend on the number
of threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from drywet.kernels.cells import CELLS, state_count
from drywet.kernels.choice import MOST_HIDDEN, MOST_INPUTS, MOST_LAYERS, choice, target
from drywet.kernels.threads import threads

State = tuple[Tensor, ...]


class Layers(Protocol):
    """PyTorch's recurrent layers, or layers like them with a ``cell`` of `drywet.kernels.cells`."""

    batch_first: bool
    bias: bool
    bidirectional: bool
    dropout: float
    proj_size: int
    input_size: int
    hidden_size: int
    num_layers: int

    @property
    def _flat_weights(self) -> Sequence[Tensor | None]: ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """All of them."""

    def __call__(self, x: Tensor, state: Any = None) -> Any:
        """What leaves the last layer, and the new state."""


_TORCH: dict[type, str] = {nn.LSTM: "lstm", nn.GRU: "gru", nn.RNN: "rnn"}


def cell_of(rec: Layers) -> str:
    """The kernels' name of a layer; empty for one that they don't know."""
    return str(_TORCH.get(type(rec), getattr(rec, "cell", "")))


def can_run(rec: Layers, head: nn.Linear, x: Tensor) -> bool:
    """Whether the kernels can take these layers over, here and on such an input."""
    return (
        choice().target is not None
        and x.device.type == "cpu"
        and x.dtype in (torch.float32, torch.float64)
        and x.numel() > 0
        and cell_of(rec) in CELLS
        and rec.batch_first
        and rec.bias
        and not rec.bidirectional
        and not rec.dropout
        and not rec.proj_size
        and getattr(rec, "nonlinearity", "tanh") == "tanh"
        and rec.num_layers <= MOST_LAYERS
        and rec.hidden_size <= MOST_HIDDEN
        and rec.input_size <= MOST_INPUTS
        and head.out_features == 1
        and head.bias is not None
        and all(
            weight.dtype == x.dtype and weight.device == x.device
            for weight in (cast(Tensor, rec._flat_weights[0]), head.weight)
        )
    )


def run(
    rec: Layers, head: nn.Linear, x: Tensor, state: State | None = None, skip: float = 0.0
) -> tuple[Tensor, State]:
    """``head(rec(x, state)) + skip * x`` and the state after it.

    Args:
        rec: recurrent layers that `can_run` accepts.
        head: the dense layer, to one output.
        x: ``(batch, samples, inputs)``; the first input goes around the net with ``skip``.
        state: ``(h,)``, for an LSTM ``(h, c)``, for state-space layers their two parts, each
            ``(layers, batch, hidden)``; zero where it is ``None``.
        skip: how much of the input is added to the output.

    Returns:
        The output ``(batch, samples, 1)`` and the new state.
    """
    net = _Net(cell_of(rec), rec.num_layers, rec.hidden_size, skip)
    given: list[Tensor | None] = [None, None]
    given[: len(state or ())] = state or ()
    weights = parameters(rec, head)
    tensors: tuple[Any, ...] = (x, *given, *weights)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        y, *after = _Fused.apply(net, *tensors)  # type: ignore[no-untyped-call]
    else:
        y, *after = net.forward(False, x, given[0], given[1], [array(w) for w in weights])[1]
    return y, tuple(after)


def parameters(rec: Layers, head: nn.Linear) -> list[Tensor]:
    """In the order in which the kernels take them.

    As ``rec.forward`` has them: weight_ih, weight_hh, bias_ih, bias_hh, layer by layer.
    """
    return [*cast(list[Tensor], rec._flat_weights), head.weight, head.bias]


class _Net:
    """What the tensors alone don't tell, and the calls of the compiled module."""

    def __init__(self, cell: str, layers: int, hidden: int, skip: float) -> None:
        self.cell, self.layers, self.hidden, self.skip = cell, layers, hidden, skip
        self.has_c = state_count(cell) == 2

    def forward(
        self, keep: bool, x: Tensor, h0: Tensor | None, c0: Tensor | None, weights: list[Any]
    ) -> tuple[Any, list[Tensor]]:
        """The tape, if it is to be kept, and the output with the states."""
        from drywet.kernels import _native

        y = x.new_empty(x.shape[0], x.shape[1], 1)
        after = [self.state(x) for _ in range(1 + self.has_c)]
        tape = _native.forward(
            target(), self.cell, self.skip, weights,
            array(x), array(h0), array(c0), y.numpy(), after[0].numpy(),
            after[1].numpy() if self.has_c else None, keep, threads(),
        )  # fmt: skip
        return tape, [y, *after]

    def backward(
        self,
        tape: Tensor,
        weights: list[Any],
        dy: Tensor | None,
        after: list[Tensor | None],
        x: Tensor,
        wants: tuple[bool, bool, bool],
    ) -> tuple[list[Tensor | None], Tensor]:
        """Gradients of the input and the states, where wanted, and of all weights in a row."""
        from drywet.kernels import _native

        dx = x.new_empty(x.shape) if wants[0] else None
        before = [self.state(x) if wanted else None for wanted in wants[1:]]
        gradients = x.new_empty(sum(w.size for w in weights))
        _native.backward(
            target(), self.cell, self.skip, weights, tape.numpy(),
            array(x.new_zeros(x.shape[0], x.shape[1], 1) if dy is None else dy),
            array(after[0]), array(after[1]) if self.has_c else None,
            array(dx), array(before[0]), array(before[1]), gradients.numpy(), threads(),
        )  # fmt: skip
        return [dx, *before], gradients

    def state(self, x: Tensor) -> Tensor:
        return x.new_empty(self.layers, x.shape[0], self.hidden)


def array(tensor: Tensor | None) -> Any:
    """The tensor's memory as a NumPy array, which is handed over ten times faster than a tensor."""
    return None if tensor is None else tensor.detach().contiguous().numpy()


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, net: _Net, *tensors: Any) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.net = net
        ctx.weights = [array(w) for w in tensors[3:]]  # saved below: PyTorch checks for changes
        x, h0, c0, *_ = tensors
        tape, outputs = net.forward(True, x, h0, c0, ctx.weights)
        ctx.save_for_backward(torch.from_numpy(tape), *tensors)
        ctx.used = False
        return tuple(outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor | None, *after: Tensor | None) -> tuple[Any, ...]:
        tape, x, h0, c0, *_ = ctx.saved_tensors
        if ctx.used:  # a kept graph: backward uses the tape up, forward writes it again
            tape = torch.from_numpy(ctx.net.forward(True, x, h0, c0, ctx.weights)[0])
        ctx.used = True
        _, *wanted = ctx.needs_input_grad
        found, flat = ctx.net.backward(
            tape, ctx.weights, dy, list(after), x, (wanted[0], wanted[1], wanted[2])
        )
        parts = torch.split(flat, [w.size for w in ctx.weights])
        gradients = [
            part.view(w.shape) if wants else None
            for part, w, wants in zip(parts, ctx.weights, wanted[3:], strict=True)
        ]
        return (None, *found, *gradients)
