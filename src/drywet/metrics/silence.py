"""Noise where nothing is played: in pauses, in decay tails, and on silence itself.

Frames of 50 ms are sorted by the level of the dry signal against its loud frames (the 95th
percentile of those that are not digitally silent); a frame's mean, which nobody hears, is taken
off. More than 60 dB below them is a pause, 30 to 60 dB below is the tail of a dying
note. A net with a bias or a limit cycle hums there, and no error-to-signal ratio sees it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.levels import db, frame_rms

FRAME_SECONDS = 0.05
PAUSE_DB = -60.0
TAIL_DB = -30.0
_LEAST_FRAMES = 4
_AFTER = 2  # frames a pause must have gone on for, so that the device's own tail is over


class Quiet(NamedTuple):
    """RMS levels in dBFS, means over the frames; ``None`` where there are none.

    Attributes:
        target: the device's.
        prediction: the model's.
        seconds: how long such frames last in all.
    """

    target: float
    prediction: float
    seconds: float


def idle_noise(silence_played: NDArray[np.floating]) -> float:
    """RMS in dBFS of what a model makes of silence, its mean (which nobody hears) taken off."""
    samples = silence_played.astype(np.float64)
    return db(float(np.sqrt(np.mean((samples - samples.mean()) ** 2))))


def _level(samples: NDArray[np.float32], frame: int, chosen: NDArray[np.bool_]) -> float:
    """RMS over some frames, each without its mean."""
    frames = samples[: len(chosen) * frame].reshape(len(chosen), frame)[chosen].astype(np.float64)
    return db(float(np.sqrt(np.mean((frames - frames.mean(axis=1, keepdims=True)) ** 2))))


def evaluate(
    dry: NDArray[np.float32],
    target: NDArray[np.float32],
    prediction: NDArray[np.float32],
    rate: int,
) -> tuple[Quiet | None, Quiet | None]:
    """Levels in the pauses and in the decay tails of a recording.

    Args:
        dry: shape ``(samples,)``, like the other two.
        target: of the device.
        prediction: of the model.
        rate: in Hz.

    Returns:
        In pauses and in tails; ``None`` where there are none worth the name.
    """
    frame = max(int(FRAME_SECONDS * rate), 1)
    level = frame_rms(dry, frame)
    if not level.any():
        return None, None
    against = 20 * np.log10(np.maximum(level, 1e-12) / np.quantile(level[level > 0], 0.95))
    pause = against < PAUSE_DB
    for before in range(1, _AFTER + 1):
        pause[before:] &= against[:-before] < PAUSE_DB
        pause[:before] = False
    tail = (against >= PAUSE_DB) & (against < TAIL_DB)

    def quiet(chosen: NDArray[np.bool_]) -> Quiet | None:
        if chosen.sum() < _LEAST_FRAMES:
            return None
        theirs, ours = (_level(samples, frame, chosen) for samples in (target, prediction))
        return Quiet(theirs, ours, float(chosen.sum() * frame / rate))

    return quiet(pause), quiet(tail)
