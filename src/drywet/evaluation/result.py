"""The whole judgement of a run, as written to ``scores.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, BaseModel, Field

from drywet.evaluation.match import Match
from drywet.metrics.aliasing import Aliasing
from drywet.metrics.harmonics import HarmonicError, Tone
from drywet.metrics.intermodulation import TwoTone
from drywet.metrics.recorded_sines import RecordedSines
from drywet.metrics.scores import Scores
from drywet.metrics.silence import Quiet
from drywet.metrics.transfer import Transfer
from drywet.pair.check_device import Behaviour


class Probes(BaseModel):
    """What a system makes of test signals.

    Attributes:
        aliasing: of steady sines.
        tones: their harmonics and THD.
        intermodulation: of two tones; empty where the sample rate is too low for it.
        transfer: static and dynamic transfer curves.
        idle_dbfs: RMS of what it makes of silence, its mean taken off.
    """

    aliasing: Aliasing
    tones: list[Tone]
    intermodulation: list[TwoTone]
    transfer: Transfer
    idle_dbfs: float


class Asked(BaseModel):
    """Who was asked, and how.

    Attributes:
        drywet: version that asked.
        sha256: of what defines the device.
        knobs: where they stood.
        rate: in Hz.
    """

    drywet: str
    sha256: str
    knobs: dict[str, float]
    rate: int


class Answers(BaseModel):
    """What a device made of the test signals; a run keeps it, for a circuit takes its time.

    Attributes:
        asked: who and how.
        probes: the answers.
    """

    asked: Asked
    probes: Probes


class Cost(BaseModel):
    """What it takes to run a model on this machine, one core, in blocks of 64 samples.

    Attributes:
        parameters: numbers that training could change.
        multiply_adds: per sample, of the net; all copies of an oversampled one.
        ns_per_sample: the median block's time by its samples.
        block_p99_us: one block in a hundred takes longer, in microseconds.
        real_time_share: of a block's duration that the median block takes.
        engine: what ran it: a kernel's target, ``numpy`` or ``torch``.
        busy: other work took time from the core meanwhile: it may be less in truth.
        of: what was measured where: the weights, the machine, the engine, the oversampling.
    """

    parameters: int
    multiply_adds: int
    ns_per_sample: float
    block_p99_us: float
    real_time_share: float
    engine: str
    busy: bool = False
    of: str | None = None

    @property
    def caution(self) -> str:
        """What is said behind the figures, where other work took time from the core."""
        return ", measured while the machine was busy" if self.busy else ""


class Oversampled(BaseModel):
    """What oversampling does to the sine that aliases most.

    Attributes:
        factor: times which the model ran.
        hz: of the sine.
        level_db: its peak in dBFS.
        asr_db: aliasing-to-signal ratio, oversampled.
    """

    factor: int
    hz: float
    level_db: float
    asr_db: float


Kind = Literal["good", "warning", "bad"]


class Remark(BaseModel):
    """One thing that the figures mean.

    Attributes:
        kind: how it bears on the model.
        text: a sentence.
        advice: what to try, may be empty.
    """

    kind: Kind
    text: str
    advice: str = ""


class Foresight(BaseModel):
    """By how much the wet was taken too late.

    Attributes:
        samples: at the files' rate, by which the latency should be less.
        share: of what the model leaves over, that follows from dry samples that come only later.
    """

    samples: int
    share: float


class Course(BaseModel):
    """How the training of a run went.

    Attributes:
        validation_esr: of its best net, on the audio that chose it.
        best_at: share of the steps after which it was found.
    """

    validation_esr: float
    best_at: float


class PositionScore(BaseModel):
    """How close the model is where the knobs stood in one capture.

    Attributes:
        knobs: their positions, in their own units.
        esr: on the scored part of the capture.
        seconds: of it.
        held_out: the position was not learned from.
    """

    knobs: dict[str, float]
    esr: float
    seconds: float
    held_out: bool


class Evaluation(Scores):
    """A model's scores, beside those of what it must beat and of what it cannot beat.

    Attributes:
        linear: scores of the linear baseline on the same audio.
        silence: scores of saying nothing: what an ESR of 1 sounds like.
        itself: scores of the device's second pass against its first, where the capture
            repeats a passage. Both passes carry its noise.
        esr_at_recording_rate: ESR once the prediction is brought to the files' rate, where
            the model runs at another: what the model's band leaves out counts here.
        noise_floor_esr: half the ESR of the device against itself, what a perfect model
            would score, where the capture repeats a passage.
        band_noise: of each band the share of what the device makes there that is noise, at most
            (`drywet.metrics.band_noise`); ``None`` where the recording is never quiet.
        behaviour: of the device, where the checks named one that no net learns wholly.
        idle_offset_db: DC that the model puts out on silence beyond the device's own mean, against
            the device's RMS; ``None`` where there is none.
        pauses: levels where nothing is played, over the whole recording.
        tails: levels in decay tails, over the whole recording.
        trained_peak_dbfs: peak of the dry signal the model was trained on; what lies above, it
            has to guess. ``None`` for runs that did not keep it.
        aliasing_db: mean aliasing over the sines up to that peak.
        device_aliasing_db: the same of the device.
        oversampled: what oversampling would do to the worst of them, where the model ran at its
            own rate.
        probes: what the model makes of test signals.
        device_probes: the same of the device, where drywet can play it.
        recorded_sines: the model's answers to steady sines in the scored audio, beside the device's
            own; ``None`` where there are none.
        harmonic_error: the model's harmonics against the device's, of sines up to that peak.
        device: its name, where drywet played the capture.
        device_note: why the device was not asked, where it should have been.
        cost: of running the model.
        model: its short name.
        seconds: of audio.
        rate: at which it was scored, in Hz.
        oversample: times which the model ran.
        latency_samples: by which the wet file lagged, at the files' rate.
        match: how the prediction was brought to the device's delay and level first, where it was.
        unfinished: the training was stopped before its end.
        course: how it went, where drywet trained it and the audio is its own.
        inverted_esr: of a prediction with an error larger than the signal, its ESR turned upside
            down.
        held_out: the audio is the test part of the run's own capture; otherwise all of
            another one.
        foresight: where the model would have had to foresee, by how much; else ``None``.
        beats_baseline: the ESR is clearly below the linear baseline's.
        knobs: the positions at which a model with knobs was probed.
        positions: its score where the knobs stood in each capture; the scores above are those of
            the held-out positions together, if there are any.
        verdict: what all this means.
    """

    linear: Scores
    silence: Scores
    itself: Scores | None
    esr_at_recording_rate: float | None
    noise_floor_esr: float | None
    band_noise: list[float] | None = None
    behaviour: Behaviour | None = None
    idle_offset_db: float | None = None
    pauses: Quiet | None
    tails: Quiet | None
    trained_peak_dbfs: float | None = Field(
        validation_alias=AliasChoices("trained_peak_dbfs", "heard_peak_dbfs")  # version 0.1
    )
    aliasing_db: float
    device_aliasing_db: float | None
    oversampled: Oversampled | None = None
    probes: Probes
    device_probes: Probes | None
    recorded_sines: RecordedSines | None = None
    harmonic_error: HarmonicError | None
    device: str | None
    device_note: str | None
    cost: Cost
    model: str
    seconds: float
    rate: int
    oversample: int = 1
    latency_samples: int
    match: Match | None = None
    unfinished: bool = False
    course: Course | None = None
    inverted_esr: float | None = None
    held_out: bool
    foresight: Foresight | None = None
    beats_baseline: bool
    knobs: dict[str, float] = Field(default_factory=dict)
    positions: list[PositionScore] = Field(default_factory=list)
    verdict: list[Remark] = Field(default_factory=list)
