"""The filters around a model that runs at several times its rate, in their polyphase form.

A model trained at a rate f keeps its sound at M f if its memory keeps its length in seconds: M
copies of it take turns at the samples of the upsampled input (for an LSTM this is a state delay of
M samples: Carson, Valimaki, Wright and Bilbao, "Sample rate independent recurrent neural networks
for audio effects processing", DAFx 2024). So each copy sees one phase of the interpolation filter
at the rate f, and what the copies make is decimated by the phases of another filter: no signal is
ever at M f (polyphase decomposition: Vaidyanathan, "Multirate systems and filter banks", 1993).

Filters are flat to 20 kHz, or to 0.4535 of a rate too low for that. The first stops what is as far
above half the rate, images of all that is below; the second, behind which nothing may fold, all
above half the rate: windowed sinc (Kaiser, "Nonrecursive digital filter design using the I0-sinh
window function", 1974), linear phase, or minimum phase by the real cepstrum (Oppenheim and
Schafer, "Discrete-time signal processing", 13.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError

FACTORS = (1, 2, 4, 8)
Phase = Literal["linear", "minimum"]

_FLAT_HZ = 20_000.0
_LEAST_FLAT = 5 / 12  # of the rate: at high rates more than 20 kHz is kept
_MOST_FLAT = 0.4535  # of the rate
_STOP_DB = 106.0  # leaves room for rounding to float32, and for what two filters add up to


@dataclass(frozen=True)
class Filters:
    """Both filters of an oversampled stream.

    Attributes:
        split: phases of the one before the model, ``(factor, taps)``, the tap of the newest
            sample first.
        join: phases of the one behind it, ``(factor, more taps)``, likewise.
        latency: samples by which both together delay a low note; whole for linear phase.
    """

    split: NDArray[np.float32]
    join: NDArray[np.float32]
    latency: float


def require_factor(factor: int) -> None:
    """Refuse what is no factor of oversampling.

    Raises:
        DrywetError: it is not one of `FACTORS`.
    """
    if factor not in FACTORS:
        raise DrywetError(
            f"{factor} times oversampling of a model",
            "1, 2, 4 or 8",
            "Choose one of them: each doubling costs twice the time.",
        )


def flat_to(rate: int) -> float:
    """End of the pass band in Hz."""
    return min(max(_FLAT_HZ, _LEAST_FLAT * rate), _MOST_FLAT * rate)


@lru_cache(maxsize=16)
def filters(rate: int, factor: int, phase: Phase = "linear") -> Filters:
    """Those for a model.

    Args:
        rate: of the model, in Hz.
        factor: times which it runs.
        phase: minimum phase delays least, and high notes less than low ones.

    Raises:
        DrywetError: no such factor or phase.
    """
    require_factor(factor)
    if phase not in ("linear", "minimum"):
        raise DrywetError(f"filters of {phase} phase", "linear or minimum", "Choose one of them.")
    flat = flat_to(rate)
    before = _taps(rate, rate - 2 * flat)
    behind = _taps(rate, rate / 2 - flat)
    behind += (before + behind) % 2  # their latency is a whole number of samples
    first = _low_pass(rate / 2, rate * factor, before * factor)
    second = _low_pass((flat + rate / 2) / 2, rate * factor, behind * factor)
    if phase == "minimum":
        first, second = _minimum_phase(first), _minimum_phase(second)
    # Phase m of the first is h[m], h[m + M], ...; the second takes the newest sample of the last
    # copy first, so that an output waits for nothing.
    split = factor * first.reshape(-1, factor).T
    join = second.reshape(-1, factor).T[::-1]
    latency = (_delay(first) + _delay(second) - (factor - 1)) / factor
    return Filters(
        np.ascontiguousarray(split, np.float32),
        np.ascontiguousarray(join, np.float32),
        round(latency, 6),
    )


def _taps(rate: int, width: float) -> int:
    """Of a phase, for a transition so many Hz wide (Kaiser's estimate)."""
    return math.ceil((_STOP_DB - 7.95) * rate / (14.36 * width)) + 1


def _low_pass(cutoff: float, rate: float, taps: int) -> NDArray[np.float64]:
    """A windowed sinc of unity gain."""
    n = np.arange(taps) - (taps - 1) / 2
    found = np.sinc(2 * cutoff / rate * n) * np.kaiser(taps, 0.1102 * (_STOP_DB - 8.7))
    return np.asarray(found / found.sum(), np.float64)


def _delay(taps: NDArray[np.float64]) -> float:
    """Of DC, in samples."""
    return float(np.arange(len(taps)) @ taps / taps.sum())


def _minimum_phase(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    """A filter of the same length and nearly the same magnitude, whose energy comes first."""
    size = 1 << (64 * len(taps) - 1).bit_length()
    magnitude = np.abs(np.fft.fft(taps, size))
    cepstrum = np.fft.ifft(np.log(np.maximum(magnitude, 1e-7))).real
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    found = np.fft.ifft(np.exp(np.fft.fft(cepstrum))).real[: len(taps)]
    return np.asarray(found / found.sum(), np.float64)
