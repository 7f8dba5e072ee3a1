"""Which stretches of a recording train, validate and test.

The three never share a sample, nor does a training window reach into a held-out
stretch with its warm-up. Held-out audio comes in blocks of some seconds spread
over the whole recording, so that each kind of playing is in each set; a passage
known to be repeated is used once only, or the test would have been heard in
training. A tenth is held out for the test, of a short recording up to a fifth: as
much as it takes to tell models apart.

Dealt at random, as the 2022 study did, blocks are of five seconds and a draw decides: 80 % train,
of the rest one half validates and the other tests. The draw is the same for every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from drywet.errors import DrywetError
from drywet.metrics.statistics import LEAST_SECONDS

# Ten blocks a cycle: eight to train, one to validate, one to test, apart from each other.
_CYCLE = "TTTVTTTTET"
_ALSO_TEST = 1  # the block of a cycle, far from others held out, that a test may need besides
_MIN_CYCLES = 4
_BLOCK_SECONDS = (0.25, 5.0)
_MIN_TEST_SECONDS = 0.1
_DRAW = 2022  # of the random deal and of what train_seconds leaves

Deal = Literal["spread", "random"]
"""How blocks are dealt to train, validate and test."""


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


def _deal(spans: Sequence[Span], rate: int, pattern: str, deal: Deal) -> dict[str, list[Span]]:
    """Deal ``spans``, taken as one stretch, out in blocks.

    They follow ``pattern``, repeated, or at random a shuffle of it.
    """
    low, high = (int(seconds * rate) for seconds in _BLOCK_SECONDS)
    length = total(spans)
    cycles = _MIN_CYCLES if deal == "spread" else 1
    size = min(max(length // (cycles * len(pattern)), low), high)
    count = max(length // size, 1)
    if deal == "random":
        order = np.random.default_rng(_DRAW).permutation(count)
        repeated = [pattern[i % len(pattern)] for i in range(count)]
        pattern = "".join(repeated[i] for i in order)
    else:
        pattern = _long_enough(pattern, count, length / count / rate)
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


def _long_enough(pattern: str, count: int, seconds: float) -> str:
    """``pattern`` for all of ``count`` blocks, with as many more tests as they may need to be.

    Args:
        pattern: of a cycle.
        count: blocks in all.
        seconds: of a block.
    """
    blocks = [pattern[i % len(pattern)] for i in range(count)]
    missing = ceil(round(LEAST_SECONDS / max(seconds, 1e-9), 6)) - blocks.count("E")
    if pattern == _CYCLE and "E" in blocks:
        for i in range(_ALSO_TEST, count, len(pattern))[: max(missing, 0)]:
            blocks[i] = "E"
    return "".join(blocks)


def _only(spans: Sequence[Span], samples: int) -> tuple[Span, ...]:
    """So many samples of ``spans``: whole ones in an order drawn once, the last one cut.

    Fewer are always a part of more.
    """
    left, chosen = samples, []
    for i in np.random.default_rng(_DRAW).permutation(len(spans)):
        start, stop = spans[i]
        chosen.append(Span(start, min(stop, start + left)))
        left -= chosen[-1].length
        if left <= 0:
            break
    return tuple(sorted(chosen))


def require_inside(test: tuple[float, float | None], seconds: float) -> None:
    """A stretch to test on that lies in a recording, as far as its length is known so far.

    Args:
        test: start and end in seconds; ``None`` for the recording's end.
        seconds: how long that is, at most.

    Raises:
        DrywetError: it does not, or is too short.
    """
    start, end = test
    stop = seconds if end is None else end
    if not 0 <= start <= stop - _MIN_TEST_SECONDS or stop > seconds:
        raise DrywetError(
            f"the test stretch is {start:.2f} s to {'the end' if end is None else f'{end:.2f} s'}",
            f"at least {_MIN_TEST_SECONDS} s inside the recording of {seconds:.2f} s",
            "Give --test START:END in seconds.",
        )


def split(
    samples: int,
    rate: int,
    repeats: Sequence[Span] = (),
    test: Span | None = None,
    deal: Deal = "spread",
    train_seconds: float | None = None,
) -> Split:
    """Divide a recording 80/10/10 in blocks, or hold out one given stretch for the test.

    Evenly dealt, a recording of less than a minute gives up to a fifth, so that the test has 6 s.

    Args:
        samples: length of the recording.
        rate: its sample rate in Hz, which sets the length of a block.
        repeats: later occurrences of a passage, in order; used in no set.
        test: the whole test set, where the user names it; the rest is divided
            90/10 into training and validation.
        deal: evenly over the recording, or at random.
        train_seconds: only so much of the training audio is used.

    Raises:
        DrywetError: too short to give every set a block, or a test stretch
            outside the recording or leaving nothing to train on.
    """
    fresh = subtract([Span(0, samples)], repeats)
    if test is None:
        dealt = _deal(fresh, rate, _CYCLE, deal)
    else:
        require_inside((test.start / rate, test.stop / rate), samples / rate)
        dealt = _deal(subtract(fresh, [test]), rate, _CYCLE.replace("E", "T"), deal)
        dealt["E"] = list(subtract([test], repeats))
    train, validation, held_out = (_merge(dealt[name]) for name in ("T", "V", "E"))
    for name, chosen in (("train on", train), ("validate on", validation), ("test on", held_out)):
        if not chosen:
            raise DrywetError(
                f"{samples / rate:.2f} s of audio, {total(fresh) / rate:.2f} s of it played "
                f"for the first time, leave nothing to {name}",
                f"at least {len(_CYCLE) * _BLOCK_SECONDS[0]} s that do not repeat",
                "Record a minute or more of varied playing.",
            )
    if train_seconds is not None:
        # Of the blocks as dealt: merged, one after the other could be most of the recording.
        train = _merge(_only(dealt["T"], max(round(train_seconds * rate), 1)))
    return Split(train=train, validation=validation, test=held_out)
