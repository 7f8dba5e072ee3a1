"""Two-tone intermodulation after SMPTE RP 120: how a low note smears a high one.

Sines of 60 Hz and 7 kHz, the low one 12 dB louder, both together of a given peak. The sum
and difference tones ``7 kHz ± n 60 Hz``, ``n`` 1 to 5, are taken by their energy over that of
the high tone, in dB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from drywet.dsp.levels import db
from drywet.metrics.sines import LEVELS_DB, Play, frame_length, settled, spectrum

LOW_HZ, HIGH_HZ = 60.0, 7000.0
ORDERS = 5
_RATIO = 4.0  # low over high


class TwoTone(NamedTuple):
    """Intermodulation of one level: peak of the input in dBFS, products in dB."""

    level_db: float
    imd_db: float


def evaluate(
    play: Play,
    rate: int,
    settle: int | None = None,
    levels_db: Sequence[float] = LEVELS_DB,
) -> list[TwoTone]:
    """Intermodulation at several levels; none where the sample rate holds no such high tone.

    Args:
        play: the device or the model.
        rate: in Hz.
        settle: samples before the frame; half a second by default.
        levels_db: peaks of both tones together, in dBFS.
    """
    length = frame_length(rate)
    low, high = (round(hz * length / rate) for hz in (LOW_HZ, HIGH_HZ))
    if high + ORDERS * low > length // 2:
        return []
    found = []
    for level in levels_db:
        peak = 10 ** (level / 20) / (1 + _RATIO)
        _, out = settled(play, [(low, _RATIO * peak), (high, peak)], rate, settle)
        peaks = np.abs(spectrum(out))
        sides = [peaks[high + sign * n * low] for n in range(1, ORDERS + 1) for sign in (1, -1)]
        ratio = float(np.sqrt(np.sum(np.square(sides)))) / max(float(peaks[high]), 1e-300)
        found.append(TwoTone(level, db(ratio)))
    return found
