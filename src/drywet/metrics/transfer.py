"""Transfer curves: how loud comes out for how loud goes in, and the path of one period.

The static curve is the level of the settled output for sines of 1 kHz (an eighth of a
sample rate under 8 kHz) at rising levels: slope 1
is linear, flat is limiting. The dynamic curve is output over input along one settled period of
a sine of 110 Hz at -12 dBFS: a line for a memoryless device, a loop where its filters turn the
phase.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from drywet.dsp.levels import db, rms
from drywet.metrics.sines import Play, frame_length, settled

STATIC_HZ = 1000.0
STATIC_LEVELS_DB = tuple(float(level) for level in range(-60, 1, 6))
DYNAMIC_HZ = 110.0
DYNAMIC_LEVEL_DB = -12.0
_POINTS = 128


class Transfer(NamedTuple):
    """Both curves.

    Attributes:
        static: peak of the input and RMS of the output, both in dBFS.
        dynamic: input and output in full scale, along one period.
    """

    static: list[tuple[float, float]]
    dynamic: list[tuple[float, float]]


def evaluate(play: Play, rate: int, settle: int | None = None) -> Transfer:
    """Transfer curves of a device or a model.

    Args:
        play: the device or the model.
        rate: in Hz.
        settle: samples before the frame; half a second by default.
    """
    length = frame_length(rate)
    place = max(round(min(STATIC_HZ, rate / 8) * length / rate), 1)
    static = []
    for level in STATIC_LEVELS_DB:
        _, out = settled(play, [(place, 10 ** (level / 20))], rate, settle)
        static.append((level, db(rms(out - out.mean()))))
    place = max(round(DYNAMIC_HZ * length / rate), 1)
    signal, out = settled(play, [(place, 10 ** (DYNAMIC_LEVEL_DB / 20))], rate, settle)
    chosen = np.linspace(0, length / place, _POINTS, endpoint=False).astype(int)
    return Transfer(static, [(float(signal[i]), float(out[i])) for i in chosen])
