"""Captures at positions that nobody recorded, made from those that are there.

A few captures leave a net to guess what lies between and beyond them. Where they show that knobs
are a filter behind the distortion (bass, middle and treble together: `drywet.dsp.tone_stack`; any
other alone: `drywet.dsp.knob_filter`), a recording at one position can be turned into that at any
other, and the net learns from these, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span, Split
from drywet.dsp import knob_filter, tone_stack
from drywet.dsp.knob_filter import Complex, Doubles, KnobFilter
from drywet.dsp.tone_stack import KNOBS, ToneStack
from drywet.training.data import Samples, TrainingCapture

TRUSTED = 0.05
"""ESR of the fitted network, over which its positions are not learned from."""

TRUSTED_FILTER = 0.01
"""The same of one knob's filter, which may have any form."""

_POSITIONS = 48
_SECONDS = 4.0
_AT_AN_END = 0.15  # of a knob's positions: nets guess worst beyond what they know
_SETTLING = 1024  # samples that a cut begins with, left out
_HEARD = (60.0, 12_000.0)  # Hz, where a boost brings up noise that is heard
_DRAW = 22


class Filters(Protocol):
    """What knobs do to what is distorted before them."""

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """Between which positions of each knob, 0 to 1, it is known."""

    def response(self, position: Sequence[float], hz: Doubles) -> Complex:
        """With the knobs at a position, relative to that at another one."""


@dataclass(frozen=True)
class Chain:
    """Knobs whose filters follow each other."""

    filters: tuple[KnobFilter, ...]

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """What was measured of each."""
        return tuple((each.marks[0], each.marks[-1]) for each in self.filters)

    def response(self, position: Sequence[float], hz: Doubles) -> Complex:
        """See `Filters`."""
        each = [one.response(at, hz) for one, at in zip(self.filters, position, strict=True)]
        found: Complex = np.prod(each, axis=0)
        return found


def fitted_stack(
    captures: Sequence[TrainingCapture], controls: Sequence[int], rate: int
) -> ToneStack | None:
    """The tone controls as a network, where the captures are of one performance.

    Args:
        captures: what is learned from.
        controls: which of the knobs are bass, middle and treble.
        rate: in Hz.

    Returns:
        ``None`` where fewer than three captures have the same dry signal and differ in the tone
        controls alone.
    """
    alike = _of_one_performance(captures, captures[0], controls)
    if len(alike) < KNOBS:
        return None
    wets = _heard(alike, tone_stack.FRAME)
    if wets is None:
        return None
    positions = [[capture.knobs[i] for i in controls] for capture in alike]
    return tone_stack.fit(wets, positions, rate)


def fitted_filter(
    captures: Sequence[TrainingCapture], control: int, rate: int
) -> KnobFilter | None:
    """One knob as a filter, of the captures that differ in it alone and are most.

    Args:
        captures: what is learned from.
        control: which of the knobs.
        rate: in Hz.

    Returns:
        ``None`` where there are not three such captures of one performance.
    """
    groups = [_of_one_performance(captures, capture, [control]) for capture in captures]
    alike = max(groups, key=lambda group: len({capture.knobs[control] for capture in group}))
    once = {capture.knobs[control]: capture for capture in alike}
    if len(once) < knob_filter.LEAST_MARKS:
        return None
    wets = _heard(list(once.values()), knob_filter.frame_length(rate))
    return None if wets is None else knob_filter.fit(wets, list(once), rate)


def _of_one_performance(
    captures: Sequence[TrainingCapture], one: TrainingCapture, controls: Sequence[int]
) -> list[TrainingCapture]:
    """Those that differ from one in the controls alone, and in length."""
    length = min(len(capture.dry) for capture in captures)
    others = [i for i in range(len(one.knobs)) if i not in controls]
    return [
        capture
        for capture in captures
        if np.array_equal(capture.dry[:length], one.dry[:length])
        and all(capture.knobs[i] == one.knobs[i] for i in others)
    ]


