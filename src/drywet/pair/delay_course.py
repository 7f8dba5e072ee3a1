"""Where the delay seems to lie in the course of a recording, by two witnesses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.causal_fit import SEGMENT, CausalFit, Prediction
from drywet.dsp.latency import estimate
from drywet.pair.load import Pair

STRETCHES = 16
"""Of a recording, each with a delay of its own."""

FINE = 4
"""Positions per sample."""

LAGS = np.arange(-64 * FINE, 64 * FINE + 1)
"""By which a stretch may be off, in positions."""

_STRETCH_SECONDS = 2.5
_CONFIDENCE = 0.3  # the median bears a few wrong ones
_LOW_HZ = 1500.0  # below, a shift of some samples is no turn of the phase yet

Signal = NDArray[np.floating]


@dataclass(frozen=True)
class Course:
    """Where the delay seems to lie, stretch by stretch.

    Attributes:
        at: middles of the stretches, in samples of the dry file.
        delays: in samples.
    """

    at: Signal
    delays: Signal

    def slope(self) -> float:
        """That of the median line through the stretches (Theil 1950, Sen 1968)."""
        i, j = np.triu_indices(len(self.at), 1)
        return float(np.median((self.delays[j] - self.delays[i]) / (self.at[j] - self.at[i])))

    def scatter(self, slope: float) -> float:
        """Median distance from the median line of that slope."""
        rest = self.delays - slope * self.at
        return float(np.median(np.abs(rest - np.median(rest))))

    def level(self, slope: float, at: float) -> float:
        """Of the median line of that slope at a place."""
        return float(np.median(self.delays - slope * (self.at - at)))


def by_phase(pair: Pair, delay: int, least: float = _CONFIDENCE) -> Course | None:
    """By the excess phase of each stretch, relative to the delay of the whole.

    Args:
        pair: not aligned.
        delay: of the whole, in samples.
        least: confidence of a stretch that is taken.

    Returns:
        ``None`` where too few stretches are that sure.
    """
    aligned = pair.aligned(delay)
    size = int(_STRETCH_SECONDS * pair.rate)
    first = max(-delay, 0)  # of the dry file, left out
    at, delays = [], []
    for start in np.linspace(0, max(len(aligned.dry) - size, 0), STRETCHES, dtype=int):
        part = slice(start, start + size)
        found = estimate(aligned.dry[part], aligned.wet[part], pair.rate)
        if found.confidence >= least:
            at.append(first + start + size / 2)
            delays.append(found.samples)
    enough = len(at) >= STRETCHES // 3 and at[-1] - at[0] >= len(aligned.dry) / 3
    return Course(np.array(at), np.array(delays)) if enough else None


def by_waves(fit: CausalFit, made: Prediction, rate: int, stretches: int = STRETCHES) -> Course:
    """By the correlation of what the fit predicts with the wet, half whitened, below 1.5 kHz.

    Args:
        fit: of the dry file.
        made: by it.
        rate: in Hz.
        stretches: at most; the course's delays are relative to those of the prediction.
    """
    count = len(fit.starts)
    at, delays = [], []
    for group in np.array_split(np.arange(count), min(stretches, count // 2)):
        correlation = correlations(made, rate, group[None])[0]
        at.append(float(np.mean(fit.starts[group])) + SEGMENT / 2)
        delays.append(LAGS[int(np.argmax(correlation))] / FINE)
    return Course(np.array(at), np.array(delays))


def correlations(made: Prediction, rate: int, groups: NDArray[np.integer]) -> Signal:
    """Correlation of what the fit predicts with the wet, half whitened, below 1.5 kHz.

    Args:
        made: by the fit.
        rate: in Hz.
        groups: segments that go together, shape ``(groups, segments)``.

    Returns:
        At each of the `LAGS`, shape ``(groups, lags)``.
    """
    low = np.arange(made.wet.shape[1]) * rate / (2 * SEGMENT) < _LOW_HZ
    cross = np.sum(made.predicted[groups].conj() * made.wet[groups], axis=1) * low
    cross /= np.sqrt(np.abs(cross) + 1e-300)
    return np.asarray(np.fft.irfft(cross, 2 * SEGMENT * FINE)[:, LAGS])
