"""Delay and polarity between a dry and a wet recording, from the audio itself.

The highest peak of the cross-correlation is no measure of a pedal's delay: the
high-passes in every pedal turn the phase, so the peak may come late and with the
wrong sign. Analog circuits are, however, close to minimum phase: their phase
follows from their magnitude (Oppenheim and Schafer, "Discrete-Time Signal
Processing", ch. 12). So the averaged transfer function is divided by the minimum
phase filter of the same magnitude; what is left is the excess phase, that of
the converters' pure delay and of an inversion. Its impulse response is a single peak,
whose place is the delay and whose sign is the polarity. Frequencies are weighted
by coherence / (1 - coherence), the maximum-likelihood weighting of Hannan and
Thomson (Biometrika, 1973).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.levels import loudest_excerpt
from drywet.dsp.spectra import CrossSpectra, cross_spectra

SURE = 0.5
"""`Latency.confidence` from which on a latency has a say."""

_EXCERPT_SECONDS = 60.0
_MAX_SECONDS = 5.0
_FRAME_SECONDS = 0.18
_MIN_COHERENCE = 0.2
_MAX_WEIGHT = 1000.0
_FINE = 8  # positions per sample at which the peak is sought


@dataclass(frozen=True)
class Latency:
    """How the wet lies to the dry.

    Attributes:
        samples: delay of the wet; negative where it leads. A fraction of a
            sample is meaningful when ``confidence`` is high.
        polarity: 1, or -1 where the wet is inverted.
        confidence: height of the excess-phase peak above what chance would
            give: 1 for a pure delay behind a minimum-phase filter, 0 for
            unrelated signals.
    """

    samples: float
    polarity: int
    confidence: float


def _minimum_phase(log_magnitude: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Spectrum of the minimum-phase filter with this log magnitude (folded cepstrum)."""
    size = 2 * (len(log_magnitude) - 1)
    cepstrum = np.fft.irfft(log_magnitude, size)
    fold = np.zeros(size)
    fold[0] = fold[size // 2] = 1
    fold[1 : size // 2] = 2
    return np.exp(np.fft.rfft(cepstrum * fold))


def _excess_phase_peak(spectra: CrossSpectra, reach: tuple[int, int] | None = None) -> Latency:
    """Delay and sign of the excess phase, within half a frame either way, or from .. to."""
    coherence = spectra.coherence
    trusted = (coherence > _MIN_COHERENCE) & (spectra.dry > 1e-10 * spectra.dry.max())
    trusted[0] = False
    if trusted.sum() < 8:
        return Latency(0.0, 1, 0.0)
    magnitude = np.log(np.abs(spectra.transfer) + 1e-12)
    bins = np.arange(len(magnitude))
    filled = np.interp(bins, bins[trusted], magnitude[trusted])
    excess = spectra.transfer / _minimum_phase(filled)
    excess /= np.abs(excess) + 1e-300
    weight = np.where(trusted, np.minimum(coherence / (1 - coherence + 1e-9), _MAX_WEIGHT), 0.0)
    size = 2 * (len(bins) - 1) * _FINE
    response = np.fft.irfft(weight * excess, size) * size / (2 * weight.sum())
    height_at = np.abs(response)
    if reach is not None:
        first, last = (end * _FINE for end in reach)
        looked_at = np.zeros(size, bool)
        looked_at[np.arange(first, last + 1) % size] = True
        height_at = np.where(looked_at, height_at, 0.0)
    at = int(np.argmax(height_at))
    delay = (at if at < size // 2 else at - size) / _FINE
    height = float(response[at])
    # Random phases make a peak too, the higher the fewer bins carry the weight.
    bins_at_work = weight.sum() ** 2 / np.sum(weight**2)
    chance = min(np.sqrt(2 * np.log(size) / bins_at_work), 0.999)
    confidence = (min(abs(height), 1.0) - chance) / (1 - chance)
    return Latency(delay, 1 if height >= 0 else -1, max(float(confidence), 0.0))


def _frame(rate: int) -> int:
    """Samples of a frame: a power of two."""
    return 1 << round(float(np.log2(_FRAME_SECONDS * rate)))


def _coarse(dry: NDArray[np.float64], wet: NDArray[np.float64], rate: int) -> int:
    """Delay to within some milliseconds: the biggest peak of a half-whitened correlation."""
    size = 1 << int(np.ceil(np.log2(len(dry) + len(wet))))
    x, y = np.fft.rfft(dry, size), np.fft.rfft(wet, size)
    cross = x.conj() * y
    correlation = np.abs(np.fft.irfft(cross / np.sqrt(np.abs(cross) + 1e-300), size))
    reach = min(int(_MAX_SECONDS * rate), len(dry) - 1)
    lags = np.concatenate((correlation[size - reach :], correlation[: reach + 1]))
    return int(np.argmax(lags)) - reach


def shifted(
    dry: NDArray[np.float32], wet: NDArray[np.float32], delay: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The common part of both once the wet is moved ``delay`` samples earlier."""
    if delay >= 0:
        wet = wet[delay:]
    else:
        dry = dry[-delay:]
    length = min(len(dry), len(wet))
    return dry[:length], wet[:length]


def estimate(dry: NDArray[np.float32], wet: NDArray[np.float32], rate: int) -> Latency:
    """Estimate delay and polarity of ``wet`` against ``dry``, both of shape ``(samples,)``.

    Delays up to 5 seconds either way are found. Signals too short or too
    unrelated give a confidence near 0.

    Args:
        dry: the signal into the device.
        wet: the signal out of it.
        rate: of both, in Hz.
    """
    dry = dry[: len(wet) + int(_MAX_SECONDS * rate)]
    where = loudest_excerpt(dry, int(_EXCERPT_SECONDS * rate))
    x = dry[where].astype(np.float64)
    y = wet[where.start : where.stop].astype(np.float64)
    fft = _frame(rate)
    if min(len(x), len(y)) < 2 * fft or not x.any() or not y.any():
        return Latency(0.0, 1, 0.0)
    delay = _coarse(x, y, rate)
    found = Latency(0.0, 1, 0.0)
    for _ in range(3):  # the frames must overlap well before the phase is exact
        a, b = shifted(dry[where], wet[where.start : where.stop], delay)
        if len(a) < 2 * fft:
            return Latency(0.0, 1, 0.0)
        found = _excess_phase_peak(cross_spectra(a, b, fft))
        delay += round(found.samples)
        if round(found.samples) == 0:
            break
        found = Latency(0.0, found.polarity, found.confidence)
    return Latency(delay + found.samples, found.polarity, found.confidence)


def estimate_near(
    dry: NDArray[np.float32], wet: NDArray[np.float32], rate: int, low: int, high: int
) -> Latency:
    """As `estimate`, of a delay that is known to lie from ``low`` to ``high`` samples.

    Args:
        dry: the signal into the device.
        wet: the signal out of it.
        rate: of both, in Hz.
        low: smallest delay.
        high: largest, some milliseconds more at most.
    """
    a, b = shifted(dry, wet, high)
    where = loudest_excerpt(a, int(_EXCERPT_SECONDS * rate))
    if len(a[where]) < 2 * _frame(rate):
        return Latency(float(high), 1, 0.0)
    spectra = cross_spectra(a[where], b[where], _frame(rate))
    found = _excess_phase_peak(spectra, (low - high, 0))
    return Latency(high + found.samples, found.polarity, found.confidence)


def most_alike(one: NDArray[np.floating], other: NDArray[np.floating], reach: int = 0) -> float:
    """By how many samples ``other`` is later where the two correlate most, either way up.

    To a fraction of a sample, for two that are nearly the same already.

    Args:
        one: shape ``(samples,)``.
        other: as long.
        reach: whole samples to look either way, and one more.
    """
    from scipy.optimize import minimize_scalar

    cross = np.conj(np.fft.rfft(one)) * np.fft.rfft(other)
    turns = 2j * np.pi * np.fft.rfftfreq(len(one))

    def unlike(delay: float) -> float:
        return -abs(float(np.sum(cross * np.exp(turns * delay)).real))

    near = min(range(-reach, reach + 1), key=unlike)
    return float(minimize_scalar(unlike, bounds=(near - 1, near + 1), method="bounded").x)
