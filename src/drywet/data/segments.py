"""Training windows: random offsets inside the training spans, reproducible step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from drywet.data.split import Span
from drywet.errors import DrywetError


def spans_with_room(spans: Sequence[Span], length: int) -> list[Span]:
    """The spans that can hold a window of ``length`` samples, warm-up included.

    Raises:
        DrywetError: none can.
    """
    roomy = [span for span in spans if span.length >= length]
    if not roomy:
        longest = max((span.length for span in spans), default=0)
        raise DrywetError(
            f"the longest stretch to train on has {longest} samples",
            f"at least {length} (warm-up and segment)",
            "Record more, or give a shorter --segment.",
        )
    return roomy


def led_up_to(spans: Sequence[Span], samples: int) -> tuple[Span, ...]:
    """The spans with so much of what is before each, for the warm-up of their first window.

    What a warm-up plays is not learned from: only the dry signal goes into it.
    """
    return tuple(Span(max(span.start - samples, 0), span.stop) for span in spans)


_EXAMPLES = 2**31  # beside the steps, so that no step draws what the examples did


class SegmentSampler:
    """Draws batches of windows ``[warm-up | segment]``, wholly inside the spans.

    Every possible window is equally likely. The batch of a step depends on the
    seed and the step's number alone, so a resumed run sees what an unbroken
    one would have seen.

    With a number of examples, as many windows are drawn once, and every epoch goes through all
    of them in an order of its own; an epoch's last batch is filled from the next one.

    Args:
        dry: shape ``(samples,)``; with knobs ``(samples, inputs)``, the sample first.
        wet: shape ``(samples,)``.
        spans: where windows may lie.
        warm_up: samples at the window's start that only prepare the state.
        segment: samples that are learned from.
        batch: windows per step.
        seed: of the run.
        examples: windows to learn from; ``None`` for fresh ones at every step.
        weights: what the loss multiplies error and target by, the same over all of a span, shape
            ``(samples,)``; ``None`` for 1.

    Raises:
        DrywetError: no span can hold a window.
    """

    def __init__(
        self,
        dry: NDArray[np.float32],
        wet: NDArray[np.float32],
        spans: Sequence[Span],
        warm_up: int,
        segment: int,
        batch: int,
        seed: int,
        examples: int | None = None,
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        self.length = warm_up + segment
        self.dry, self.wet, self.weights = dry, wet, weights
        self._batch = batch
        self._seed = seed
        self._offsets = torch.arange(self.length)
        roomy = spans_with_room(spans, self.length)
        self._firsts = np.array([span.start for span in roomy])
        # How many windows the spans up to and including each one hold.
        self._held = np.cumsum([span.length - self.length + 1 for span in roomy])
        self._examples = None if examples is None else self._drawn((seed, _EXAMPLES), examples)
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def starts(self, step: int) -> NDArray[np.int64]:
        """First samples of the windows of one step, shape ``(batch,)``."""
        return self.starts_of(step, 1).ravel()

    def starts_of(self, step: int, steps: int) -> NDArray[np.int64]:
        """Those of many steps from ``step`` on, shape ``(steps, batch)``."""
        if self._examples is None:
            return np.stack(
                [self._drawn((self._seed, n), self._batch) for n in range(step, step + steps)]
            )
        first, stop = step * self._batch, (step + steps) * self._batch
        size = len(self._examples)
        parts = []
        for epoch in range(first // size, (stop - 1) // size + 1):
            order = self._shuffled(epoch)
            parts.append(order[max(first - epoch * size, 0) : stop - epoch * size])
        return self._examples[np.concatenate(parts)].reshape(steps, self._batch)

    def _shuffled(self, epoch: int) -> NDArray[np.int64]:
        """The order in which an epoch goes through the examples."""
        assert self._examples is not None
        if self._order[0] != epoch:
            draw = np.random.default_rng((self._seed, _EXAMPLES, epoch))
            self._order = epoch, draw.permutation(len(self._examples))
        return self._order[1]

    def _drawn(self, seed: tuple[int, ...], count: int) -> NDArray[np.int64]:
        """First samples of ``count`` windows, each as likely as any other."""
        chosen = np.random.default_rng(seed).integers(self._held[-1], size=count)
        span = np.searchsorted(self._held, chosen, side="right")
        into = chosen - np.concatenate(([0], self._held))[span]
        return np.asarray(self._firsts[span] + into, dtype=np.int64)

    def weights_at(self, step: int) -> Tensor | float:
        """Of the windows of one step, ``(batch, 1, 1)``, to multiply signals by."""
        if self.weights is None:
            return 1.0
        return torch.from_numpy(self.weights[self.starts(step)])[:, None, None]

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Windows of one step: ``(batch, warm_up + segment, inputs)`` of the dry signal, of the wet
        one ``(batch, warm_up + segment, 1)``.
        """
        index = torch.from_numpy(self.starts(step))[:, None] + self._offsets
        dry, wet = torch.from_numpy(self.dry), torch.from_numpy(self.wet)
        chosen = dry[index]
        return chosen if dry.ndim > 1 else chosen.unsqueeze(-1), wet[index].unsqueeze(-1)
