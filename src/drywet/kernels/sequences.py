"""The training of recurrent nets that keep their state, whole updates at a time.

Warm-up, forward, loss, backward, clipping and the optimiser's step run in the kernels, many updates
in a call. Results do not depend on the number of threads, nor on how steps are divided among calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from drywet.kernels.choice import target
from drywet.kernels.optimizers import KernelOptimizer
from drywet.kernels.recurrent import Layers, cell_of, parameters
from drywet.kernels.threads import threads
from drywet.optimizers.choose import Optimizer


@dataclass(frozen=True)
class SequenceLoss:
    """Weights of a loss's terms, each over the whole batch (`drywet.losses.terms`).

    Attributes:
        esr: of the error-to-signal ratio,
        pre_emphasis: taken after ``1 - c z^-1``; 0 for none.
        mae: of the mean absolute error.
        dc: of the squared mean error over the target's power.
        mse: of the mean squared error.
        mse_pre: of the same after a pre-emphasis of its own,
        mse_emphasis: its coefficient.
    """

    esr: float
    pre_emphasis: float
    mae: float
    dc: float
    mse: float
    mse_pre: float
    mse_emphasis: float


@dataclass(frozen=True)
class Window:
    """Samples of a window.

    Attributes:
        warm_up: only settle the state.
        segment: are learned from.
        bptt: of these, for each update; the last update of a window may have fewer.
    """

    warm_up: int
    segment: int
    bptt: int

    @property
    def updates(self) -> int:
        """For each step."""
        return -(-self.segment // self.bptt)


class Signals:
    """What is learned from.

    Args:
        dry: scaled for the net, shape ``(samples,)``; with the knobs' positions beside each sample
            ``(samples, inputs)``.
        wet: shape ``(samples,)``.
        pre_emphasis: that of the loss.
        weights: what the loss multiplies error and target by, constant over any window, shape
            ``(samples,)``; ``None`` for 1.
    """

    def __init__(
        self,
        dry: NDArray[np.float32],
        wet: NDArray[np.float32],
        pre_emphasis: float,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        self.dry = np.ascontiguousarray(dry[:, None] if dry.ndim == 1 else dry)
        self.wet = np.ascontiguousarray(wet)
        self.weights = weights
        signal = self.wet.astype(np.float64) * (1.0 if weights is None else weights)
        self.energies = _energies(signal)
        self.emphasised = None
        if pre_emphasis:
            rest = signal[1:] - pre_emphasis * signal[:-1]
            self.emphasised = _energies(np.concatenate([np.zeros(1), rest]))


def _energies(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of squares before each sample, and of all, shape ``(samples + 1,)``."""
    return np.concatenate([np.zeros(1), np.cumsum(signal**2)])


def train(
    rec: Layers,
    head: nn.Linear,
    skip: float,
    gain: float,
    optimizer: Optimizer,
    clip: float,
    loss: SequenceLoss,
    window: Window,
    signals: Signals,
    starts: NDArray[np.int64],
    rates: Sequence[float],
) -> NDArray[np.float64]:
    """Many updates of a net, its weights and the optimiser's state in place.

    Args:
        rec: recurrent layers that `drywet.kernels.recurrent.can_run` accepts, float32.
        head: the dense layer, to one output.
        skip: how much of the input is added to the output.
        gain: of the net's output.
        optimizer: as in `KernelOptimizer`.
        clip: largest norm of the gradient.
        loss: to minimise.
        window: what is done with each.
        signals: to learn from.
        starts: first samples of the windows, ``(steps, batch)``.
        rates: learning rate of each step.

    Returns:
        The loss before each update, shape ``(steps * window.updates,)``.

    Raises:
        ValueError: a window lies outside the signal.
    """
    from drywet.kernels import _native

    weights = parameters(rec, head)
    here = KernelOptimizer(optimizer, weights, clip)
    losses = np.empty((len(rates), window.updates))
    _native.train_sequences(
        target(), cell_of(rec), skip, [w.detach().numpy() for w in weights], here.native,
        astuple(window), signals.dry, signals.wet, starts, np.asarray(rates, np.float64), losses,
        gain, list(astuple(loss)), signals.weights, signals.energies, signals.emphasised, threads(),
    )  # fmt: skip
    here.stepped(losses.size, rates[-1])
    return losses.ravel()
