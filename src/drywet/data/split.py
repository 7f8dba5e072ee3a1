"""Which stretches of a recording train, validate and test.

The three never share a sample, nor does a training window reach into a held-out
stretch with its warm-up. Held-out audio comes in blocks of some seconds spread
over the whole recording, so that each kind of playing is in each set; a passage
known to be repeated is used once only, or the test would have been heard in
training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from drywet.errors import DrywetError

# Ten blocks a cycle: eight to train, one to validate, one to test, apart from each other.
_CYCLE = "TTTVTTTTET"
_MIN_CYCLES = 4
_BLOCK_SECONDS = (0.25, 5.0)
_MIN_TEST_SECONDS = 0.1


class Span(NamedTuple):
    """Samples ``start`` up to but not including ``stop``."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Samples in the span."""
        return self.stop - self.start


class Split(BaseModel):
    """Disjoint spans of one recording, each list in order, in samples at the model's rate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: tuple[Span, ...]
    validation: tuple[Span, ...]
    test: tuple[Span, ...]


def total(spans: Iterable[Span]) -> int:
    """Samples in all of ``spans``."""
    return sum(span.length for span in spans)


def subtract(spans: Iterable[Span], holes: Sequence[Span]) -> tuple[Span, ...]:
    """``spans`` without what lies in ``holes`` (in order, disjoint)."""
    left = []
    for span in spans:
        start = span.start
        for hole in holes:
            if hole.stop <= start or hole.start >= span.stop:
                continue
            if hole.start > start:
                left.append(Span(start, hole.start))
            start = hole.stop
        if start < span.stop:
            left.append(Span(start, span.stop))
    return tuple(left)


def _merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].stop == span.start:
            merged[-1] = Span(merged[-1].start, span.stop)
        else:
            merged.append(span)
    return tuple(merged)


def _deal(spans: Sequence[Span], rate: int, pattern: str) -> dict[str, list[Span]]:
    """Deal ``spans``, taken as one stretch, out in blocks that follow ``pattern``, repeated."""
    low, high = (int(seconds * rate) for seconds in _BLOCK_SECONDS)
    length = total(spans)
    size = min(max(length // (_MIN_CYCLES * len(pattern)), low), high)
    count = max(length // size, 1)
    dealt: dict[str, list[Span]] = {"T": [], "V": [], "E": []}
    before = 0  # samples in the spans already gone through
    for span in spans:
        for i in range(count):
            start = max(span.start, span.start + length * i // count - before)
            stop = min(span.stop, span.start + length * (i + 1) // count - before)
            if start < stop:
                dealt[pattern[i % len(pattern)]].append(Span(start, stop))
        before += span.length
    return dealt


def split(samples: int, rate: int, repeats: Sequence[Span] = (), test: Span | None = None) -> Split:
    """Divide a recording 80/10/10 in blocks, or hold out one given stretch for the test.

    Args:
        samples: length of the recording.
        rate: its sample rate in Hz, which sets the length of a block.
        repeats: later occurrences of a passage heard before, in order; used in no set.
        test: the whole test set, where the user names it; the rest is divided
            90/10 into training and validation.

    Raises:
        DrywetError: too short to give every set a block, or a test stretch
            outside the recording or leaving nothing to train on.
    """
    fresh = subtract([Span(0, samples)], repeats)
    if test is None:
        dealt = _deal(fresh, rate, _CYCLE)
    else:
        if not (0 <= test.start < test.stop <= samples) or test.length < rate * _MIN_TEST_SECONDS:
            raise DrywetError(
                f"the test stretch is {test.start / rate:.2f} s to {test.stop / rate:.2f} s",
                f"at least {_MIN_TEST_SECONDS} s inside the recording of {samples / rate:.2f} s",
                "Give --test START:END in seconds.",
            )
        dealt = _deal(subtract(fresh, [test]), rate, _CYCLE.replace("E", "T"))
        dealt["E"] = list(subtract([test], repeats))
    train, validation, held_out = (_merge(dealt[name]) for name in ("T", "V", "E"))
    for name, chosen in (("train on", train), ("validate on", validation), ("test on", held_out)):
        if not chosen:
            raise DrywetError(
                f"{samples / rate:.2f} s of audio, {total(fresh) / rate:.2f} s of it played "
                f"for the first time, leave nothing to {name}",
                "at least 5 seconds that do not repeat",
                "Record a minute or more of varied playing.",
            )
    return Split(train=train, validation=validation, test=held_out)
