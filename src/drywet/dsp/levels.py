"""Levels and runs of samples, in full scale and dBFS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]

SILENCE_DB = -200.0
"""What digital silence reads, in dBFS, so that figures stay finite."""


def db(amplitude: float) -> float:
    """Amplitude (1.0 = full scale) in dBFS, not below `SILENCE_DB`."""
    return max(20 * float(np.log10(max(amplitude, 1e-300))), SILENCE_DB)


def rms(samples: Signal) -> float:
    """Root mean square, in full scale; 0 for no samples."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) if len(samples) else 0.0


def peak(samples: Signal) -> float:
    """Largest absolute sample, in full scale; 0 for no samples."""
    return float(np.max(np.abs(samples))) if len(samples) else 0.0


def frame_rms(samples: Signal, frame: int) -> NDArray[np.float64]:
    """RMS of successive frames of ``frame`` samples, shape ``(len // frame,)``."""
    count = len(samples) // frame
    framed = samples[: count * frame].reshape(count, frame)
    power = np.einsum("ij,ij->i", framed, framed, dtype=np.float64) / frame
    return np.asarray(np.sqrt(power))


def clipped_samples(samples: Signal, run: int = 3, threshold: float = 0.999) -> int:
    """Samples in runs of at least ``run`` neighbours of the same sign at full scale."""
    count = 0
    for sign in (1, -1):
        at_top = np.concatenate(([False], samples * sign >= threshold, [False]))
        edges = np.flatnonzero(at_top[1:] != at_top[:-1])
        lengths = edges[1::2] - edges[::2]
        count += int(lengths[lengths >= run].sum())
    return count


def loudest_excerpt(samples: Signal, length: int) -> slice:
    """The stretch of ``length`` samples (or all there are) with the most energy."""
    if len(samples) <= length:
        return slice(0, len(samples))
    frame = max(length // 64, 1)
    energy = frame_rms(samples, frame) ** 2
    window = min(length // frame, len(energy))
    sums = np.convolve(energy, np.ones(window), "valid")
    start = min(int(np.argmax(sums)) * frame, len(samples) - length)
    return slice(start, start + length)