def _heard(alike: Sequence[TrainingCapture], least: int) -> list[list[Samples]] | None:
    """The same training stretches of each; ``None`` of silence or where none is long enough."""
    length = min(len(capture.dry) for capture in alike)
    spans = [span for span in alike[0].split.train if span.stop <= length]
    wets = [[capture.wet[span.start : span.stop] for span in spans] for capture in alike]
    heard = all(any(part.any() for part in parts) for parts in wets)
    long_enough = max((span.length for span in spans), default=0) >= least
    return wets if heard and long_enough else None


def more_positions(
    captures: Sequence[TrainingCapture], controls: Sequence[int], filters: Filters, rate: int
) -> list[TrainingCapture]:
    """Captures at further positions, a few seconds each, to train on only.

    Args:
        captures: what is learned from.
        controls: which of the knobs the filters are.
        filters: as fitted.
        rate: in Hz.

    Returns:
        As many as there are to be; none where all captures lie beyond what is known of the filters.
    """
    captures = [
        capture
        for capture in captures
        if all(
            low <= capture.knobs[i] <= high
            for i, (low, high) in zip(controls, filters.ends, strict=True)
        )
    ]
    if not captures:
        return []
    draw = np.random.default_rng(_DRAW)
    others = [i for i in range(len(captures[0].knobs)) if i not in controls]
    stood = sorted({tuple(capture.knobs[i] for i in others) for capture in captures})
    found = []
    for number in range(_POSITIONS):
        drawn, ends = draw.random(len(controls)), draw.random(len(controls))
        drawn[ends < _AT_AN_END] = 0.0
        drawn[ends > 1 - _AT_AN_END] = 1.0
        position = [
            float(low + share * (high - low))
            for share, (low, high) in zip(drawn, filters.ends, strict=True)
        ]
        there = stood[number % len(stood)]  # the other knobs, each as often
        chosen = [c for c in captures if tuple(c.knobs[i] for i in others) == there]
        source = min(chosen, key=lambda capture: _boost(filters, capture, controls, position, rate))
        dry, wet = _cut(source, round(_SECONDS * rate), draw)
        moved = _moved(wet, filters, [source.knobs[i] for i in controls], position, rate)
        knobs = list(source.knobs)
        for i, share in zip(controls, position, strict=True):
            knobs[i] = share
        whole = Split(train=(Span(0, len(dry) - _SETTLING),), validation=(), test=())
        found.append(TrainingCapture(dry[_SETTLING:], moved[_SETTLING:], whole, tuple(knobs)))
    return found


def _boost(
    filters: Filters,
    capture: TrainingCapture,
    controls: Sequence[int],
    position: Sequence[float],
    rate: int,
) -> float:
    """The most by which anything is raised on the way from a capture to a position."""
    hz = np.geomspace(_HEARD[0], min(_HEARD[1], 0.45 * rate), 64)
    there = filters.response([capture.knobs[i] for i in controls], hz)
    return float(np.max(np.abs(filters.response(position, hz)) / np.abs(there)))


def _cut(
    capture: TrainingCapture, samples: int, draw: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Some seconds out of the training spans, where they lie drawn at random."""
    spans = [span for span in capture.split.train if span.length > 2 * _SETTLING]
    odds = np.array([span.length for span in spans], float)
    span = spans[int(draw.choice(len(spans), p=odds / odds.sum()))]
    first = span.start + int(draw.integers(max(span.length - samples, 0) + 1))
    part = slice(first, min(first + samples, span.stop))
    return capture.dry[part], capture.wet[part]


def _moved(
    wet: NDArray[np.float32],
    filters: Filters,
    recorded: Sequence[float],
    wanted: Sequence[float],
    rate: int,
) -> NDArray[np.float32]:
    size = 1 << (2 * len(wet) - 1).bit_length()
    hz = np.asarray(np.fft.rfftfreq(size, 1 / rate)[1:], np.float64)
    ratio = np.zeros(len(hz) + 1, complex)
    ratio[1:] = filters.response(wanted, hz) / filters.response(recorded, hz)
    return np.fft.irfft(np.fft.rfft(wet, size) * ratio, size)[: len(wet)].astype(np.float32)
