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


class SegmentSampler:
    """Draws batches of windows ``[warm-up | segment]``, wholly inside the spans.

    Every possible window is equally likely. The batch of a step depends on the
    seed and the step's number alone, so a resumed run sees what an unbroken
    one would have seen.

    Args:
        dry: shape ``(samples,)``.
        wet: the same shape.
        spans: where windows may lie.
        warm_up: samples at the window's start that only prepare the state.
        segment: samples that are learned from.
        batch: windows per step.
        seed: of the run.

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
    ) -> None:
        self.length = warm_up + segment
        self._dry = torch.from_numpy(dry)
        self._wet = torch.from_numpy(wet)
        self._batch = batch
        self._seed = seed
        self._offsets = torch.arange(self.length)
        roomy = spans_with_room(spans, self.length)
        self._firsts = np.array([span.start for span in roomy])
        # How many windows the spans up to and including each one hold.
        self._held = np.cumsum([span.length - self.length + 1 for span in roomy])

    def starts(self, step: int) -> NDArray[np.int64]:
        """First samples of the windows of one step, shape ``(batch,)``."""
        draw = np.random.default_rng((self._seed, step))
        chosen = draw.integers(self._held[-1], size=self._batch)
        span = np.searchsorted(self._held, chosen, side="right")
        into = chosen - np.concatenate(([0], self._held))[span]
        return np.asarray(self._firsts[span] + into, dtype=np.int64)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Dry and wet windows of one step, each ``(batch, warm_up + segment, 1)``."""
        index = torch.from_numpy(self.starts(step))[:, None] + self._offsets
        return self._dry[index].unsqueeze(-1), self._wet[index].unsqueeze(-1)
