"""Multi-resolution STFT distance, for NumPy arrays.

Yamamoto, Song and Kim, "Parallel WaveGAN", ICASSP 2020, in the form the field
uses (Steinmetz and Reiss, auraloss, 2020): the mean over three resolutions of
spectral convergence plus the mean absolute difference of log magnitudes.
FFT sizes 1024, 2048, 512; hops 120, 240, 50; Hann windows of 600, 1200, 240
samples, centred in the FFT; reflection at the edges; magnitudes floored at
``sqrt(1e-8)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.frames import hann

# (FFT size, hop, window), in samples
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))
POWER_FLOOR = 1e-8
MIN_SAMPLES = max(fft for fft, _, _ in RESOLUTIONS) // 2 + 1
"""Fewer samples cannot be reflected at the edges of the longest FFT."""

_FRAMES_AT_ONCE = 2048
_SILENT = 1e-6  # of the loudest stretch's power: a relative error of next to nothing says nothing


def _magnitudes(
    samples: NDArray[np.floating], fft: int, hop: int, window: int
) -> Iterator[NDArray[np.float64]]:
    """Magnitudes of all frames, some thousand at a time."""
    padded = np.pad(samples.astype(np.float64), fft // 2, mode="reflect")
    taper = np.zeros(fft)
    start = (fft - window) // 2
    taper[start : start + window] = hann(window)
    frames = np.lib.stride_tricks.sliding_window_view(padded, fft)[::hop]
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        spectra = np.fft.rfft(frames[first : first + _FRAMES_AT_ONCE] * taper)
        yield np.sqrt(np.maximum(spectra.real**2 + spectra.imag**2, POWER_FLOOR))


class Distance(NamedTuple):
    """Means over the three resolutions.

    Attributes:
        convergence: of the spectra, relative.
        log_magnitude: mean absolute difference, in nepers.
    """

    convergence: float
    log_magnitude: float

    @property
    def total(self) -> float:
        """The multi-resolution STFT distance."""
        return self.convergence + self.log_magnitude


def distance(prediction: NDArray[np.floating], target: NDArray[np.floating]) -> Distance:
    """The two parts of the multi-resolution STFT distance of two 1-D signals; 0 is perfect.

    Args:
        prediction: shape ``(samples,)``.
        target: shape ``(samples,)``.

    Raises:
        ValueError: shapes differ, or fewer than `MIN_SAMPLES` samples.
    """
    if prediction.shape != target.shape:
        raise ValueError(f"prediction has shape {prediction.shape}, target {target.shape}")
    if target.ndim != 1 or len(target) < MIN_SAMPLES:
        raise ValueError(f"expected a 1-D signal of at least {MIN_SAMPLES} samples")
    convergence = log_magnitude = 0.0
    for fft, hop, window in RESOLUTIONS:
        error = energy = logs = 0.0
        count = 0
        pairs = zip(
            _magnitudes(prediction, fft, hop, window),
            _magnitudes(target, fft, hop, window),
            strict=True,
        )
        for got, want in pairs:
            error += float(np.sum((want - got) ** 2))
            energy += float(np.sum(want**2))
            logs += float(np.sum(np.abs(np.log(want / got))))
            count += want.size
        convergence += float(np.sqrt(error / energy))
        log_magnitude += logs / count
    return Distance(convergence / len(RESOLUTIONS), log_magnitude / len(RESOLUTIONS))


def mrstft(prediction: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """Multi-resolution STFT distance of two 1-D signals, as `distance` gives it; 0 is perfect."""
    return distance(prediction, target).total


def over(
    predictions: Sequence[NDArray[np.floating]], targets: Sequence[NDArray[np.floating]]
) -> Distance | None:
    """Mean distance over separate stretches, weighted by length.

    Stretches that are too short, or silent beside the loudest, are passed over; ``None`` where all
    are.
    """
    powers = [float(np.mean(np.square(y, dtype=np.float64))) if len(y) else 0.0 for y in targets]
    heard = _SILENT * max(powers, default=0.0)
    found = [
        (len(y), distance(p, y))
        for p, y, power in zip(predictions, targets, powers, strict=True)
        if len(y) >= MIN_SAMPLES and power > heard
    ]
    weight = sum(length for length, _ in found)
    if not weight:
        return None
    means = np.array([length * np.array(d) for length, d in found]).sum(axis=0) / weight
    return Distance(float(means[0]), float(means[1]))
