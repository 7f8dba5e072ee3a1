"""Harmonics of steady sines: the colour of a distortion, held against the device's own.

Levels are peaks in dB against the fundamental's (dBc). Where the device can be asked, the
error of a harmonic is the difference of the two levels in dBFS, and counts where the device's
lies at most 80 dB below its fundamental. THD is the root of the energy of harmonics 2 to 20
over that of the fundamental (IEC 60268-3), in dB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from drywet.dsp.levels import db
from drywet.metrics.aliasing import LEVEL_SLACK_DB
from drywet.metrics.sines import Sine

MOST = 20
"""The highest harmonic."""
AUDIBLE_DB = -80.0


class Tone(NamedTuple):
    """The harmonics of one sine.

    Attributes:
        hz: of the fundamental.
        level_db: of the input, in dBFS.
        harmonics_db: peaks of harmonics 1 to 20 in dBFS, as many as the band holds.
        thd_db: total harmonic distortion.
    """

    hz: float
    level_db: float
    harmonics_db: list[float]
    thd_db: float


class HarmonicError(NamedTuple):
    """A model's harmonics against the device's.

    Attributes:
        rms_db: root mean square of all errors that count.
        worst_db: the largest, without its sign.
        thd_db: root mean square of the differences in THD.
        by_number_db: root mean square for harmonic 1, 2, ...; ``None`` where none counts.
    """

    rms_db: float
    worst_db: float
    thd_db: float
    by_number_db: list[float | None]


def tone(sine: Sine) -> Tone:
    """Harmonics and THD of one sine."""
    inside = min((len(sine.spectrum) - 1) // sine.bin, MOST)
    peaks = [sine.harmonic(number) for number in range(1, inside + 1)]
    over = float(np.sqrt(np.sum(np.square(peaks[1:])))) / max(peaks[0], 1e-300)
    return Tone(sine.hz, sine.level_db, [db(peak) for peak in peaks], db(over))


def evaluate(sines: Sequence[Sine]) -> list[Tone]:
    """Harmonics of all sines of a grid."""
    return [tone(sine) for sine in sines]


def compare(
    model: Sequence[Tone], device: Sequence[Tone], heard_db: float | None = None
) -> HarmonicError:
    """Errors of a model's harmonics, on the same grid of sines.

    Args:
        model: its tones.
        device: its tones.
        heard_db: peak in dBFS up to which the model was trained; louder sines do not count, unless
            all are.

    Raises:
        ValueError: the grids differ.
    """
    if [(t.hz, t.level_db) for t in model] != [(t.hz, t.level_db) for t in device]:
        raise ValueError("model and device were asked with different sines")
    pairs = list(zip(model, device, strict=True))
    most = np.inf if heard_db is None else heard_db + LEVEL_SLACK_DB
    pairs = [pair for pair in pairs if pair[0].level_db <= most] or pairs
    errors: list[list[float]] = [[] for _ in range(MOST)]
    for ours, theirs in pairs:
        peaks = zip(ours.harmonics_db, theirs.harmonics_db, strict=True)
        for number, (got, want) in enumerate(peaks):
            if want >= theirs.harmonics_db[0] + AUDIBLE_DB:
                errors[number].append(got - want)
    everything = np.array([e for row in errors for e in row])
    thd = np.array([a.thd_db - b.thd_db for a, b in pairs])
    audible = np.array([b.thd_db >= AUDIBLE_DB for _, b in pairs])
    return HarmonicError(
        _rms(everything),
        float(np.abs(everything).max()),
        _rms(thd[audible]) if audible.any() else 0.0,
        [_rms(np.array(row)) if row else None for row in errors],
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
