"""Steady sines in a recording: what the device itself made of them, and what the model does.

`drywet.metrics.sines` asks a model with sines of its own; a device that is only recorded cannot be
asked. But where the dry signal holds sines, as drywet's capture signal does and many others, the
device has answered. Each is found by its purity and fitted, by least squares, with a sine; on the
device's answer and the model's the harmonics of that pitch are fitted beside a polynomial, for an
offset that has not settled (coupling capacitors take tens of milliseconds). What is left over are
aliases and noise, as in `drywet.metrics.aliasing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray
from pydantic import BaseModel

from drywet.dsp.frames import powers
from drywet.dsp.levels import db
from drywet.metrics import harmonics, time
from drywet.metrics.aliasing import ratio_db
from drywet.metrics.harmonics import HarmonicError, Tone

LEAST_HZ = 200.0
"""Lower pitches have too few periods in a tenth of a second to tell their harmonics apart."""
_FRAME_SECONDS = 0.04
_LEAST_SECONDS = 0.07
_SETTLE = 0.25  # of a sine, at its start
_FADE = 0.1  # of it, at its end
_IMPURE = 1e-4  # energy beside the sine, over its own
_LEAST_PEAK = 1e-3
_DRIFT = 8  # degree: about 60 Hz in the settled part of a short sine
_LOBE = 4  # bins to either side of a sine, beyond which a Hann window leaves next to nothing
_PRECISE = {"xatol": 1e-5}  # in Hz
_MOST = 64

Signal = NDArray[np.float32]


class RecordedSine(NamedTuple):
    """A steady sine in a dry signal: its samples, once settled, its pitch in Hz and its peak."""

    start: int
    stop: int
    hz: float
    peak: float


class RecordedSines(BaseModel):
    """A model's answers to the sines of a recording, beside the device's.

    Attributes:
        count: how many there were.
        esr: over all of them.
        aliasing_db: of the model: energy off the harmonics over that on them, mean over the sines.
        device_aliasing_db: of the device, with the noise of the recording.
        harmonic_error: the model's harmonics against the device's.
    """

    count: int
    esr: float
    aliasing_db: float
    device_aliasing_db: float
    harmonic_error: HarmonicError


def find(dry: Signal, rate: int) -> list[RecordedSine]:
    """The steady sines of a dry signal from 200 Hz on to nearly half the sample rate, at most 64.

    Args:
        dry: shape ``(samples,)``.
        rate: in Hz.
    """
    fits = (_fitted(dry, *candidate, rate) for candidate in _candidates(dry, rate))
    return list(islice((sine for sine in fits if sine is not None), _MOST))


def evaluate(
    dry: Sequence[Signal], target: Sequence[Signal], prediction: Sequence[Signal], rate: int
) -> RecordedSines | None:
    """Hold a model's answers to recorded sines against the device's.

    Args:
        dry: stretches of the dry signal.
        target: of the device, as long.
        prediction: of the model, as long.
        rate: in Hz.

    Returns:
        ``None`` where there is no steady sine, or the device is silent on all of them.
    """
    ours: list[tuple[Tone, float]] = []
    theirs: list[tuple[Tone, float]] = []
    pieces = []
    for heard, wanted, got in zip(dry, target, prediction, strict=True):
        for sine in find(heard, rate):
            here = slice(sine.start, sine.stop)
            device = _answer(wanted[here], sine, rate)
            if device is None:
                continue
            model = _answer(got[here], sine, rate)
            theirs.append(device)
            ours.append(model or (_silent(device[0]), 1.0))
            pieces.append((got[here], wanted[here]))
    if not pieces:
        return None
    joined, expected = (
        np.concatenate(part).astype(np.float64) for part in zip(*pieces, strict=True)
    )
    return RecordedSines(
        count=len(pieces),
        esr=float(time.esr(joined, expected)),
        aliasing_db=ratio_db(float(np.mean([ratio for _, ratio in ours]))),
        device_aliasing_db=ratio_db(float(np.mean([ratio for _, ratio in theirs]))),
        harmonic_error=harmonics.compare([tone for tone, _ in ours], [tone for tone, _ in theirs]),
    )


def _candidates(dry: Signal, rate: int) -> Iterator[tuple[int, int, float]]:
    """Runs of frames in which nearly all energy lies about one and the same bin."""
    fft = max(round(_FRAME_SECONDS * rate), 16)
    hop = fft // 2
    power = powers(dry, fft, hop)
    places = np.argmax(power, axis=1)
    sums = np.cumsum(np.pad(power, ((0, 0), (_LOBE + 1, _LOBE))), axis=1)
    rows = np.arange(len(power))
    near = sums[rows, places + 2 * _LOBE + 1] - sums[rows, places]
    whole = power.sum(axis=1)
    pure = (whole - near < _IMPURE * near) & (power[rows, places] > (_LEAST_PEAK / 2) ** 2)
    first = 0
    for frame in range(1, len(power) + 1):
        goes_on = frame < len(power) and pure[frame] and abs(places[frame] - places[first]) <= 1
        if goes_on and pure[first]:
            continue
        start, stop = first * hop, (frame - 1) * hop + fft
        if pure[first] and stop - start >= _LEAST_SECONDS * rate:
            yield start, min(stop, len(dry)), float(places[first]) * rate / fft
        first = frame


def _fitted(dry: Signal, start: int, stop: int, hz: float, rate: int) -> RecordedSine | None:
    """The sine that fits best between two samples; ``None`` where it isn't one, or too low."""
    from scipy.optimize import minimize_scalar

    if not 0 < hz < 0.48 * rate:
        return None
    length = stop - start
    start, stop = start + int(_SETTLE * length), stop - int(_FADE * length)
    samples = dry[start:stop].astype(np.float64)

    def left(pitch: float) -> float:
        return _left_over(samples, _harmonic_columns(len(samples), pitch, rate, 1))[0]

    padded = 8 * len(samples)
    guess = float(np.argmax(np.abs(np.fft.rfft(samples, padded)))) * rate / padded
    bounds = (guess - rate / padded, guess + rate / padded)
    pitch = float(minimize_scalar(left, bounds=bounds, method="bounded", options=_PRECISE).x)
    energy = float(samples @ samples)
    if pitch < LEAST_HZ or left(pitch) > _IMPURE * energy:
        return None
    return RecordedSine(start, stop, pitch, float(np.sqrt(2 * energy / len(samples))))


