"""Spectra of successive Hann frames, the ground under every score in frequency.

Frames of 2048 samples every 512: with a step of a quarter the squared windows add up to a
constant, so energies over all frames are energies of the signal but for its first and last
frame. A Hann window's side lobes fall by 18 dB per octave, so a loud low note leaves the
treble clean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FFT = 2048
HOP = 512
_FRAMES_AT_ONCE = 512


def hann(length: int) -> NDArray[np.float64]:
    """The periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def spectra(
    samples: NDArray[np.floating], fft: int = FFT, hop: int = HOP
) -> Iterator[NDArray[Any]]:
    """Spectra of a signal's frames, some hundred at a time, each ``(frames, fft // 2 + 1)``.

    A signal shorter than a frame is padded with silence; what is left at the end and does not
    fill a frame is left out.

    Args:
        samples: shape ``(samples,)``; the spectra are as precise as its type.
        fft: samples per frame.
        hop: from frame to frame.
    """
    padded = np.pad(samples, (0, max(fft - len(samples), 0)))
    window = hann(fft).astype(padded.dtype)
    frames = np.lib.stride_tricks.sliding_window_view(padded, fft)[::hop]
    for first in range(0, len(frames), _FRAMES_AT_ONCE):
        yield np.fft.rfft(frames[first : first + _FRAMES_AT_ONCE] * window)


def powers(samples: NDArray[np.floating], fft: int = FFT, hop: int = HOP) -> NDArray[np.float64]:
    """Powers of all frames' bins, shape ``(frames, fft // 2 + 1)``; a sine of full scale has 1/4.

    The amplitude of a bin is that of the sine in it over 2, as in any two-sided spectrum.
    """
    scale = hann(fft).sum() ** 2
    return np.concatenate(
        [(part.real**2 + part.imag**2) / scale for part in spectra(samples, fft, hop)]
    )
