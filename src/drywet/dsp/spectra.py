"""Averaged cross spectra of two signals (Welch 1967): transfer function and coherence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FRAMES_AT_ONCE = 256


@dataclass(frozen=True)
class CrossSpectra:
    """Welch averages over half-overlapping Hann frames; each of shape ``(fft // 2 + 1,)``.

    Attributes:
        frames: how many frames were averaged.
        dry: power of the first signal.
        wet: power of the second.
        cross: conj(first) times second.
    """

    frames: int
    dry: NDArray[np.float64]
    wet: NDArray[np.float64]
    cross: NDArray[np.complex128]

    @property
    def transfer(self) -> NDArray[np.complex128]:
        """Least-squares transfer function from first to second (H1 estimate)."""
        return self.cross / np.maximum(self.dry, 1e-300)

    @property
    def coherence(self) -> NDArray[np.float64]:
        """Magnitude-squared coherence less what unrelated signals would show, 0 to 1.

        With few frames even unrelated signals look coherent, by ``1 / frames`` on
        average (Carter 1987); that much is taken off.
        """
        raw = np.abs(self.cross) ** 2 / np.maximum(self.dry * self.wet, 1e-300)
        bias = 1 / self.frames
        return np.clip((raw - bias) / max(1 - bias, 1e-9), 0.0, 1.0)


def cross_spectra(dry: NDArray[np.floating], wet: NDArray[np.floating], fft: int) -> CrossSpectra:
    """Average the spectra of two signals of equal length, at least ``fft`` samples long.

    Raises:
        ValueError: lengths differ or are shorter than one frame.
    """
    if len(dry) != len(wet) or len(dry) < fft:
        raise ValueError(f"expected two signals of at least {fft} samples, equally long")
    window = np.hanning(fft)
    x = np.lib.stride_tricks.sliding_window_view(dry, fft)[:: fft // 2]
    y = np.lib.stride_tricks.sliding_window_view(wet, fft)[:: fft // 2]
    bins = fft // 2 + 1
    pxx, pyy, pxy = np.zeros(bins), np.zeros(bins), np.zeros(bins, complex)
    for first in range(0, len(x), _FRAMES_AT_ONCE):
        part = slice(first, first + _FRAMES_AT_ONCE)
        a = np.fft.rfft(x[part] * window)
        b = np.fft.rfft(y[part] * window)
        pxx += np.sum(np.abs(a) ** 2, axis=0)
        pyy += np.sum(np.abs(b) ** 2, axis=0)
        pxy += np.sum(a.conj() * b, axis=0)
    return CrossSpectra(len(x), pxx, pyy, pxy)


def related_energy(spectra: CrossSpectra) -> float:
    """Share of the wet energy that a linear filter of the dry explains, 0 to 1."""
    return float(np.sum(spectra.coherence * spectra.wet) / max(np.sum(spectra.wet), 1e-300))
