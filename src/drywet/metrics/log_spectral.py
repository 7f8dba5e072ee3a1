"""Log-spectral distance: how far two spectra are apart in dB, loud bins and soft ones alike.

Gray and Markel, "Distance measures for speech processing", IEEE Trans. ASSP 1976: the root of
the mean squared difference of the power spectra in dB over the bins of a frame, averaged
over the frames. Powers are floored 100 dB below the target's loudest bin: what lies under
it, both agree on. A power of 1 in 100000 of the music's, in bins far from it, counts as much as
an error in the middle of it, which is what makes this distance see added noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.dsp import frames
from drywet.metrics.bands import Band, bands

FLOOR_DB = -100.0
"""Under the target's loudest bin."""
_LEAST = 1e-30


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
    if not any(y.any() for y in targets):
        raise ValueError("a silent target has no spectrum to be far from")
    bins = np.fft.rfftfreq(frames.FFT, 1 / rate)
    inside = [np.ones(len(bins), bool)]
    inside += [(bins >= band.low) & (bins < band.high) for band in bands(rate)]
    members = np.array([chosen / max(chosen.sum(), 1) for chosen in inside]).T
    loudest = max(float(_power(part).max()) for y in targets for part in _spectra(y))
    floor = max(loudest * 10 ** (FLOOR_DB / 10), _LEAST)
    sums, count = np.zeros(len(inside)), 0
    for prediction, target in zip(predictions, targets, strict=True):
        for got, want in zip(_spectra(prediction), _spectra(target), strict=True):
            ratio = np.maximum(_power(got), floor) / np.maximum(_power(want), floor)
            sums += np.sqrt((10 * np.log10(ratio)) ** 2 @ members).sum(axis=0)
            count += len(want)
    full, *by_band = (sums / count).tolist()
    return full, list(zip(bands(rate), by_band, strict=True))


def _spectra(samples: NDArray[np.floating]) -> Iterator[NDArray[np.complex128]]:
    return frames.spectra(samples.astype(np.float64))


def _power(spectra: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.asarray(spectra.real**2 + spectra.imag**2)
