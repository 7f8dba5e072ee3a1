"""Checks of how the two files relate: does the wet come from the dry, and not the other way?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.causal_fit import fit_if_enough
from drywet.dsp.levels import loudest_excerpt
from drywet.dsp.spectra import cross_spectra, related_energy
from drywet.pair.check_device import compresses
from drywet.pair.findings import Finding, Severity, grade
from drywet.pair.load import Pair

Signal = NDArray[np.float64]

_COHERENCE_SECONDS = 120.0
_DIRECTION_SECONDS = 60.0
_RELATED = (0.25, 0.08)  # share of wet energy that a simple fit to the dry explains
_DIRECTION = (1.3, 2.0)  # error forwards over error backwards
_SLIGHT = 0.01  # error that is none
_FLATTER = 0.65  # kurtosis of a wet whose peaks are so much flatter: no swapped one
_BY_GAIN = 0.2  # so little of the error is left without the gain: a compressor
_LEVEL_SECONDS = 0.05
_PAUSE = 0.03  # of the RMS
_SILENT = 1e-4  # likewise
_ABOUT = (-112, 64)  # delays at which both directions are tried


def _excerpt(pair: Pair, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    where = loudest_excerpt(pair.dry, int(seconds * pair.rate))
    return pair.dry[where].astype(np.float64), pair.wet[where].astype(np.float64)


def dependence(pair: Pair, unexplained: float) -> Iterator[Finding]:
    """Is the wet of an aligned pair made from the dry at all?

    Args:
        pair: aligned.
        unexplained: what the causal fit leaves of the wet, 1 where there is none.
    """
    fft = 4096
    dry, wet = _excerpt(pair, _COHERENCE_SECONDS)
    if len(dry) < 4 * fft:
        return
    direct = related_energy(cross_spectra(dry, wet, fft))
    # An octave fuzz turns every half wave up: coherent with |dry|, not with dry.
    rectified = np.abs(dry) - np.mean(np.abs(dry))
    share = max(direct, related_energy(cross_spectra(rectified, wet, fft)), 1 - unexplained)
    warn, error = _RELATED
    severity = (
        Severity.ERROR if share < error else Severity.WARNING if share < warn else Severity.NOTE
    )
    yield Finding(
        check="dependence",
        severity=severity,
        message=f"{share:.0%} of the wet energy follows the dry signal",
        value=share,
        limit=error if severity is Severity.ERROR else warn,
        fix=""
        if severity is Severity.NOTE
        else "Check that both files are of the same performance and that no other "
        "effect (reverb, modulation) or instrument is in the wet one.",
    )


def same_sound(pair: Pair) -> Iterator[Finding]:
    """Whether both files of a pair hold the same sound, before it is aligned."""
    if np.array_equal(pair.dry, pair.wet):
        yield Finding(
            check="same",
            severity=Severity.ERROR,
            message="both files hold the same sound, sample for sample",
            fix="Take what came out of the device as the wet file; was it bypassed?",
        )


def direction(pair: Pair) -> Iterator[Finding]:
    """Whether dry and wet are swapped, for an aligned pair.

    What a device made can be predicted from the dry by static curves and filters far better than
    the dry from it: distortion cannot be undone (the direction of cause and effect by which way
    fits; Hoyer et al., NIPS 2008). A linear device looks the same both ways. So does a compressor
    over some milliseconds, and over longer ones it misleads: then its gain is taken out first.

    Args:
        pair: aligned, its latency the same throughout.
    """
    dry, wet = (x - np.mean(x) for x in _sounding(*_excerpt(pair, _DIRECTION_SECONDS), pair.rate))
    if len(dry) < pair.rate or _kurtosis(wet) < _FLATTER * _kurtosis(dry):
        return
    forward = _least_error(dry, wet, pair.rate)
    if forward >= 1:
        return
    backward = _least_error(wet, dry, pair.rate)
    if (forward + _SLIGHT) / (backward + _SLIGHT) < _DIRECTION[0]:
        return
    level_dry, level_wet = (_at_one_level(x, pair.rate) for x in (dry, wet))
    levelled = _least_error(level_dry, level_wet, pair.rate)
    if levelled < _BY_GAIN * forward or compresses(pair):
        forward, backward = levelled, _least_error(level_wet, level_dry, pair.rate)
    severity, limit = grade((forward + _SLIGHT) / (backward + _SLIGHT), *_DIRECTION)
    if severity is Severity.NOTE:
        return
    likely = "look swapped" if severity is Severity.ERROR else "may be swapped"
    yield Finding(
        check="swapped",
        severity=severity,
        message=f"dry and wet {likely}: the second file predicts the first better "
        f"(error {backward:.3f}) than the first the second ({forward:.3f})",
        value=forward / backward,
        limit=limit,
        fix="Name the dry file first, then the wet one.",
    )


def _sounding(dry: Signal, wet: Signal, rate: int) -> tuple[Signal, Signal]:
    """What is left of both without the frames in which only one of them is silent."""
    frame = int(_LEVEL_SECONDS * rate)
    count = len(dry) // frame
    parts = [x[: count * frame].reshape(count, frame) for x in (dry, wet)]
    silent = [np.std(x, axis=1) < _SILENT * np.std(x) for x in parts]
    kept = silent[0] == silent[1]
    first, second = (x[kept].ravel() for x in parts)
    return first, second


def _kurtosis(x: Signal) -> float:
    return float(np.mean(x**4)) / max(float(np.mean(x**2)) ** 2, 1e-300)


def _least_error(source: Signal, target: Signal, rate: int) -> float:
    """What a causal fit leaves unexplained of the target, at the best delay near 0."""
    fit = fit_if_enough(source, rate)
    return np.inf if fit is None else float(fit.errors(target, *_ABOUT).relative.min())


def _at_one_level(x: Signal, rate: int) -> Signal:
    """``x`` over its level in the 50 ms about each sample; pauses stay quiet."""
    half = int(_LEVEL_SECONDS / 2 * rate)
    window = np.hanning(2 * half + 1)
    size = 1 << int(np.ceil(np.log2(len(x) + len(window))))
    power = np.fft.irfft(np.fft.rfft(x**2, size) * np.fft.rfft(window / window.sum(), size), size)
    level = np.sqrt(np.maximum(power[half : half + len(x)], 0.0))
    return np.asarray(x / np.maximum(level, _PAUSE * np.sqrt(np.mean(x**2))))
