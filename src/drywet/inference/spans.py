"""Prediction of many short stretches of a recording at once, for validation.

A batch of stretches runs several times faster than one long stream. Each starts
from zero state and is given the dry signal before it first. A finite memory is filled by
what it holds. A recurrent net may go astray slowly, over more samples than it was trained on at a
time, and stay there: so it is given about a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from drywet.data.split import Span
from drywet.models.base import EffectModel

_PIECE = 8192
_CONTEXT = 4096
_RUN_UP = 49_152  # samples, of a memory without end
_LONG_PIECE = 16_384  # behind it
_AT_ONCE = 32  # pieces; bounds the memory of a long validation


class SpanBatch:
    """The dry and wet of some spans, cut into equal pieces with their context.

    Args:
        dry: shape ``(samples,)``; with knobs ``(samples, inputs)``, the sample first.
        wet: shape ``(samples,)``.
        spans: what to predict.
        device: where the model is.
        warm_up: samples that the model needs before its output counts; ``None`` where its memory
            has no end.
        weights: to multiply target and prediction by, shape ``(samples,)``; ``None`` for 1.

    Attributes:
        target: the wet of all spans, joined, weighed.
        played: samples that a prediction costs.
    """

    def __init__(
        self,
        dry: NDArray[np.float32],
        wet: NDArray[np.float32],
        spans: Sequence[Span],
        device: torch.device,
        warm_up: int | None = _CONTEXT,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        length = _PIECE if warm_up is not None else _LONG_PIECE
        context = self._context = _RUN_UP if warm_up is None else max(_CONTEXT, warm_up)
        pieces = [
            Span(start, min(start + length, span.stop))
            for span in spans
            for start in range(span.start, span.stop, length)
        ]
        inputs = dry.reshape(len(dry), -1)
        x = np.zeros((len(pieces), context + length, inputs.shape[1]), np.float32)
        keep = np.zeros((len(pieces), length), bool)
        for row, piece in enumerate(pieces):
            before = min(piece.start, context)
            before_and_in = inputs[piece.start - before : piece.stop]
            x[row, :, 1:] = inputs[piece.start, 1:]  # knobs stand there before the first sample
            x[row, context - before : context - before + len(before_and_in)] = before_and_in
            keep[row, : piece.length] = True
        self._x = torch.from_numpy(x).to(device)
        self._keep = torch.from_numpy(keep).to(device)
        self._weights = None if weights is None else _joined(weights, pieces).to(device)
        self.target = self.weighed(_joined(wet, pieces).to(device))
        self.played = len(self.target) if warm_up is not None else len(pieces) * (context + length)

    @torch.no_grad()
    def predict(self, model: EffectModel) -> Tensor:
        """The model's output on the spans, joined and weighed: the shape of ``target``."""
        parts = []
        # A finite memory needs no more than it holds.
        context = min(self._context, model.warm_up) if model.receptive_field else self._context
        for x, keep in zip(
            torch.split(self._x, _AT_ONCE), torch.split(self._keep, _AT_ONCE), strict=True
        ):
            y, _ = model(x[:, self._context - context :], model.init_state(len(x)))
            parts.append(y[:, context:, 0][keep])
        return self.weighed(torch.cat(parts))

    def weighed(self, joined: Tensor) -> Tensor:
        """A prediction of the spans, joined, as the target is weighed."""
        return joined if self._weights is None else joined * self._weights


def _joined(signal: NDArray[np.float32], pieces: Sequence[Span]) -> Tensor:
    return torch.from_numpy(np.concatenate([signal[piece.start : piece.stop] for piece in pieces]))
