"""Harmonics of some steady sines, the model's over the device's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from drywet.figures import canvas
from drywet.metrics.aliasing import LEVEL_SLACK_DB
from drywet.metrics.harmonics import Tone

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN_HZ = (110.0, 523.0)
_LEVEL_DB = -12.0
_RANGE_DB = 100.0


def harmonics(
    systems: Mapping[str, Sequence[Tone]],
    colors: Mapping[str, str],
    heard_db: float | None,
    size: tuple[float, float] = canvas.CARD,
) -> Figure:
    """Peaks of harmonics 1 to 20 for a low and a middle note, at most at -12 dBFS.

    Args:
        systems: tones by name, of the same grid.
        colors: of each.
        heard_db: peak in dBFS that the model was trained up to.
        size: in inches.
    """
    figure = canvas.new_figure(*size)
    most = min(_LEVEL_DB, np.inf if heard_db is None else heard_db + LEVEL_SLACK_DB)
    levels = sorted({tone.level_db for tones in systems.values() for tone in tones})
    level = max((each for each in levels if each <= most), default=levels[0])
    places = figure.subplots(1, len(_SHOWN_HZ), sharey=True)
    for axes, wanted in zip(places, _SHOWN_HZ, strict=True):
        top = -200.0
        for number, (name, tones) in enumerate(systems.items()):
            tone = min(tones, key=lambda t: abs(t.hz - wanted) + 1e4 * abs(t.level_db - level))
            x = [i + 1 + 0.2 * number for i in range(len(tone.harmonics_db))]
            top = max(top, *tone.harmonics_db)
            axes.vlines(x, -200, tone.harmonics_db, color=colors[name], lw=2.5, label=name)
        axes.set_ylim(top - _RANGE_DB, top + 6)
        axes.set_title(f"{tone.hz:.0f} Hz at {tone.level_db:.0f} dBFS", loc="left", fontsize=9)
        axes.set_xlabel("harmonic")
        axes.grid(alpha=0.25, axis="y")
    places[0].set_ylabel("peak, dBFS")
    places[0].legend(frameon=False, fontsize=8)
    return figure
