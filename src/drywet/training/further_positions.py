"""Captures at positions that nobody recorded, made from those that are there.

A few captures leave a net to guess what lies between and beyond them. Where they show that knobs
are a filter behind the distortion (bass, middle and treble together: `drywet.dsp.tone_stack`; any
other alone: `drywet.dsp.knob_filter`), a recording at one position can be turned into that at any
other, and the net learns from these, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span, Split
from drywet.dsp import knob_filter, tone_stack
from drywet.dsp.knob_filter import Complex, Doubles, KnobFilter
from drywet.dsp.levels import rms
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
_SILENT = 1e-6  # of the loudest capture's power: a volume that is turned down
_LEAST_RMS = 1e-6  # of a cut; a pause has no gain to speak of
_DRAW = 22


@dataclass(frozen=True)
class Filters:
    """What knobs do to what is distorted before them.

    Attributes:
        stack: what the first three of them do, bass, middle and treble; ``None`` without them.
        filters: what each of the others does.
    """

    stack: ToneStack | None
    filters: tuple[KnobFilter, ...]

    @property
    def ends(self) -> tuple[tuple[float, float], ...]:
        """Between which positions of each knob, 0 to 1, it is known."""
        measured = tuple((each.marks[0], each.marks[-1]) for each in self.filters)
        return measured if self.stack is None else ((0.0, 1.0),) * KNOBS + measured

    def response(self, position: Sequence[float], hz: Doubles) -> Complex:
        """With the knobs at a position, relative to that at another one."""
        first = 0 if self.stack is None else KNOBS
        found = np.ones(len(hz), complex)
        if self.stack is not None:
            found = found * self.stack.response(position[:first], hz)
        for one, at in zip(self.filters, position[first:], strict=True):
            found = found * one.response(at, hz)
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
    alike = max(_groups(captures, controls), key=len)
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

    Its ``esr`` is the worst, also of other captures that differ in it alone: a tone before the
    distortion seems a filter where that is clean.

    Args:
        captures: what is learned from.
        control: which of the knobs.
        rate: in Hz.

    Returns:
        ``None`` where there are not three such captures of one performance.
    """
    loudest = max(capture.power for capture in captures)
    audible = [capture for capture in captures if capture.power > _SILENT * loudest]
    groups = [
        {capture.knobs[control]: capture for capture in group}
        for group in _groups(audible, [control])
    ]
    groups = sorted((group for group in groups if len(group) > 1), key=len, reverse=True)
    if not groups or len(groups[0]) < knob_filter.LEAST_MARKS:
        return None
    found = None
    for group in groups:
        wets = _heard(list(group.values()), knob_filter.frame_length(rate))
        if wets is None:
            continue
        if found is None:
            found = knob_filter.fit(wets, list(group), rate)
            if found is None:
                return None
        else:
            off = knob_filter.unexplained(found, wets, list(group), rate)
            found = replace(found, esr=max(found.esr, off))
    return found


def _groups(
    captures: Sequence[TrainingCapture], controls: Sequence[int]
) -> list[list[TrainingCapture]]:
    """Captures that differ in the controls alone, and in length, together."""
    length = min(len(capture.dry) for capture in captures)
    others = [i for i in range(len(captures[0].knobs)) if i not in controls]
    groups: list[list[TrainingCapture]] = []
    for capture in captures:
        for group in groups:
            first = group[0]
            if all(capture.knobs[i] == first.knobs[i] for i in others) and np.array_equal(
                capture.dry[:length], first.dry[:length]
            ):
                group.append(capture)
                break
        else:
            groups.append([capture])
    return groups


def _heard(alike: Sequence[TrainingCapture], least: int) -> list[list[Samples]] | None:
    """The same training stretches of each; ``None`` of silence or where none is long enough."""
    length = min(len(capture.dry) for capture in alike)
    spans = [Span(a, min(b, length)) for a, b in alike[0].split.train if a < length]
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
        if any(span.length > 2 * _SETTLING for span in capture.split.train)
        and all(
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
        dry, wet, moved = dry[_SETTLING:], wet[_SETTLING:], moved[_SETTLING:]
        gain = (rms(moved) / max(rms(wet), _LEAST_RMS)) ** 2
        power = source.power * gain
        found.append(TrainingCapture(dry, moved, whole, tuple(knobs), power))
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
    if filters.stack is None:  # which blocks what is constant
        ratio[0] = ratio[1].real
    return np.fft.irfft(np.fft.rfft(wet, size) * ratio, size)[: len(wet)].astype(np.float32)
