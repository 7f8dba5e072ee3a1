"""What a training is given: the aligned captures at the model's rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span, Split

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class TrainingCapture:
    """One aligned recording.

    Attributes:
        dry: shape ``(samples,)``.
        wet: the same shape, lagging by the model's output latency.
        split: which spans train, validate and test.
    """

    dry: Samples
    wet: Samples
    split: Split


@dataclass(frozen=True)
class TrainingData:
    """All captures of a run.

    Attributes:
        captures: one or more.
        rate: of all of them, in Hz.
    """

    captures: tuple[TrainingCapture, ...]
    rate: int

    def joined(self) -> TrainingCapture:
        """The captures one after the other as one, with their spans moved along.

        No span reaches from one capture into the next.
        """
        if len(self.captures) == 1:
            return self.captures[0]
        starts = np.cumsum([0, *(len(capture.dry) for capture in self.captures)])
        placed = list(zip(self.captures, map(int, starts), strict=False))

        def moved(name: str) -> tuple[Span, ...]:
            return tuple(
                Span(span.start + at, span.stop + at)
                for capture, at in placed
                for span in getattr(capture.split, name)
            )

        return TrainingCapture(
            np.concatenate([capture.dry for capture in self.captures]),
            np.concatenate([capture.wet for capture in self.captures]),
            Split(train=moved("train"), validation=moved("validation"), test=moved("test")),
        )
