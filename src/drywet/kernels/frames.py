"""Windowed nets in the kernels.

Frames are read straight from the signal, and of their outputs only the last counts.
Results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drywet.kernels.choice import target
from drywet.kernels.optimizers import KernelOptimizer
from drywet.kernels.recurrent import array, cell_of, parameters
from drywet.kernels.stream import play_frames
from drywet.kernels.threads import threads
from drywet.optimizers.choose import Optimizer


def play(rec: nn.RNNBase, head: nn.Linear, frame: int, x: Tensor) -> Tensor:
    """The net's last output for every frame of ``x``, without gradients.

    Args:
        rec: recurrent layers of one input that `drywet.kernels.recurrent.can_run` accepts.
        head: the dense layer, to one output.
        frame: samples, gone through from zero state.
        x: ``(batch, samples + frame - 1, 1)``.

    Returns:
        ``(batch, samples, 1)``.
    """
    weights = [array(w) for w in parameters(rec, head)]
    y = play_frames(cell_of(rec), weights, frame, array(x[..., 0]))
    return torch.from_numpy(y)[..., None]


@dataclass(frozen=True)
class FrameLoss:
    """``esr`` times the ESR plus ``mae`` times the MAE of a batch's outputs times ``gain``."""

    esr: float
    mae: float
    gain: float


def train(
    rec: nn.RNNBase,
    head: nn.Linear,
    frame: int,
    optimizer: Optimizer,
    clip: float,
    loss: FrameLoss,
    dry: NDArray[np.float32],
    wet: NDArray[np.float32],
    starts: NDArray[np.int64],
    rates: Sequence[float],
) -> NDArray[np.float64]:
    """Many updates of a net, its weights and the optimiser's moments in place.

    As ``clip_grad_norm_`` and the optimiser's ``step`` would do them.

    Args:
        rec: as for `play`, in float32.
        head: likewise.
        frame: likewise.
        optimizer: as in `KernelOptimizer`.
        clip: largest norm of the gradient.
        loss: to minimise.
        dry: scaled for the net, shape ``(samples,)``.
        wet: the same shape; a frame's target is at its last sample.
        starts: first samples of the frames, ``(steps, batch)``.
        rates: learning rate of each step.

    Returns:
        The loss before each update, shape ``(steps,)``.

    Raises:
        ValueError: a frame lies outside the signal.
    """
    from drywet.kernels import _native

    weights = parameters(rec, head)
    here = KernelOptimizer(optimizer, weights, clip)
    losses = np.empty(len(rates))
    _native.train_frames(
        target(), cell_of(rec), [w.detach().numpy() for w in weights], here.native, frame,
        dry, wet, starts, np.asarray(rates, np.float64), losses, loss.gain, loss.esr, loss.mae,
        threads(),
    )  # fmt: skip
    here.stepped(len(rates), rates[-1])
    return losses
