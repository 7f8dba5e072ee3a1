"""Log-spectral distance: how far two spectra are apart in dB, loud bins and soft ones alike.

Gray and Markel, "Distance measures for speech processing", IEEE Trans. ASSP 1976: the root of
the mean squared difference of the power spectra in dB over the bins of a frame, averaged
over the frames. Powers are floored 100 dB below the target's loudest bin: what lies under
it, both agree on. A power of 1 in 100000 of the music's, in bins far from it, counts as much as
an error in the middle of it, which is what makes this distance see added noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.dsp import frames
from drywet.metrics.bands import Band, bands

FLOOR_DB = -100.0
"""Under the target's loudest bin."""


def evaluate(
    predictions: Sequence[NDArray[np.floating]],
    targets: Sequence[NDArray[np.floating]],
    rate: int,
) -> tuple[float, list[tuple[Band, float]]]:
    """Log-spectral distance in dB, over the full band and by band.

    Args:
        predictions: stretches of shape ``(samples,)``.
        targets: likewise.
        rate: in Hz.

    Raises:
        ValueError: the target is silent.
    """
    got = np.concatenate([frames.powers(p.astype(np.float64)) for p in predictions])
    want = np.concatenate([frames.powers(y.astype(np.float64)) for y in targets])
    if not any(y.any() for y in targets):
        raise ValueError("a silent target has no spectrum to be far from")
    floor = want.max() * 10 ** (FLOOR_DB / 10)
    squared = (10 * np.log10(np.maximum(got, floor) / np.maximum(want, floor))) ** 2
    bins = np.fft.rfftfreq(frames.FFT, 1 / rate)

    def distance(members: NDArray[np.bool_]) -> float:
        return float(np.sqrt(squared[:, members].mean(axis=1)).mean())

    by_band = [(band, distance((bins >= band.low) & (bins < band.high))) for band in bands(rate)]
    return distance(np.ones(len(bins), bool)), by_band
