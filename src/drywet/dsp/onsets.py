"""The delay between two recordings by the onsets of their notes.

The energy's rise, frame by frame on a log scale, is correlated (onset detection as in Klapuri,
ICASSP 1999). It is found to a frame only, but whatever a device does to the wave, a note begins in
both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FRAME = 64
_MAX_SECONDS = 5.0
_FLOOR = 1e-3  # of the RMS: rises below are noise's
_LEAST = 8.0  # standard deviations by which the peak must stand out


def _rises(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    count = len(samples) // _FRAME
    framed = np.asarray(samples[: count * _FRAME], np.float64).reshape(count, _FRAME)
    power = np.mean(framed**2, axis=1)
    level = np.log(power + _FLOOR**2 * np.mean(power) + 1e-300)
    smooth = np.convolve(level, np.ones(4) / 4, "same")
    rises = np.maximum(np.diff(smooth), 0.0)
    return np.asarray(rises - rises.mean())


def onset_delay(dry: NDArray[np.floating], wet: NDArray[np.floating], rate: int) -> int | None:
    """Samples by which the wet's onsets lag, to within a frame of 64; ``None`` where unclear.

    Args:
        dry: shape ``(samples,)``.
        wet: its length may be another.
        rate: of both, in Hz.
    """
    if not (np.any(dry) and np.any(wet)):
        return None
    x, y = _rises(dry), _rises(wet)
    if min(len(x), len(y)) < 2:
        return None
    size = 1 << int(np.ceil(np.log2(len(x) + len(y))))
    correlation = np.fft.irfft(np.fft.rfft(x, size).conj() * np.fft.rfft(y, size), size)
    reach = min(int(_MAX_SECONDS * rate) // _FRAME, size // 2 - 1)
    lags = np.concatenate((correlation[-reach:], correlation[: reach + 1]))
    peak = int(np.argmax(lags))
    if lags[peak] < _LEAST * np.std(lags):
        return None
    return (peak - reach) * _FRAME
