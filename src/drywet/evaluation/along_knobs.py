"""What each knob does to steady sines, from end to end: the model's answers and the device's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from drywet.devices.catalog import at_once
from drywet.dsp.levels import db
from drywet.errors import DrywetError
from drywet.evaluation.probes import device_named, player_of, settling
from drywet.kernels.threads import side_by_side
from drywet.metrics import sines
from drywet.metrics.aliasing import LEVEL_SLACK_DB
from drywet.metrics.harmonics import tone
from drywet.metrics.sines import Play
from drywet.runs.capture import Recording
from drywet.trained.knob_range import KnobRange
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel

HZ = 220.0
LEVELS_DB = (-60.0, -48.0, -36.0, -24.0, -12.0, 0.0)
"""Peaks of the sines in dBFS."""
HARMONICS_DB = -12.0
"""Of the sine whose harmonics are kept, or of the loudest that is not louder."""
HARMONICS = 5
_PLACES = 5

PlayAt = Callable[[Mapping[str, float]], tuple[Play, int | None]]
"""What plays with its knobs at positions, and the samples after which it has settled."""


class Answer(NamedTuple):
    """What came out with a knob at one position.

    Attributes:
        position: of the knob, in its own unit.
        out_db: RMS in dBFS for a sine of each level.
        harmonics_db: peaks of harmonics 1 to `HARMONICS` in dBFS.
    """

    position: float
    out_db: tuple[float, ...]
    harmonics_db: tuple[float, ...]


@dataclass(frozen=True)
class AlongKnob:
    """One knob, all others where they stood.

    Attributes:
        name: of the knob.
        levels_db: peaks of the sines, in dBFS.
        model: its answers from end to end.
        device: its own at the same positions, where drywet can play it.
    """

    name: str
    levels_db: tuple[float, ...]
    model: list[Answer]
    device: list[Answer] | None


def along_knobs(
    trained: TrainedModel, stood: Mapping[str, float], recording: Recording, peak_dbfs: float | None
) -> list[AlongKnob]:
    """Turn each knob from end to end; one that only follows another does nothing and is left out.

    Args:
        trained: a model with knobs.
        stood: where the others stand meanwhile, in their own units.
        recording: of a capture at ``stood``, which names the device.
        peak_dbfs: up to which the model was taught; it is not asked with louder sines.
    """
    most = 0.0 if peak_dbfs is None else peak_dbfs + LEVEL_SLACK_DB
    levels = tuple(level for level in LEVELS_DB if level <= most) or LEVELS_DB[:1]
    knobs = [knob for knob in trained.card.ranges.values() if knob.follows is None]
    rate = trained.card.rate

    def turned(positions: Mapping[str, float]) -> tuple[Play, int | None]:
        fixed = with_knobs(trained, positions)
        return player_of(fixed, 1), settling(fixed, 1)

    ours = [answers(turned, stood, knob, levels, rate) for knob in knobs]
    theirs = _of_device(recording, stood, knobs, levels, rate)
    return [
        AlongKnob(knob.name, levels, model, None if theirs is None else theirs[number])
        for number, (knob, model) in enumerate(zip(knobs, ours, strict=True))
    ]


def answers(
    turned: PlayAt,
    stood: Mapping[str, float],
    knob: KnobRange,
    levels_db: Sequence[float],
    rate: int,
    at_once: int = 1,
) -> list[Answer]:
    """Answers of a model or a device along one of its knobs.

    Args:
        turned: the model or the device.
        stood: positions of all its knobs.
        knob: that is turned.
        levels_db: peaks of the sines in dBFS, rising.
        rate: in Hz.
        at_once: positions that are asked side by side.
    """
    places = [knob.position(share) for share in np.linspace(0, 1, _PLACES)]
    if knob.steps:
        chosen = np.linspace(0, len(knob.steps) - 1, min(len(knob.steps), _PLACES))
        places = [sorted(knob.steps)[round(number)] for number in chosen]

    def asked(position: float) -> Answer:
        play, settle = turned({**stood, knob.name: position})
        grid = sines.measure(play, rate, settle, [HZ], levels_db)
        out = tuple(db(float(np.sqrt(np.sum(np.abs(s.spectrum[1:]) ** 2) / 2))) for s in grid)
        loud = [sine for sine in grid if sine.level_db <= HARMONICS_DB] or grid[:1]
        return Answer(position, out, tuple(tone(loud[-1]).harmonics_db[:HARMONICS]))

    return side_by_side([partial(asked, position) for position in places], at_once)


def _of_device(
    recording: Recording,
    stood: Mapping[str, float],
    knobs: Sequence[KnobRange],
    levels_db: Sequence[float],
    rate: int,
) -> list[list[Answer]] | None:
    if recording.device is None:
        return None
    try:
        device = device_named(recording.device)
        known = {**recording.knobs, **stood}

        def turned(positions: Mapping[str, float]) -> tuple[Play, int | None]:
            return lambda signal: device.process(signal, rate, positions), None

        side = at_once(device)
        return [answers(turned, known, knob, levels_db, rate, side) for knob in knobs]
    except DrywetError:  # it is gone, or was never to be played: the model's curves stand alone
        return None
