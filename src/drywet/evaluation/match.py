"""A prediction brought to its target's delay and level, so that the sound alone is compared.

Whoever made a model aligned the capture and set its level in his own way. Heard against
another recording of the device, neither is the model's fault.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from drywet.dsp.latency import SURE, estimate, most_alike
from drywet.dsp.levels import db, rms

Signal = NDArray[np.float32]


class Match(BaseModel):
    """What was done to a prediction.

    Attributes:
        delay_samples: by which it was delayed; of less than nothing, advanced.
        gain_db: by which it was made louder.
        inverted: it was turned over.
    """

    delay_samples: float
    gain_db: float
    inverted: bool


def matched(prediction: Signal, target: Signal, rate: int) -> tuple[Signal, Match]:
    """The prediction as late and as loud as the target, to a fraction of a sample.

    Args:
        prediction: of a model, shape ``(samples,)``.
        target: of the device, as long.
        rate: in Hz.
    """
    found = estimate(prediction, target, rate)
    delay = float(found.samples) if found.confidence >= SURE else 0.0
    moved = _delayed(prediction, delay)
    delay += most_alike(moved, target)
    moved = _delayed(prediction, delay)
    inverted = float(moved.astype(np.float64) @ target.astype(np.float64)) < 0
    gain = rms(target) / max(rms(moved), 1e-9)
    change = Match(delay_samples=delay, gain_db=db(gain), inverted=inverted)
    return np.asarray(moved * (-gain if inverted else gain), np.float32), change


def _delayed(signal: Signal, samples: float) -> Signal:
    """By any number of samples, with silence where nothing was; bandlimited."""
    room = int(abs(samples)) + 64
    padded = np.pad(signal.astype(np.float64), room)
    turns = np.exp(-2j * np.pi * np.fft.rfftfreq(len(padded)) * samples)
    moved = np.fft.irfft(np.fft.rfft(padded) * turns, len(padded))
    return np.asarray(moved[room : room + len(signal)], np.float32)
