"""A WaveNet as one differentiable PyTorch operation.

The same numbers as PyTorch's convolutions, up to rounding: activations are within 3e-7 of exact.
Any loss works on top; there are no derivatives by the samples, nor of derivatives. Results do not
depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from drywet.kernels.choice import target
from drywet.kernels.threads import threads
from drywet.kernels.wavenet import ArraySizes


def takes(x: Tensor) -> bool:
    """Whether such samples go through the kernels: nobody wants derivatives by them."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and not x.requires_grad


def run(arrays: Sequence[ArraySizes], wanted: int, x: Tensor, weights: Tensor) -> Tensor:
    """The net's output where its past is known.

    Args:
        arrays: sizes, first to last.
        wanted: samples of output: those of ``x`` but for the receptive field's other ones.
        x: the dry signal and the knobs, ``(batch, inputs, samples)``.
        weights: all in a row, in the order in which a ``.nam`` lists them, the head's scale last.

    Returns:
        ``(batch, wanted)``.
    """
    if torch.is_grad_enabled() and weights.requires_grad:
        return _Fused.apply(arrays, wanted, x, weights)  # type: ignore[no-untyped-call,no-any-return]
    return forward(arrays, wanted, x, weights, False)[1]


def forward(
    arrays: Sequence[ArraySizes], wanted: int, x: Tensor, weights: Tensor, keep: bool
) -> tuple[Any, Tensor]:
    """As `run`, without autograd: the tape for `backward`, if it is kept, and the output."""
    from drywet.kernels import _native

    y = x.new_empty(len(x), wanted)
    rows = x.detach().contiguous().reshape(-1, x.shape[2])
    given = weights.detach().contiguous().numpy()
    tape = _native.wavenet_forward(
        target(), arrays, given, rows.numpy(), y.numpy(), keep, threads()
    )
    return tape, y


def backward(
    arrays: Sequence[ArraySizes], samples: int, weights: Tensor, tape: Any, dy: Tensor
) -> NDArray[np.float32]:
    """Derivatives by all weights but the head's scale.

    Args:
        arrays: as for `run`.
        samples: of a window.
        weights: as for `run`.
        tape: of `forward`.
        dy: derivatives by the output, ``(batch, wanted)``.
    """
    from drywet.kernels import _native

    gradients = np.empty(len(weights) - 1, np.float32)
    _native.wavenet_backward(
        target(), arrays, weights.detach().contiguous().numpy(), samples, tape,
        dy.contiguous().numpy(), gradients, threads(),
    )  # fmt: skip
    return gradients


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, arrays: Sequence[ArraySizes], wanted: int, x: Tensor, weights: Tensor
    ) -> Tensor:
        tape, y = forward(arrays, wanted, x, weights, True)
        ctx.arrays, ctx.samples = arrays, x.shape[2]
        ctx.save_for_backward(weights, torch.from_numpy(tape))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[None, None, None, Tensor]:
        weights, tape = ctx.saved_tensors
        gradients = backward(ctx.arrays, ctx.samples, weights, tape.numpy(), dy)
        return None, None, None, torch.from_numpy(np.append(gradients, np.float32(0)))
