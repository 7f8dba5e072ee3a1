"""A-weighting: what an ear at low levels would take notice of.

IEC 61672-1:2013, annex E: the magnitude

``A(f) = 12194² f⁴ / ((f² + 20.6²) sqrt((f² + 107.7²)(f² + 737.9²)) (f² + 12194²))``,

brought to 0 dB at 1 kHz. Applied to the whole signal's spectrum, so that it is exact up to half
the sample rate (a bilinear filter would not be) and leaves the phase alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_AT_1_KHZ_DB = 2.0  # of the curve before it is brought to 0 dB there, sign turned


def a_curve(hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """The A-weighting as a factor of the amplitude; 0 at 0 Hz."""
    f2 = np.asarray(hz, float) ** 2
    pole = 12194.217**2
    curve = pole * f2**2
    curve /= (f2 + 20.598997**2) * (f2 + pole)
    curve /= np.sqrt((f2 + 107.65265**2) * (f2 + 737.86223**2))
    return np.asarray(curve * 10 ** (_AT_1_KHZ_DB / 20))


def a_weighted(samples: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """A signal of shape ``(samples,)`` after A-weighting."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(2 * len(samples), real=True)  # no end runs into the beginning
    spectrum = rfft(samples.astype(np.float64), size)
    weighted = irfft(spectrum * a_curve(np.fft.rfftfreq(size, 1 / rate)), size)
    return np.asarray(weighted[: len(samples)])
