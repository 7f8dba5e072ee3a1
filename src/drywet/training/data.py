"""What a training is given: the aligned captures at the model's rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span, Split, total

Samples = NDArray[np.float32]

_BETWEEN = 8192  # samples of silence before a capture: what is heard of the one before dies away


@dataclass(frozen=True)
class TrainingCapture:
    """One aligned recording.

    Attributes:
        dry: shape ``(samples,)``.
        wet: the same shape, lagging by the model's output latency.
        split: which spans train, validate and test.
        knobs: where each stood, 0 to 1.
    """

    dry: Samples
    wet: Samples
    split: Split
    knobs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Joined:
    """All captures as one.

    Attributes:
        dry: shape ``(samples,)``.
        wet: the same shape.
        split: which spans train, validate and test.
        knobs: where each stood, 0 to 1, ``(samples, knobs)``.
    """

    dry: Samples
    wet: Samples
    split: Split
    knobs: Samples

    @property
    def inputs(self) -> Samples:
        """What a net is given: ``dry`` alone, or with knobs ``(samples, 1 + knobs)``."""
        if not self.knobs.shape[1]:
            return self.dry
        return np.concatenate([self.dry[:, None], self.knobs], axis=1)


@dataclass(frozen=True)
class TrainingData:
    """All captures of a run.

    Attributes:
        captures: one or more.
        rate: of all of them, in Hz.
    """

    captures: tuple[TrainingCapture, ...]
    rate: int

    @property
    def train_samples(self) -> int:
        """In the training spans of all captures."""
        return sum(total(capture.split.train) for capture in self.captures)

    def joined(self) -> Joined:
        """The captures one after the other as one, with their spans moved along.

        No span reaches from one capture into the next, and there is silence before each but the
        first.
        """
        dry, wet, knobs, at = [], [], [], 0
        spans: dict[str, list[Span]] = {"train": [], "validation": [], "test": []}
        for number, capture in enumerate(self.captures):
            before = _BETWEEN if number else 0
            at += before
            for name, moved in spans.items():
                moved += [Span(a + at, b + at) for a, b in getattr(capture.split, name)]
            at += len(capture.dry)
            dry += [np.zeros(before, np.float32), capture.dry]
            wet += [np.zeros(before, np.float32), capture.wet]
            stood = np.array(capture.knobs, np.float32)
            knobs.append(np.broadcast_to(stood, (before + len(capture.dry), len(stood))))
        divided = Split(**{name: tuple(moved) for name, moved in spans.items()})
        return Joined(np.concatenate(dry), np.concatenate(wet), divided, np.concatenate(knobs))
