"""Target and prediction over each other where the playing is loudest, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.levels import loudest_excerpt
from drywet.figures import canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SECONDS = 0.03


def waveform(
    target: NDArray[np.float32],
    prediction: NDArray[np.float32],
    rate: int,
    title: str = "",
    size: tuple[float, float] = (9, 4.5),
) -> Figure:
    """Overlay of 30 ms, signals of shape ``(samples,)``."""
    part = loudest_excerpt(target, int(_SECONDS * rate))
    t = np.arange(part.start, part.stop) / rate
    y, p = target[part], prediction[part]
    figure = canvas.new_figure(*size)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    above.plot(t, y, color=canvas.TARGET, lw=2.2, label="target (the device)")
    above.plot(t, p, color=canvas.PREDICTION, lw=1.1, label="prediction (the model)")
    above.set_ylabel("full scale")
    above.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    below.plot(t, y - p, color=canvas.RESIDUAL, lw=1.0)
    below.set_ylabel("residual")
    below.set_xlabel("seconds into the test audio")
    for axes in (above, below):
        axes.grid(alpha=0.25)
        axes.margins(x=0)
    return figure
