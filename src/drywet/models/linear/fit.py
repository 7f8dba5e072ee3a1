"""The linear baseline: a finite impulse response, fitted in closed form.

What a pedal does beyond filtering is what the neural nets are for; this says how
much of it there is. The taps minimise the squared error over the training
spans exactly (ordinary least squares by the normal equations, in float64).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Relative ridge: keeps the solution finite where the dry signal has an empty band.
_RIDGE = 1e-9


def fit_fir(
    dry: NDArray[np.float32],
    wet: NDArray[np.float32],
    spans: list[tuple[int, int]],
    taps: int,
) -> NDArray[np.float64]:
    """Least-squares FIR from dry to wet over some spans of a recording.

    Args:
        dry: shape ``(samples,)``.
        wet: the same shape.
        spans: ``(start, stop)`` pairs; dry before a span's start is not used,
            so its first ``taps - 1`` targets are left out.
        taps: length of the filter.

    Returns:
        The taps, float64 of shape ``(taps,)``, the newest sample first.

    Raises:
        ValueError: no span is longer than the filter.
    """
    from scipy.fft import irfft, next_fast_len, rfft  # scipy.signal takes a second to import

    first_row, cross = np.zeros(taps), np.zeros(taps)  # newest sample first
    steps = np.zeros((taps - 1, taps - 1))
    rows = 0
    for start, stop in spans:
        if stop - start < taps:
            continue
        x, y = dry[start:stop].astype(np.float64), wet[start:stop].astype(np.float64)
        size = next_fast_len(len(x), real=True)
        spectrum = np.conj(rfft(x, size))
        late = np.stack((x, y))
        late[:, : taps - 1] = 0  # so that nothing comes round from the end
        sums = irfft(spectrum * rfft(late, size), size)[:, :taps]
        first_row += sums[0]
        cross += sums[1]
        # A row further down, the sums lose their last product and gain one in front.
        gained, lost = x[: taps - 1][::-1], x[-1:-taps:-1]
        steps += np.outer(gained, gained) - np.outer(lost, lost)
        rows += len(x) - taps + 1
    if rows == 0:
        raise ValueError(f"no span holds {taps} samples")
    gram = np.empty((taps, taps))
    gram[0], gram[:, 0] = first_row, first_row
    for i in range(taps - 1):
        gram[i + 1, 1:] = gram[i, :-1] + steps[i]
    gram[np.diag_indices(taps)] += _RIDGE * np.trace(gram) / taps + np.finfo(np.float64).tiny
    return np.ascontiguousarray(np.linalg.solve(gram, cross), dtype=np.float64)
