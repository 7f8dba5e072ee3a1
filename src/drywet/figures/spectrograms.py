"""Spectrograms of dry, target, prediction and residual on one scale.

The residual shows at a glance what a single number hides: noise between the
harmonics, and highs that the device never made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drywet.dsp import frames
from drywet.figures import canvas
from drywet.metrics import perceptual

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RANGE_DB = 100.0
_MOST_SECONDS = 12.0
_FULL_SCALE_SINE = 0.25  # power of its bin


def _levels(samples: NDArray[np.float32], rate: int, mel: bool) -> NDArray[np.float64]:
    """dB of a full-scale sine, shape ``(bins, frames)``."""
    power = frames.powers(samples).T
    if mel:
        filters = perceptual.mel_filters(rate)
        power = (filters / np.maximum(filters.max(axis=1, keepdims=True), 1e-12)) @ power
    return np.asarray(10 * np.log10(np.maximum(power / _FULL_SCALE_SINE, 1e-20)))


def spectrograms(
    dry: NDArray[np.float32],
    target: NDArray[np.float32],
    prediction: NDArray[np.float32],
    rate: int,
    title: str = "",
    seams: Sequence[int] = (),
    mel: bool = False,
    size: tuple[float, float] = (10, 7),
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
        mel: the frequency axis in mel bands, as ears have it, instead of Hz.
        size: in inches; a narrow figure has its panels one under the other.
    """
    length = int(_MOST_SECONDS * rate)
    panels = {
        "dry": dry[:length],
        "target": target[:length],
        "prediction": prediction[:length],
        "residual (target - prediction)": (target - prediction)[:length],
    }
    levels = {name: _levels(samples, rate, mel) for name, samples in panels.items()}
    top = max(float(level.max()) for level in levels.values())
    figure = canvas.new_figure(*size)
    narrow = size[0] < size[1]
    axes = figure.subplots(4 if narrow else 2, 1 if narrow else 2, sharex=True, sharey=True)
    axes = axes.reshape(-1, 1 if narrow else 2)
    for place, (name, level) in zip(axes.flat, levels.items(), strict=True):
        image = place.imshow(
            level,
            origin="lower",
            aspect="auto",
            extent=(0, level.shape[1] * frames.HOP / rate, 0, len(level) if mel else rate / 2000),
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
        place.set_ylabel("mel band" if mel else "kHz")
    for place in axes[-1]:
        place.set_xlabel("seconds of test audio")
    figure.colorbar(image, ax=axes, label="dB of a full-scale sine", shrink=0.8)
    note = "  (dotted: joins of held-out blocks)" if seams else ""
    if title:
        figure.suptitle(title + note, fontsize=11)
    return figure
