"""Aliasing over fundamental and level, of the model and where it can be asked of the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from drywet.figures import canvas
from drywet.metrics.aliasing import LEVEL_SLACK_DB, Aliasing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RANGE_DB = (-100.0, 0.0)


def aliasing_map(
    systems: Mapping[str, Aliasing],
    heard_db: float | None,
    size: tuple[float, float] = canvas.CARD,
) -> Figure:
    """A map for each system, with the ratio in dB in every field.

    Args:
        systems: aliasing by name, on the same grid of sines.
        heard_db: peak in dBFS that the model was trained up to; levels above get a star.
        size: in inches.
    """
    figure = canvas.new_figure(*size)
    places = figure.subplots(len(systems), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, found) in zip(places, systems.items(), strict=True):
        tones = sorted({point.hz for point in found.points})
        levels = sorted({point.level_db for point in found.points})
        grid = np.full((len(levels), len(tones)), np.nan)
        for point in found.points:
            grid[levels.index(point.level_db), tones.index(point.hz)] = point.asr_db
        axes.imshow(
            grid, origin="lower", aspect="auto", cmap="magma", vmin=_RANGE_DB[0], vmax=_RANGE_DB[1]
        )
        for (row, column), value in np.ndenumerate(grid):
            bright = value > sum(_RANGE_DB) / 2
            axes.text(
                column, row, f"{value:.0f}", ha="center", va="center", fontsize=8,
                color="#000000" if bright else "#ffffff",
            )  # fmt: skip
        most = np.inf if heard_db is None else heard_db + LEVEL_SLACK_DB
        names = [f"{level:.0f}" + ("*" if level > most else "") for level in levels]
        axes.set_yticks(range(len(levels)), names)
        axes.set_xticks(range(len(tones)), [f"{hz:.0f}" for hz in tones], fontsize=8)
        axes.set_title(name, loc="left", fontsize=9)
        axes.set_ylabel("dBFS")
    places[-1].set_xlabel("fundamental, Hz")
    return figure
