"""Recurrent nets as streams in the kernels, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.kernels.cells import state_count
from drywet.kernels.choice import target
from drywet.kernels.threads import threads

Samples = NDArray[np.float32]
Parameters = Sequence[Samples]
"""``weight_ih, weight_hh, bias_ih, bias_hh`` of every layer, in PyTorch's layout and gate order,
then the dense layer's ``weight`` ``(1, hidden)`` and ``bias`` ``(1,)``.
"""


class RecurrentStream:
    """One mono stream through a recurrent net, or a stream through each of some copies of it.

    Processing does not allocate but for its output.

    Args:
        cell: one of `drywet.kernels.cells.CELLS`.
        skip: how much of the input is added to the output.
        parameters: of the net, for one input.
        copies: how many; they take turns at every sample, so that one's wait is another's work
            (state-space layers, which don't wait, play one copy after the other).
    """

    def __init__(self, cell: str, skip: float, parameters: Parameters, copies: int = 1) -> None:
        from drywet.kernels import _native

        self._stream = _native.Stream(target(), cell, skip, parameters, copies)

    def process(self, block: Samples) -> Samples:
        """The next ``(samples,)``, or ``(copies, samples)`` of several; returns as many."""
        out = np.empty(block.shape, np.float32)
        self._stream.process(np.ascontiguousarray(block), out)
        return out

    def settle(self, samples: int) -> None:
        """Start from the state after so many samples of silence."""
        self._stream.settle(samples)
        self._stream.mark()

    def reset(self) -> None:
        """Go back to the start."""
        self._stream.reset()


def run(
    cell: str,
    skip: float,
    parameters: Parameters,
    x: Samples,
    state: tuple[Samples, ...],
    cores: int | None = None,
) -> tuple[Samples, tuple[Samples, ...]]:
    """Many signals through one net at once, side by side in the lanes.

    Args:
        cell: one of `drywet.kernels.cells.CELLS`.
        skip: how much of the first input is added to the output.
        parameters: of the net.
        x: ``(batch, samples, inputs)``.
        state: ``(h,)``, for an LSTM ``(h, c)``, for state-space layers their two parts, each
            ``(layers, batch, hidden)``.
        cores: CPU threads; `drywet.kernels.threads.threads` where it is ``None``.

    Returns:
        The output ``(batch, samples, 1)`` and the new state.
    """
    from drywet.kernels import _native

    y = np.empty((*x.shape[:2], 1), np.float32)
    after = tuple(np.empty_like(part) for part in state)
    two = state_count(cell) == 2
    h, c = state[0], state[1] if two else None
    _native.forward(
        target(), cell, skip, parameters, np.ascontiguousarray(x), h, c, y, after[0],
        after[1] if two else None, False, threads() if cores is None else cores,
    )  # fmt: skip
    return y, after


def play_frames(
    cell: str, parameters: Parameters, frame: int, x: Samples, cores: int | None = None
) -> Samples:
    """A windowed net's last output for every frame of ``x``, each from zero state.

    Args:
        cell: one of `drywet.kernels.cells.CELLS`.
        parameters: of the net, for one input.
        frame: samples.
        x: ``(batch, samples + frame - 1)``.
        cores: CPU threads; `drywet.kernels.threads.threads` where it is ``None``.

    Returns:
        ``(batch, samples)``.
    """
    from drywet.kernels import _native

    y = np.empty((x.shape[0], x.shape[1] - frame + 1), x.dtype)
    _native.play_frames(
        target(), cell, parameters, frame, x, y, threads() if cores is None else cores
    )
    return y
