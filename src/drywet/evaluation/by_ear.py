"""Aliasing to be seen and heard: a model at its own rate and oversampled, beside its device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.plucked import pluck
from drywet.errors import DrywetError
from drywet.evaluation.measure import ADVISED, Subject
from drywet.evaluation.probes import device_named, player_of, settling
from drywet.inference.stream import predict
from drywet.metrics import aliasing, sines
from drywet.metrics.aliasing import Aliasing
from drywet.runs.capture import Recording

Signal = NDArray[np.float32]

_LOWEST_HZ = 329.63  # the open first string
_NOTES = 13  # two octaves in whole tones
_NOTE_SECONDS = 0.35
_PEAK_DBFS = -6.0  # where it is not known how loud the model's training audio was


@dataclass(frozen=True)
class ByEar:
    """What oversampling does to a model.

    Attributes:
        factor: times which it ran.
        aliasing: of the sines, oversampled.
        rate: of the sounds, in Hz.
        device: of the notes, where drywet can play it.
        own: of the model at its own rate.
        oversampled: of the model oversampled, in time with it.
    """

    factor: int
    aliasing: Aliasing
    rate: int
    device: Signal | None
    own: Signal
    oversampled: Signal


def up_the_neck(rate: int, peak_dbfs: float) -> Signal:
    """Single notes up the first string, where the aliases of a distortion are bare.

    Args:
        rate: in Hz.
        peak_dbfs: of every note.
    """
    rng = np.random.default_rng(0)
    lowest = min(_LOWEST_HZ, rate / 16)  # all notes lie below half the rate
    notes = [
        pluck(lowest * 2 ** (2 * step / 12), _NOTE_SECONDS, rate, rng) for step in range(_NOTES)
    ]
    return np.asarray(np.concatenate(notes) * 10 ** (peak_dbfs / 20), np.float32)


def by_ear(subject: Subject) -> ByEar:
    """Play notes and sines through a model and its device."""
    trained = subject.trained
    rate = trained.card.rate
    peak = _PEAK_DBFS if subject.trained_peak_dbfs is None else subject.trained_peak_dbfs
    notes = up_the_neck(rate, peak)
    grid = sines.measure(player_of(trained, ADVISED), rate, settling(trained, ADVISED))
    return ByEar(
        factor=ADVISED,
        aliasing=aliasing.evaluate(grid),
        rate=rate,
        device=_of_device(subject.recording, notes, rate),
        own=predict(trained, notes),
        oversampled=predict(trained, notes, ADVISED),
    )


def _of_device(recording: Recording | None, notes: Signal, rate: int) -> Signal | None:
    """What the device makes of them, where drywet can ask it."""
    if recording is None or recording.device is None:
        return None
    try:
        return device_named(recording.device).process(notes, rate, recording.knobs)
    except DrywetError:
        return None
