"""What a training is given: the aligned captures at the model's rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span, Split, total

Samples = NDArray[np.float32]

_FAINT = 1e-6  # of the captures' mean power, -60 dB: below it there may be nothing but noise
_BETWEEN = 8192  # samples of silence before a capture: what is heard of the one before dies away


def before_a_span(warm_up: int, knobs: bool, receptive_field: int | None) -> int:
    """How much of a window's warm-up may lie before the span that it is learned from in.

    A net whose state knobs turn settles slowly, and short spans would be half warm-ups.

    Args:
        warm_up: in samples.
        knobs: whether the net has some.
        receptive_field: of the net, ``None`` for an unbounded one.
    """
    return min(warm_up, _BETWEEN) if knobs and receptive_field is None else 0


@dataclass(frozen=True)
class TrainingCapture:
    """One aligned recording.

    Attributes:
        dry: shape ``(samples,)``.
        wet: the same shape, lagging by the model's output latency.
        split: which spans train, validate and test.
        knobs: where each stood, 0 to 1.
        known_power: mean square of the wet signal at this position, where it is a cut that may be
            a soft part.
    """

    dry: Samples
    wet: Samples
    split: Split
    knobs: tuple[float, ...] = ()
    known_power: float | None = None

    @property
    def power(self) -> float:
        """Mean square of the wet signal where it is learned from, 0 where it is not."""
        if self.known_power is not None:
            return self.known_power
        energies = [np.sum(np.square(self.wet[a:b], dtype=float)) for a, b in self.split.train]
        return float(sum(energies)) / max(total(self.split.train), 1)


@dataclass(frozen=True)
class Joined:
    """All captures as one.

    Attributes:
        dry: shape ``(samples,)``.
        wet: the same shape.
        split: which spans train, validate and test.
        knobs: where each stood, 0 to 1, ``(samples, knobs)``.
        weights: what the loss multiplies error and target by, ``(samples,)``; ``None`` for 1.
    """

    dry: Samples
    wet: Samples
    split: Split
    knobs: Samples
    weights: Samples | None

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

    def weights(self) -> list[float]:
        """What brings each capture to the level of all, so that a loss hears the soft ones, too.

        A knob may be the volume or the gain: an ESR of all together is that of the loudest.
        """
        powers = np.array([capture.power for capture in self.captures])
        mean = powers.sum() / max(np.count_nonzero(powers), 1)
        heard = np.where(powers > 0, powers + _FAINT * mean, 1)
        return [float(each) for each in np.where(powers > 0, np.sqrt(mean / heard), 1)]

    def joined(self) -> Joined:
        """The captures one after the other as one, with their spans moved along.

        No span reaches from one capture into the next, and there is silence before each but the
        first, and before that, too, if it has knobs.
        """
        dry, wet, knobs, at = [], [], [], 0
        spans: dict[str, list[Span]] = {"train": [], "validation": [], "test": []}
        for number, capture in enumerate(self.captures):
            before = _BETWEEN if number or capture.knobs else 0
            at += before
            for name, moved in spans.items():
                moved += [Span(a + at, b + at) for a, b in getattr(capture.split, name)]
            at += len(capture.dry)
            dry += [np.zeros(before, np.float32), capture.dry]
            wet += [np.zeros(before, np.float32), capture.wet]
            stood = np.array(capture.knobs, np.float32)
            knobs.append(np.broadcast_to(stood, (before + len(capture.dry), len(stood))))
        divided = Split(**{name: tuple(moved) for name, moved in spans.items()})
        weights = None
        if self.captures[0].knobs:
            lengths = [len(each) for each in knobs]
            weights = np.repeat(np.array(self.weights(), np.float32), lengths)
        return Joined(
            np.concatenate(dry), np.concatenate(wet), divided, np.concatenate(knobs), weights
        )
