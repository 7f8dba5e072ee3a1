"""What the figures of an evaluation mean, in words: how close, what is wrong where, what to try.

The limits are rules of thumb of the field, not measurements (`drywet.evaluation.closeness`): a band
counts where it lies less than 80 dB under the whole; levels 3 dB off are heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log10

from drywet.dsp.oversampling import FACTORS
from drywet.evaluation.closeness import FAR_OFF, GRADES, closeness, elsewhere
from drywet.evaluation.result import Evaluation, Remark
from drywet.metrics.aliasing import worst_taught
from drywet.metrics.statistics import LEAST_SECONDS
from drywet.words import number

_AUDIBLE_SHARE = 1e-8
_BAND_DB = 3.0
_HEARD_DB = -60.0  # of a band under the whole: what is added below is seldom heard
_BAND_LOST = 0.5  # ESR in a band
_HISS = 2.0  # times its share of noise: an error of that is no fault of the model's
_ALIASING_DB = -40.0
_TREBLE = "For the treble: more data, or --mrstft 0.01."
_OFFSET_DB = -40.0
_WORSE_THAN_DEVICE_DB = 6.0
_WORTH_OVERSAMPLING_DB = 10.0
_NOISE_DB = 6.0
_NOISE_FLOOR_DBFS = -90.0
_LOUDNESS_DB = 0.5
_UNEVEN = 10.0  # worst second over the whole
_HARMONICS_DB = 3.0


def verdict(found: Evaluation) -> list[Remark]:
    """The remarks on an evaluation, the most important first.

    What is worse than silence, or far from a capture that it may not be of, has one fault, and
    every other figure follows from it.
    """
    far_off = found.esr >= FAR_OFF and (not found.held_out or found.behaviour is not None)
    if not found.unfinished and (found.esr >= 1 or far_off):
        return [*closeness(found), *_foresight(found)]
    rest = [
        *_foresight(found), *elsewhere(found), *_against_a_filter(found), *_bands(found),
        *_aliasing(found), *_harmonics(found), *_quiet(found), *_offset(found), *_loudness(found),
        *_seconds(found), *_length(found),
    ]  # fmt: skip
    first = list(closeness(found, any(remark.kind == "bad" for remark in rest)))
    # Of a training that is to go on the faults are not told yet, but not called none either.
    return first if found.unfinished else [*first, *rest]


def _foresight(found: Evaluation) -> Iterator[Remark]:
    if found.foresight is not None:
        samples, lag = found.foresight.samples, found.latency_samples
        yield Remark(
            kind="warning",
            text=f"The wet was taken some {samples} samples too late (latency {lag}): the model "
            f"would have to foresee {found.foresight.share:.0%} of its error.",
            advice=f"Train with --latency {lag - samples}."
            if found.held_out
            else f"Score it with --latency {lag - samples}.",
        )


def _against_a_filter(found: Evaluation) -> Iterator[Remark]:
    if not found.beats_baseline:
        yield Remark(
            kind="warning",
            text="The model does not clearly beat a plain filter "
            f"(ESR {number(found.esr, 2)} against {number(found.linear.esr, 2)}).",
            advice="The device is nearly linear, moves by itself (a phaser, a chorus), or the "
            "training was too short."
            if found.held_out
            else "It may be a model of something else.",
        )


def _bands(found: Evaluation) -> Iterator[Remark]:
    added, lacking, wrong, hiss = [], [], [], []
    loudest = -float("inf")
    for place, band in enumerate(found.bands):
        if band.esr is None or band.excess_db is None or band.share < _AUDIBLE_SHARE:
            continue
        twice = found.itself.bands[place].esr if found.itself else None
        if twice is not None and band.esr <= twice and band.excess_db <= _BAND_DB:
            continue  # hiss of the device, which no model can predict
        if band.excess_db > _BAND_DB:
            under = band.excess_db + 10 * log10(band.share)
            loudest = max(loudest, under)
            added.append(
                f"{band.label} ({band.excess_db:+.0f} dB, there {-under:.0f} dB under the whole)"
            )
        elif band.esr > _BAND_LOST:
            noise = found.band_noise[place] if found.band_noise else 0.0
            if band.esr <= _HISS * noise:
                hiss.append(f"{band.label} ({min(noise, 1.0):.0%})")
            elif band.excess_db < -_BAND_DB:
                lacking.append(f"{band.label} ({band.excess_db:+.0f} dB)")
            else:
                wrong.append(band.label)
    if added:
        yield Remark(
            kind="bad" if loudest > _HEARD_DB else "warning",
            text=f"It adds sound that the device does not make at {', '.join(added)}.",
            advice="More data helps most; --select composite weighs the treble more."
            if found.held_out
            else "",
        )
    if lacking:
        yield Remark(
            kind="warning",
            text=f"It lacks sound that the device makes at {', '.join(lacking)}.",
            advice=_TREBLE if found.held_out else "",
        )
    if wrong:
        yield Remark(
            kind="warning",
            text=f"As loud as the device but mostly not the same sound at {', '.join(wrong)}.",
            advice=_TREBLE if found.held_out else "",
        )
    if hiss:
        yield Remark(
            kind="good",
            text="Much of what the device makes is there when hardly anything is played, too, at "
            f"{', '.join(hiss)}: its own hiss, which no model can learn.",
        )


def _aliasing(found: Evaluation) -> Iterator[Remark]:
    worst = worst_taught(found.probes.aliasing.points, found.trained_peak_dbfs)
    text = (
        f"Aliasing and noise on steady sines reach {worst.asr_db:.0f} dB "
        f"(at {worst.hz:.0f} Hz, {worst.level_db:.0f} dBFS)"
    )
    limit = _ALIASING_DB
    if found.device_probes is not None:
        same = {(p.hz, p.level_db): p.asr_db for p in found.device_probes.aliasing.points}
        theirs = same[worst.hz, worst.level_db]
        text += f"; the device itself has {theirs:.0f} dB there"
        limit = max(theirs + _WORSE_THAN_DEVICE_DB, limit)
    elif found.recorded_sines is not None:
        heard = found.recorded_sines
        text += (
            f"; on {heard.count} sines of the recording it has {heard.aliasing_db:.0f} dB on "
            f"average, the device itself {heard.device_aliasing_db:.0f} dB"
        )
    if worst.asr_db > limit:
        yield Remark(kind="warning", text=f"{text}.", advice=_against_aliasing(found, worst.asr_db))


def _against_aliasing(found: Evaluation, now_db: float) -> str:
    """What to do about it, as far as it has been tried on this very model."""
    tried = found.oversampled
    if found.oversample == FACTORS[-1]:
        return ""
    if found.oversample > 1:
        return f"--oversample {2 * found.oversample} may take more of it away."
    if tried is None:
        return "A longer or livelier capture may help."
    if now_db - tried.asr_db < _WORTH_OVERSAMPLING_DB:
        return (
            f"Oversampling alone is not enough (with --oversample {tried.factor} "
            f"{tried.asr_db:.0f} dB there): a longer or livelier capture may help."
        )
    return (
        f"With --oversample {tried.factor} ('drywet render', 'drywet evaluate') it is "
        f"{tried.asr_db:.0f} dB there."
        # A net with knobs cannot be cleaned.
        + ("" if found.positions else " For plugins, which cannot: 'drywet clean'.")
    )


def _harmonics(found: Evaluation) -> Iterator[Remark]:
    error = found.harmonic_error
    if error is not None and error.rms_db > _HARMONICS_DB:
        yield Remark(
            kind="warning",
            text=f"The harmonics of steady sines are off by {error.rms_db:.1f} dB (RMS), the worst "
            f"by {error.worst_db:.0f} dB.",
            advice="Sines over the whole range of level in the capture help ('drywet signal')."
            if found.recorded_sines is None
            else "",
        )


def _quiet(found: Evaluation) -> Iterator[Remark]:
    for name, quiet in (("pauses", found.pauses), ("dying notes", found.tails)):
        if quiet is None or quiet.prediction < _NOISE_FLOOR_DBFS:
            continue
        if quiet.prediction > quiet.target + _NOISE_DB:
            yield Remark(
                kind="warning",
                text=f"In {name} it makes {quiet.prediction:.0f} dBFS where the device has "
                f"{quiet.target:.0f}.",
                advice="Leave some silence and some notes that ring out in the capture.",
            )


def _offset(found: Evaluation) -> Iterator[Remark]:
    offset = found.idle_offset_db
    if offset is not None and offset > _OFFSET_DB:
        yield Remark(
            kind="warning",
            text=f"On silence it puts out DC, {abs(offset):.0f} dB "
            f"{'over' if offset > 0 else 'under'} the device's playing: a gate or a mute behind it "
            "clicks.",
            advice="Leave some silence in the capture, or train with --dc 1."
            if found.held_out
            else "",
        )


def _loudness(found: Evaluation) -> Iterator[Remark]:
    off = found.loudness.loudness_db
    if off is not None and abs(off) > _LOUDNESS_DB:
        yield Remark(
            kind="warning",
            text=f"It is {abs(off):.1f} dB {'louder' if off > 0 else 'softer'} than the device.",
            advice="Record the device near that position, too; what was only held out can be "
            "learned from, too."
            if any(one.held_out for one in found.positions)
            else "A longer training brings the level home."
            if found.held_out
            else "Its level may have been set otherwise: turn one of them before you compare.",
        )


def _seconds(found: Evaluation) -> Iterator[Remark]:
    worst = found.per_second["esr"].worst
    if worst > max(_UNEVEN * found.esr, GRADES[1][0]):
        yield Remark(
            kind="warning",
            text=f"It is uneven: the worst second has an ESR of {number(worst, 2)}.",
            advice="Listen there (the report marks it), and record more of that kind of playing.",
        )


def _length(found: Evaluation) -> Iterator[Remark]:
    if found.seconds < LEAST_SECONDS:
        yield Remark(
            kind="warning",
            text=f"Scored on {found.seconds:.1f} s: too little to tell two models apart, "
            f"{LEAST_SECONDS} s are the least.",
            advice="Record half a minute or more at each position."
            if found.positions
            else "Record a minute or more, or hold out more of it with --test START:END."
            if found.held_out
            else "Score it on more of the same playing.",
        )
