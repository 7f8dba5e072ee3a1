"""Spectrograms of dry, target, prediction and residual on one scale.

The residual shows at a glance what a single number hides: noise between the
harmonics, and highs that the device never made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FFT = 2048
_HOP = 512
_RANGE_DB = 100.0
_MOST_SECONDS = 12.0


def _levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """dB of a full-scale sine, shape ``(bins, frames)``."""
    window = np.hanning(_FFT)
    padded = np.pad(samples, (0, max(_FFT - len(samples), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    magnitude = np.abs(np.fft.rfft(frames * window)) * 2 / window.sum()
    return np.asarray(20 * np.log10(np.maximum(magnitude.T, 1e-10)))


def spectrograms(
    dry: NDArray[np.float32],
    target: NDArray[np.float32],
    prediction: NDArray[np.float32],
    rate: int,
    title: str,
    seams: Sequence[int] = (),
) -> Figure:
    """Four panels over the first 12 seconds.

    Args:
        dry: shape ``(samples,)``, like the other two.
        target: the device's output.
        prediction: the model's.
        rate: in Hz.
        title: above them all.
        seams: samples at which separate stretches were joined; each is marked,
            because the join itself is a click that neither device nor model made.
    """
    length = int(_MOST_SECONDS * rate)
    panels = {
        "dry": dry[:length],
        "target": target[:length],
        "prediction": prediction[:length],
        "residual (target - prediction)": (target - prediction)[:length],
    }
    levels = {name: _levels(samples) for name, samples in panels.items()}
    top = max(float(level.max()) for level in levels.values())
    figure = canvas.new_figure(10, 7)
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for place, (name, level) in zip(axes.flat, levels.items(), strict=True):
        image = place.imshow(
            level,
            origin="lower",
            aspect="auto",
            extent=(0, level.shape[1] * _HOP / rate, 0, rate / 2000),
            vmin=top - _RANGE_DB,
            vmax=top,
            cmap="magma",
            interpolation="nearest",
        )
        place.set_title(name, loc="left", fontsize=10)
        for seam in seams:
            if seam < length:
                place.axvline(seam / rate, color="white", lw=0.8, ls=":")
    for place in axes[:, 0]:
        place.set_ylabel("kHz")
    for place in axes[1]:
        place.set_xlabel("seconds of test audio")
    figure.colorbar(image, ax=axes, label="dB of a full-scale sine", shrink=0.8)
    note = "  (dotted: joins of held-out blocks)" if seams else ""
    figure.suptitle(title + note, fontsize=11)
    return figure
