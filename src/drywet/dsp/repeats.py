"""Passages that a dry signal plays twice, note for note the same.

What the pedal makes of the two differs only by its own noise and drift, which no
model can predict: that is the floor under every score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.levels import frame_rms

_MIN_SECONDS = 0.5
_SEARCHED_SECONDS = 300.0  # the transform's memory, and captures are shorter
_FRAME_SECONDS = 0.02
_SAME = 1e-4  # relative energy of the difference: -40 dB, well above dither
_CANDIDATES = 512
_SKIM = 64  # candidates are tried on every 64th sample first
_SMOOTH_BINS = 129


class Repeat(NamedTuple):
    """``[start, stop)`` plays again ``lag`` samples later."""

    start: int
    stop: int
    lag: int


def _candidate_lags(dry: NDArray[np.float32], least: int, zone: int) -> list[int]:
    """Lags at which the whitened autocorrelation peaks, one a ``zone``, the likeliest first.

    Whitening keeps the pitch of sustained notes from looking like a repeat.
    """
    size = 1 << int(np.ceil(np.log2(2 * len(dry))))
    power = np.abs(np.fft.rfft(dry, size)) ** 2
    smooth = np.convolve(power, np.ones(_SMOOTH_BINS) / _SMOOTH_BINS, "same")
    correlation = np.fft.irfft(power / (smooth + 1e-9 * smooth.max() + 1e-300), size)
    correlation = correlation[: len(dry)].copy()
    correlation[:least] = 0
    zones = correlation[: len(correlation) // zone * zone].reshape(-1, zone)
    best = np.argmax(zones, axis=1)
    heights = zones[np.arange(len(zones)), best]
    chosen = np.argsort(heights)[::-1][:_CANDIDATES]
    return [int(i * zone + best[i]) for i in chosen if heights[i] > 0]


def find_repeats(dry: NDArray[np.float32], rate: int) -> list[Repeat]:
    """Passages of at least half a second that come again unchanged, longest first.

    No two of the second passes overlap, so that a passage shorter than half a second may
    be the rest of a longer one whose beginning was found before.

    Silence does not count, nor do pauses inside a passage break it. Of a recording longer
    than five minutes the first five are searched.

    Args:
        dry: shape ``(samples,)``.
        rate: in Hz.
    """
    dry = dry[: int(_SEARCHED_SECONDS * rate)]
    least = int(_MIN_SECONDS * rate)
    frame = int(_FRAME_SECONDS * rate)
    if len(dry) < 2 * least + frame or not dry.any():
        return []
    audible = 1e-3 * float(np.sqrt(np.mean(dry.astype(np.float64) ** 2)))
    found: list[Repeat] = []
    for lag in _candidate_lags(dry, least, frame):
        skimmed = _same_stretches(
            dry[: len(dry) - lag : _SKIM], dry[lag::_SKIM], max(frame // _SKIM, 1), audible
        )
        if all(stop - start < 0.8 * least / _SKIM for start, stop in skimmed):
            continue
        for start, stop in _same_stretches(dry[: len(dry) - lag], dry[lag:], frame, audible):
            if stop - start >= least:
                found += _not_yet_found(Repeat(start, stop, lag), found)
    return sorted(found, key=lambda r: r.start - r.stop)


def _same_stretches(
    first: NDArray[np.float32], second: NDArray[np.float32], frame: int, audible: float
) -> list[tuple[int, int]]:
    """Where two signals agree frame after frame, from a sounding frame to a sounding frame."""
    level = frame_rms(first, frame)
    difference = frame_rms(second - first, frame)
    same = difference**2 <= _SAME * np.maximum(level, audible) ** 2
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.astype(np.int8), [0]))))
    stretches = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        loud = np.flatnonzero(level[begin:end] >= audible)
        if len(loud):
            stretches.append((int(begin + loud[0]) * frame, int(begin + loud[-1] + 1) * frame))
    return stretches


def _not_yet_found(new: Repeat, found: list[Repeat]) -> list[Repeat]:
    """The parts of ``new`` whose second pass is in no repeat found before."""
    parts = [new]
    for old in found:
        begin, end = old.start + old.lag - new.lag, old.stop + old.lag - new.lag
        cut = []
        for part in parts:
            cut.append(Repeat(part.start, min(part.stop, begin), new.lag))
            cut.append(Repeat(max(part.start, end), part.stop, new.lag))
        parts = [part for part in cut if part.stop > part.start]
    return parts
