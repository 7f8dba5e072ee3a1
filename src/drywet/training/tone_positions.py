"""Captures at positions of the tone controls that nobody recorded, made from those that are there.

A few captures leave a net to guess what lies between and beyond them. Where they show that bass,
middle and treble are a filter behind the distortion (`drywet.dsp.tone_stack`), a recording at one
position can be turned into that at any other, and the net learns from these, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span, Split
from drywet.dsp.tone_stack import FRAME, KNOBS, ToneStack, fit
from drywet.training.data import TrainingCapture

TRUSTED = 0.05
"""ESR of the fitted network, over which its positions are not learned from."""

_POSITIONS = 48
_SECONDS = 4.0
_AT_AN_END = 0.15  # of a knob's positions: nets guess worst beyond what they know
_SETTLING = 1024  # samples that a cut begins with, left out
_HEARD = (60.0, 12_000.0)  # Hz, where a boost brings up noise that is heard
_DRAW = 22


def fitted(
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
    alike = _of_one_performance(captures, controls)
    if len(alike) < KNOBS:
        return None
    length = min(len(capture.dry) for capture in alike)
    spans = [span for span in alike[0].split.train if span.stop <= length]
    wets = [[capture.wet[span.start : span.stop] for span in spans] for capture in alike]
    heard = all(any(part.any() for part in parts) for parts in wets)
    if not heard or max((span.length for span in spans), default=0) < FRAME:
        return None
    return fit(wets, [[capture.knobs[i] for i in controls] for capture in alike], rate)


def _of_one_performance(
    captures: Sequence[TrainingCapture], controls: Sequence[int]
) -> list[TrainingCapture]:
    first = captures[0]
    length = min(len(capture.dry) for capture in captures)
    others = [i for i in range(len(first.knobs)) if i not in controls]
    return [
        capture
        for capture in captures
        if np.array_equal(capture.dry[:length], first.dry[:length])
        and all(capture.knobs[i] == first.knobs[i] for i in others)
    ]


def more_positions(
    captures: Sequence[TrainingCapture], controls: Sequence[int], stack: ToneStack, rate: int
) -> list[TrainingCapture]:
    """Captures at further positions, a few seconds each, to train on only.

    Args:
        captures: what is learned from.
        controls: which of the knobs are bass, middle and treble.
        stack: as `fitted` gave it.
        rate: in Hz.
    """
    draw = np.random.default_rng(_DRAW)
    found = []
    for _ in range(_POSITIONS):
        drawn, ends = draw.random(KNOBS), draw.random(KNOBS)
        drawn[ends < _AT_AN_END] = 0.0
        drawn[ends > 1 - _AT_AN_END] = 1.0
        position = [float(share) for share in drawn]
        source = min(captures, key=lambda capture: _boost(stack, capture, controls, position, rate))
        dry, wet = _cut(source, round(_SECONDS * rate), draw)
        moved = _moved(wet, stack, [source.knobs[i] for i in controls], position, rate)
        knobs = list(source.knobs)
        for i, share in zip(controls, position, strict=True):
            knobs[i] = share
        whole = Split(train=(Span(0, len(dry) - _SETTLING),), validation=(), test=())
        found.append(TrainingCapture(dry[_SETTLING:], moved[_SETTLING:], whole, tuple(knobs)))
    return found


def _boost(
    stack: ToneStack,
    capture: TrainingCapture,
    controls: Sequence[int],
    position: Sequence[float],
    rate: int,
) -> float:
    """The most by which anything is raised on the way from a capture to a position."""
    hz = np.geomspace(_HEARD[0], min(_HEARD[1], 0.45 * rate), 64)
    there = stack.response([capture.knobs[i] for i in controls], hz)
    return float(np.max(np.abs(stack.response(position, hz)) / np.abs(there)))


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
    stack: ToneStack,
    recorded: Sequence[float],
    wanted: Sequence[float],
    rate: int,
) -> NDArray[np.float32]:
    size = 1 << (2 * len(wet) - 1).bit_length()
    hz = np.asarray(np.fft.rfftfreq(size, 1 / rate)[1:], np.float64)
    ratio = np.zeros(len(hz) + 1, complex)
    ratio[1:] = stack.response(wanted, hz) / stack.response(recorded, hz)
    return np.fft.irfft(np.fft.rfft(wet, size) * ratio, size)[: len(wet)].astype(np.float32)
