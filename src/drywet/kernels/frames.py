"""Windowed nets in the kernels.

Frames are read straight from the signal, and of their outputs only the last counts.
Results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from drywet.kernels.choice import target
from drywet.kernels.recurrent import CELLS, array, parameters
from drywet.kernels.stream import play_frames
from drywet.kernels.threads import threads


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
    y = play_frames(CELLS[type(rec)], weights, frame, array(x[..., 0]))
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
    optimizer: torch.optim.Optimizer,
    clip: float,
    loss: FrameLoss,
    dry: NDArray[np.float32],
    wet: NDArray[np.float32],
    starts: NDArray[np.int64],
    rates: Sequence[float],
) -> NDArray[np.float64]:
    """Many updates of a net, its weights and the optimiser's moments in place.

    As ``clip_grad_norm_`` and ``torch.optim.AdamW.step`` would do them.

    Args:
        rec: as for `play`, in float32.
        head: likewise.
        frame: likewise.
        optimizer: an ``AdamW`` over the net's trained parameters, in one group.
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
    states = [_state(optimizer, weight) if weight.requires_grad else None for weight in weights]
    means, squares = (
        [None if state is None else state[name].numpy() for state in states]
        for name in ("exp_avg", "exp_avg_sq")
    )
    group = optimizer.param_groups[0]
    losses = np.empty(len(rates))
    _native.train_frames(
        target(), CELLS[type(rec)], [w.detach().numpy() for w in weights],
        means, squares, int(optimizer.state[head.weight]["step"]), frame,
        dry, wet, starts, np.asarray(rates, np.float64), losses, loss.gain, loss.esr, loss.mae,
        group["betas"], group["eps"], group["weight_decay"], clip, threads(),
    )  # fmt: skip
    for state in states:
        if state is not None:
            state["step"] += len(rates)
    group["lr"] = rates[-1]
    return losses


def _state(optimizer: torch.optim.Optimizer, weight: Tensor) -> dict[str, Any]:
    """A parameter's moments; made as AdamW's first step makes them."""
    state: dict[str, Any] = optimizer.state[weight]
    if not state:
        state["step"] = torch.zeros(())
        state["exp_avg"] = torch.zeros_like(weight)
        state["exp_avg_sq"] = torch.zeros_like(weight)
    return state
