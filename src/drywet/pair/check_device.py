"""Checks of what kind of device it is, where that decides what a model can learn.

Most effects give one gain and one filter to one level of the dry. A compressor's gain follows the
level of the last tenths of a second; a phaser, chorus or tremolo changes by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.spectra import cross_spectra
from drywet.pair.findings import Finding, Severity
from drywet.pair.load import Pair

Signal = NDArray[np.float64]
Behaviour = Literal["modulation", "compression"]
"""Checks that name a device no net of this kind learns wholly."""

_STEP_SECONDS = 0.02
_LEVELS = 24  # classes of level, equally full
_LOUD_DB = 40.0  # below the loudest: quieter steps tell of noise
_AFTER_SECONDS = (0.03, 0.1, 0.3)  # time constants that are tried
_MOVES_DB = 1.3  # the gain moves less in a device that does not compress to speak of
_FILTER = 4096  # samples of the response that is taken out before the gain is judged
_FOLLOWS = 0.85  # of the gain's spread that is left once the past level is known
_BY_ITSELF = 0.8  # so much of the spread is left whatever the level

_FFT = 1024
_BLOCK = 12  # frames, half overlapping
_BAND = (150.0, 6000.0)  # Hz
_STRONG = 1e-3  # of the strongest bin's power: those below hold what the device made of others
_LEAST_BINS = 24
_LIKE = 0.5  # coherence within a block that tells of a filter
_LINEAR = 0.99  # share of strong bins that have it: no distortion
_TURNS = 0.82  # of the coherence is left over the whole recording in the worst fifth of the bins
_SECONDS = 40.0


class _Gain(NamedTuple):
    """How the gain of an effect moves.

    Attributes:
        spread: its standard deviation in dB.
        by_level: what is left of it within classes of the dry's level at the time.
        by_past: likewise of the level smoothed over the last moments.
        seconds: time constant of that smoothing, the best of those tried.
    """

    spread: float
    by_level: float
    by_past: float
    seconds: float

    @property
    def compressed(self) -> bool:
        """Whether the level of the last moments says more of it than the present one."""
        return self.spread >= _MOVES_DB and self.by_past < _FOLLOWS * self.by_level


def behaviour(pair: Pair) -> Iterator[Finding]:
    """What is unlike a pedal with one gain for one level, of an aligned pair that keeps time."""
    gain = _gain(pair)
    if gain is not None and gain.compressed:
        yield Finding(
            check="compression",
            severity=Severity.NOTE,
            message=f"its gain follows the level over some {gain.seconds * 1000:.0f} ms, as a "
            "compressor's does",
            value=gain.seconds,
        )
        return
    linear, kept = _coherence(pair)
    if linear >= _LINEAR and (kept < _TURNS or _moves_by_itself(pair)):
        yield Finding(
            check="modulation",
            severity=Severity.WARNING,
            message="the device changes with time, as a phaser, chorus or tremolo does",
            value=kept,
            limit=_TURNS,
            fix="A model learns its average. Switch the modulation off to capture the rest of it.",
        )


def compresses(pair: Pair) -> bool:
    """Whether the gain of an aligned pair follows the level of the last tenths of a second."""
    gain = _gain(pair)
    return gain is not None and gain.compressed


def _moves_by_itself(pair: Pair) -> bool:
    """Whether the gain moves whatever the level, once the device's filter is taken out of it.

    A filter's own gain moves with the notes, and looks the same.
    """
    if len(pair.dry) < 2 * _FILTER:
        return False
    response = np.fft.irfft(cross_spectra(pair.dry, pair.wet, _FILTER).transfer)
    response = np.roll(response, _FILTER // 2) * np.hanning(_FILTER)
    size = 1 << (len(pair.dry) + _FILTER).bit_length()
    filtered = np.fft.irfft(np.fft.rfft(pair.dry, size) * np.fft.rfft(response, size), size)
    late = filtered[_FILTER // 2 :][: len(pair.dry)]
    gain = _gain(replace(pair, dry=late.astype(np.float32)))
    return gain is not None and gain.spread >= _MOVES_DB and gain.by_past > _BY_ITSELF * gain.spread


def _gain(pair: Pair) -> _Gain | None:
    """The gain from step to step; ``None`` with too few steps of signal."""
    step = int(_STEP_SECONDS * pair.rate)
    power_dry, power_wet = _power(pair.dry, step), _power(pair.wet, step)
    floor = 10 ** (-_LOUD_DB / 10)
    loud = (power_dry > floor * power_dry.max()) & (power_wet > floor * power_wet.max())
    if loud.sum() < 4 * _LEVELS:
        return None
    level = np.log10(power_dry + 1e-30)
    gains = 10 * (np.log10(power_wet[loud] + 1e-30) - level[loud])
    by_past = []
    for seconds in _AFTER_SECONDS:
        past = np.log10(_smoothed(power_dry, np.exp(-_STEP_SECONDS / seconds)) + 1e-30)
        by_past.append((_within(gains, past[loud]), seconds))
    least, after = min(by_past)
    return _Gain(float(np.std(gains)), _within(gains, level[loud]), least, after)


def _power(samples: NDArray[np.float32], step: int) -> Signal:
    count = len(samples) // step
    framed = samples[: count * step].reshape(count, step).astype(np.float64)
    framed -= np.mean(framed)
    return np.asarray(np.mean(framed**2, axis=1))


def _smoothed(power: Signal, keep: float) -> Signal:
    """Behind a one-pole low-pass."""
    found = np.empty_like(power)
    last = float(power[0])
    for i, now in enumerate(power.tolist()):
        last = keep * last + (1 - keep) * now
        found[i] = last
    return found


def _within(gain: Signal, level: Signal) -> float:
    """Standard deviation of the gain about its mean in each class of level."""
    edges = np.quantile(level, np.linspace(0, 1, _LEVELS + 1)[1:-1])
    number = np.searchsorted(edges, level)
    count = np.maximum(np.bincount(number, minlength=_LEVELS), 1)
    mean = np.bincount(number, gain, _LEVELS) / count
    return float(np.std(gain - mean[number]))


def _coherence(pair: Pair) -> tuple[float, float]:
    """Share of strong bins that are coherent for a quarter of a second, and what is kept of that.

    The second is the coherence over the whole recording, levels evened out, over that within the
    blocks, in the worst fifth of those bins.
    """
    stop = int(_SECONDS * pair.rate)
    if min(len(pair.dry), stop) < 8 * _BLOCK * _FFT:
        return 0.0, 1.0
    bins = np.arange(_FFT // 2 + 1) * pair.rate / _FFT
    band = (bins > _BAND[0]) & (bins < _BAND[1])
    dry, wet = (_blocks(x[:stop])[:, :, band] for x in (pair.dry, pair.wet))
    power = np.sum(np.abs(dry) ** 2, axis=1)
    cross = np.sum(dry.conj() * wet, axis=1)
    cross /= np.sqrt(power * np.sum(np.abs(wet) ** 2, axis=1)) + 1e-30
    weight = power / (np.sum(power, axis=0) + 1e-30)
    within = np.sum(weight * np.abs(cross), axis=0)
    whole = np.abs(np.sum(weight * cross, axis=0))
    strong = np.sum(power, axis=0) > _STRONG * np.max(np.sum(power, axis=0))
    like = strong & (within > _LIKE)
    if like.sum() < _LEAST_BINS:  # a bass, say: its harmonics are the device's own
        return 0.0, 1.0
    share = float(like.sum() / strong.sum())
    return share, float(np.quantile(whole[like] / within[like], 0.2))


def _blocks(samples: NDArray[np.float32]) -> NDArray[np.complex128]:
    """Spectra of half-overlapping frames, ``(blocks, _BLOCK, bins)``."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FFT)[:: _FFT // 2]
    count = len(frames) // _BLOCK
    spectra = np.fft.rfft(frames[: count * _BLOCK] * np.hanning(_FFT))
    return spectra.reshape(count, _BLOCK, -1)