def _harmonic_columns(count: int, hz: float, rate: int, most: int) -> NDArray[np.float64]:
    """Cosines and sines of a pitch's harmonics, shape ``(count, 2 * harmonics)``."""
    numbers = np.arange(1, min(most, int(0.5 * rate / hz)) + 1)
    turn = 2 * np.pi * hz / rate * np.outer(np.arange(count), numbers)
    return np.concatenate((np.cos(turn), np.sin(turn)), axis=1)


def _left_over(
    samples: NDArray[np.float64], columns: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Energy that a least-squares fit leaves, and its coefficients."""
    weights = np.asarray(np.linalg.solve(columns.T @ columns, columns.T @ samples), np.float64)
    rest = samples - columns @ weights
    return float(rest @ rest), weights


def _answer(samples: Signal, sine: RecordedSine, rate: int) -> tuple[Tone, float] | None:
    """Harmonics, and energy off them over that on them; ``None`` for silence."""
    count = len(samples)
    columns = _harmonic_columns(count, sine.hz, rate, count)
    drift = legvander(np.linspace(-1, 1, count), _DRIFT)
    rest, weights = _left_over(samples.astype(np.float64), np.concatenate((columns, drift), axis=1))
    each = np.hypot(*weights[: columns.shape[1]].reshape(2, -1))
    signal = float(np.sum(each**2)) / 2 * count
    if signal == 0:
        return None
    levels = [db(peak) for peak in each[: harmonics.MOST]]
    over = float(np.sqrt(np.sum(each[1 : harmonics.MOST] ** 2))) / max(each[0], 1e-300)
    return Tone(sine.hz, db(sine.peak), levels, db(over)), rest / signal


def _silent(device: Tone) -> Tone:
    return device._replace(harmonics_db=[db(0.0)] * len(device.harmonics_db), thd_db=db(0.0))
