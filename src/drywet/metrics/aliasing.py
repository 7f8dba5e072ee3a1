"""Aliasing-to-signal ratio: what a system adds to a sine that is not a harmonic of it.

``ASR = sum |Y_b|² over non-harmonic bins / sum |Y_b|² over harmonic bins``, in dB, DC in
neither; the non-harmonic bins are summed directly. Everything that is not a harmonic counts:
aliases of harmonics above half the sample rate, noise, and what has not settled. After
Sato and Smith, "Aliasing reduction in neural amp modeling by smoothing activations", 2025;
the grid of sines is that of `drywet.metrics.sines`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from drywet.metrics.sines import Sine

FLOOR_DB = -160.0
LEVEL_SLACK_DB = 0.5
"""A level this little over the loudest of the training audio is no guess."""


class AliasPoint(NamedTuple):
    """One sine: its frequency in Hz, its peak in dBFS and the ASR in dB."""

    hz: float
    level_db: float
    asr_db: float


class Aliasing(NamedTuple):
    """Aliasing of a system.

    Attributes:
        mean_db: of the ratios, as energies.
        worst_db: the highest.
        points: for every sine.
    """

    mean_db: float
    worst_db: float
    points: list[AliasPoint]


def asr(sine: Sine) -> float:
    """Energy off the harmonics over that on them; 0 without output, infinite for noise alone."""
    power = np.abs(sine.spectrum) ** 2
    harmonic = np.zeros(len(power), bool)
    harmonic[sine.bin :: sine.bin] = True
    off = ~harmonic
    off[0] = False
    signal = float(power[harmonic].sum())
    noise = float(power[off].sum())
    if signal == 0:
        return float("inf") if noise > 0 else 0.0
    return noise / signal


def ratio_db(ratio: float) -> float:
    """A ratio of energies in dB, -160 to 160."""
    return float(np.clip(10 * np.log10(max(ratio, 1e-300)), FLOOR_DB, -FLOOR_DB))


def taught(points: Sequence[AliasPoint], heard_db: float | None) -> list[AliasPoint]:
    """The sines no louder than what a model was trained on; all of them where none is."""
    found = [p for p in points if heard_db is None or p.level_db <= heard_db + LEVEL_SLACK_DB]
    return found or list(points)


def worst_taught(points: Sequence[AliasPoint], heard_db: float | None) -> AliasPoint:
    """The sine that aliases most, of those no louder than what a model was trained on."""
    return max(taught(points, heard_db), key=lambda point: point.asr_db)


def up_to(found: Aliasing, heard_db: float | None) -> float:
    """Mean ratio in dB, as energies, over the sines that a model was taught the level of."""
    ratios = [10 ** (point.asr_db / 10) for point in taught(found.points, heard_db)]
    return ratio_db(float(np.mean(ratios)))


def evaluate(sines: Sequence[Sine]) -> Aliasing:
    """ASR of all sines of a grid, at least one."""
    ratios = [asr(sine) for sine in sines]
    points = [
        AliasPoint(sine.hz, sine.level_db, ratio_db(ratio))
        for sine, ratio in zip(sines, ratios, strict=True)
    ]
    return Aliasing(ratio_db(float(np.mean(ratios))), ratio_db(max(ratios)), points)
