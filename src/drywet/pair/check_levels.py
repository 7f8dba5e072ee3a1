"""Checks of each file by itself: broken samples, silence, clipping, DC, level, noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from drywet.dsp import levels
from drywet.dsp.latency import estimate
from drywet.pair.findings import Finding, Severity, grade
from drywet.pair.load import Pair

_MIN_SECONDS = 2.5  # of which a stretch to train on, to validate on and to test on can be cut
_SHORT_SECONDS = 30.0
_LENGTH_DIFFERENCE = (0.02, 0.5)  # share of the longer file
_CLIPPED = (0.0, 0.01)  # share of samples
_DC = (0.05, 0.5)  # of the RMS
_QUIET_DB = (-36.0, -60.0)  # peak, dBFS
_NOISE_DB = (-40.0, -10.0)  # quiet parts against the whole, dB
_NOISE_FRAME_SECONDS = 0.05
_PLAYS = 0.1  # of the dry's RMS
_SILENT = 1e-4  # of the wet's
_LOST_SECONDS = 0.2
_OVER = 1.12  # over full scale: floats, which no converter has clipped
_TOO_LOUD = 8.0  # a float file this far over full scale is no audio


def usable(pair: Pair) -> Iterator[Finding]:
    """What no training can survive: too short, broken samples, silence."""
    if pair.seconds < _MIN_SECONDS:
        yield Finding(
            check="length",
            severity=Severity.ERROR,
            message=f"the recording lasts {pair.seconds:.3f} s",
            value=pair.seconds,
            limit=_MIN_SECONDS,
            fix="Record at least 30 s of varied playing.",
            forceable=False,
        )
    for name, samples in (("dry", pair.dry), ("wet", pair.wet)):
        broken = int(np.count_nonzero(~np.isfinite(samples)))
        if broken:
            yield Finding(
                check="finite",
                severity=Severity.ERROR,
                message=f"the {name} file has {broken} samples that are NaN or infinite",
                value=broken,
                limit=0,
                fix="Export it again; a plugin in the chain may have failed.",
                forceable=False,
            )
        elif not samples.any():
            yield Finding(
                check="silence",
                severity=Severity.ERROR,
                message=f"the {name} file is silent: every sample is zero",
                value=levels.SILENCE_DB,
                fix="Check the cable, the input's number and the track's mute.",
                forceable=False,
            )
        elif levels.peak(samples) > _TOO_LOUD:
            yield Finding(
                check="level",
                severity=Severity.ERROR,
                message=f"the {name} file peaks at {levels.db(levels.peak(samples)):+.0f} dBFS",
                value=levels.db(levels.peak(samples)),
                limit=levels.db(_TOO_LOUD),
                fix="Export it as audio with full scale at 1.0.",
                forceable=False,
            )


def lengths(pair: Pair) -> Iterator[Finding]:
    """How long the recording is, and whether both files are."""
    if _MIN_SECONDS <= pair.seconds < _SHORT_SECONDS:
        yield Finding(
            check="length",
            severity=Severity.WARNING,
            message=f"only {pair.seconds:.1f} s of audio",
            value=pair.seconds,
            limit=_SHORT_SECONDS,
            fix="More varied playing, a minute or more, makes a better model.",
        )
    n, m = len(pair.dry), len(pair.wet)
    severity, limit = grade(abs(n - m) / max(n, m), *_LENGTH_DIFFERENCE)
    if severity is not Severity.NOTE:
        yield Finding(
            check="length",
            severity=severity,
            message=f"dry lasts {n / pair.rate:.2f} s, wet {m / pair.rate:.2f} s",
            value=abs(n - m) / pair.rate,
            limit=limit * max(n, m) / pair.rate,
            fix="Export both from the same start to the same end.",
        )


def ended_together(pair: Pair) -> Pair:
    """Both files without what only one of them has at its end, for all that compares them.

    Args:
        pair: not aligned; nothing is cut off where both are about as long.
    """
    n, m = len(pair.dry), len(pair.wet)
    if abs(n - m) <= _LENGTH_DIFFERENCE[0] * max(n, m):
        return pair
    lag = round(estimate(pair.dry, pair.wet, pair.rate).samples)
    stop = min(n, m - lag)
    if stop < _MIN_SECONDS * pair.rate:
        return pair
    return replace(pair, dry=pair.dry[:stop], wet=pair.wet[: max(stop + lag, 0)])


def _clipping(name: str, samples: NDArray[np.float32]) -> Iterator[Finding]:
    if levels.peak(samples) > _OVER:
        return
    count = levels.clipped_samples(samples)
    severity, limit = grade(count / len(samples), *_CLIPPED)
    if severity is not Severity.NOTE:
        yield Finding(
            check="clipping",
            severity=severity,
            message=f"the {name} file has {count} samples stuck at full scale",
            value=count,
            limit=limit * len(samples),
            fix="Lower the recording level and record again: the interface clips, not the pedal.",
        )


def _dc(name: str, samples: NDArray[np.float32]) -> Iterator[Finding]:
    offset = float(np.mean(samples, dtype=np.float64))
    severity, limit = grade(abs(offset) / levels.rms(samples), *_DC)
    if severity is not Severity.NOTE:
        yield Finding(
            check="dc",
            severity=severity,
            message=f"the {name} file has a DC offset of {offset:+.4f}, "
            f"{abs(offset) / levels.rms(samples):.0%} of its RMS",
            value=offset,
            limit=limit * levels.rms(samples),
            fix="Remove the DC offset in your editor, or use another input.",
        )


def _level(name: str, samples: NDArray[np.float32], made: bool) -> Iterator[Finding]:
    loudest = levels.peak(samples)
    peak = levels.db(loudest)
    severity, limit = grade(-peak, -_QUIET_DB[0], -_QUIET_DB[1])
    if made:  # no converter's noise lies under computed samples, however soft
        severity = Severity.NOTE
    fix = "" if severity is Severity.NOTE else "Record louder, with peaks near -6 dBFS."
    if loudest > _OVER:
        severity, limit = Severity.WARNING, -levels.db(_OVER)
        turned = f"Turn the device's output {peak:.0f} dB down"
        softer = turned if made else f"Export it {peak:.0f} dB softer"
        fix = f"{softer}: it is whole, but players clip what is over 0 dBFS."
    yield Finding(
        check="level",
        severity=severity,
        message=f"the {name} file peaks at {peak:.1f} dBFS, "
        f"RMS {levels.db(levels.rms(samples)):.1f}",
        value=peak,
        limit=-limit,
        fix=fix,
    )


def noise(pair: Pair, made: bool = False) -> Iterator[Finding]:
    """Level of an aligned pair's wet where its dry pauses, against the wet as a whole.

    Args:
        pair: the capture.
        made: the wet was computed: what sounds in the pauses is the device's own.
    """
    frame = int(_NOISE_FRAME_SECONDS * pair.rate)
    dry = levels.frame_rms(pair.dry, frame)
    wet = levels.frame_rms(pair.wet, frame)
    loud = float(np.sqrt(np.mean(dry**2)))
    # Two frames of pause before, so that the pedal's own tail has died away.
    quiet = dry < 1e-3 * loud
    settled = quiet[2:] & quiet[1:-1] & quiet[:-2]
    if settled.sum() < 4:
        return
    floor = levels.db(float(np.sqrt(np.mean(wet[2:][settled] ** 2))))
    against = floor - levels.db(levels.rms(pair.wet))
    severity, limit = grade(against, *_NOISE_DB)
    if made:
        severity = Severity.NOTE
    yield Finding(
        check="noise",
        severity=severity,
        message=f"in the pauses the wet file has {floor:.1f} dBFS of noise, "
        f"{-against:.0f} dB below its playing",
        value=floor,
        limit=levels.db(levels.rms(pair.wet)) + limit,
        fix=""
        if severity is Severity.NOTE
        else "Look for hum, a noisy supply or cable, or send a hotter signal.",
    )


def dropouts(pair: Pair) -> Iterator[Finding]:
    """Where an aligned pair's wet is silent though its dry plays."""
    frame = int(_NOISE_FRAME_SECONDS * pair.rate)
    dry, wet = (levels.frame_rms(x, frame) for x in (pair.dry, pair.wet))
    plays = dry > _PLAYS * np.sqrt(np.mean(dry**2))
    silent = wet < _SILENT * np.sqrt(np.mean(wet**2))
    lost = np.flatnonzero(plays & silent)
    seconds = len(lost) * frame / pair.rate
    if seconds < _LOST_SECONDS:
        return
    yield Finding(
        check="dropout",
        severity=Severity.WARNING,
        message=f"the wet file is silent for {seconds:.1f} s while the dry one plays, "
        f"first at {lost[0] * frame / pair.rate:.1f} s",
        value=seconds,
        limit=_LOST_SECONDS,
        fix="Cut that part out of both files, or record it again, unless the device is a gate.",
    )


def levels_of(pair: Pair, made: bool = False) -> Iterator[Finding]:
    """Level, clipping and DC of both files of a usable pair.

    Args:
        pair: the capture.
        made: the wet was computed, not recorded: how to record it better is no advice.
    """
    yield from _level("dry", pair.dry, False)
    yield from _recorded("dry", pair.dry)
    yield from _level("wet", pair.wet, made)
    if not made:
        yield from _recorded("wet", pair.wet)


def _recorded(name: str, samples: NDArray[np.float32]) -> Iterator[Finding]:
    yield from _clipping(name, samples)
    yield from _dc(name, samples)
