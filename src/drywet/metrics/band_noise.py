"""Noise by band: how much of what a device makes in a band is there when hardly anything is played.

A pedal at full gain hisses, and its treble may be little else: no model can predict that, and an
error by band (`drywet.metrics.bands`) as large as the noise is no fault of the model's. The
quietest frames of the dry signal say how loud the noise is, the median over them, as a decaying
note or a click may lie in some. Played louder, a distortion hisses less, so this is the most that
it can be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.dsp import frames
from drywet.metrics.bands import bands

_QUIETEST = 0.05  # of the frames
_QUIET_DB = -20.0  # below the loud ones, the 95th percentile
_LEAST_FRAMES = 20
_BEFORE = 4  # frames: what was played before them has died away


def evaluate(
    dry: NDArray[np.floating],
    wet: NDArray[np.floating],
    targets: Sequence[NDArray[np.floating]],
    rate: int,
) -> list[float] | None:
    """Of each band the noise over all that the device makes there, as a ratio of powers.

    Args:
        dry: a recording, shape ``(samples,)``.
        wet: the device's answer, as long.
        targets: the stretches of it that are scored, each ``(samples,)``.
        rate: in Hz.

    Returns:
        A ratio for each of `drywet.metrics.bands.bands`, seldom over 1; ``None`` where it is
        never quiet for long enough.
    """
    found = bands(rate)
    bins = np.fft.rfftfreq(frames.FFT, 1 / rate)
    members = np.array([(bins >= band.low) & (bins < band.high) for band in found], float)

    def powers(samples: NDArray[np.floating]) -> NDArray[np.float64]:
        """By frame and band."""
        parts = [(part.real**2 + part.imag**2) @ members.T for part in frames.spectra(samples)]
        return np.concatenate(parts).astype(np.float64)

    level = powers(dry).sum(axis=1)
    recent = np.max([np.roll(level, shift) for shift in range(_BEFORE + 1)], axis=0)[_BEFORE:]
    if not recent.any():
        return None
    limit = min(
        float(np.quantile(recent, _QUIETEST)),
        float(np.quantile(recent, 0.95)) * 10 ** (_QUIET_DB / 10),
    )
    quiet = recent <= limit
    if quiet.sum() < _LEAST_FRAMES:
        return None
    noise = np.median(powers(wet)[_BEFORE:][quiet], axis=0)
    played = np.mean(np.concatenate([powers(target) for target in targets]), axis=0)
    return [float(n / p) if p > 0 else 0.0 for n, p in zip(noise, played, strict=True)]
