"""A run held against its target: every score, and the signals they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import resample
from drywet.errors import DrywetError
from drywet.evaluation.cost import cost
from drywet.evaluation.foresight import foresight
from drywet.evaluation.match import matched
from drywet.evaluation.material import Material
from drywet.evaluation.probes import ask_device, ask_model, idle_offset_db, oversampled, player_of
from drywet.evaluation.result import Answers, Cost, Course, Evaluation, Oversampled, Probes
from drywet.evaluation.saved import cost_before
from drywet.evaluation.verdict import verdict
from drywet.inference.stream import predict
from drywet.metrics import (
    aliasing,
    band_noise,
    harmonics,
    recorded_sines,
    scores,
    silence,
    time,
)
from drywet.models.linear.config import LinearConfig
from drywet.runs.capture import Recording
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import ModelCard, TrainedModel, load_model

Signal = NDArray[np.float32]

ADVISED = 4
"""Times oversampling that is tried on every model: what is left of most aliases is inaudible."""
_CLEARLY = 0.7  # of the baseline's ESR
_MOST = 1e6  # full scale is 1; far over it sums of squares mean nothing


@dataclass(frozen=True)
class Measured:
    """A judgement and what was judged, each signal in the scored stretches.

    Attributes:
        evaluation: the judgement.
        dry: the stretches of the dry signal, each ``(samples,)``.
        target: of the device's.
        prediction: of the model's.
        linear: of the linear baseline's.
        rate: in Hz.
        answers: of the device to the test signals, to be kept with the run.
    """

    evaluation: Evaluation
    dry: list[Signal]
    target: list[Signal]
    prediction: list[Signal]
    linear: list[Signal]
    rate: int
    answers: Answers | None

    @property
    def seams(self) -> list[int]:
        """Samples at which the joined stretches meet."""
        return [int(at) for at in np.cumsum([len(part) for part in self.target])[:-1]]


@dataclass(frozen=True)
class Subject:
    """What is judged.

    Attributes:
        trained: the model.
        baseline: the linear one beside it.
        where: the model's place, for messages.
        recording: that it learned from, where that is known.
        trained_peak_dbfs: of what it learned from, where that is known.
        kept: file with the device's answers to the test signals, if any.
        costed: what running it was measured to cost earlier, if it was.
        unfinished: its training was stopped before its end.
        course: how that went, where it is known.
        oversample: times which the model runs, as for `drywet.inference.stream.Stream`.
        matched: bring the prediction to the device's delay and level before it is scored.
        turned: where its knobs were set for a pair of other files.
        turnable: the model with its knobs free, where ``trained`` is it at one of the material's
            positions.
    """

    trained: TrainedModel
    baseline: TrainedModel
    where: Path
    recording: Recording | None = None
    trained_peak_dbfs: float | None = None
    kept: Path | None = None
    costed: Cost | None = None
    unfinished: bool = False
    course: Course | None = None
    oversample: int = 1
    matched: bool = False
    turned: Mapping[str, float] = field(default_factory=dict)
    turnable: TrainedModel | None = None


def of_run(folder: RunFolder, config: RunConfig) -> Subject:
    """A run's model.

    Raises:
        DrywetError: the run has no model.
    """
    return Subject(
        load_model(folder.model_file), load_model(folder.baseline_file), folder.path,
        config.capture.recording, config.trained_peak_dbfs, folder.device_file,
        cost_before(folder), folder.unfinished, _course(folder),
    )  # fmt: skip


def _course(folder: RunFolder) -> Course | None:
    rows = [row for row in folder.history() if row.score is not None]
    if not rows:
        return None
    best = min(rows, key=lambda row: row.score or 0.0)
    if best.validation_esr is None:
        return None
    return Course(validation_esr=best.validation_esr, best_at=best.step / max(rows[-1].step, 1))


def of_model(path: Path, trained: TrainedModel, material: Material) -> Subject:
    """Anyone's model.

    Beside it the filter that fits the very audio that is scored: none of its length does better.

    Args:
        path: of the model, for messages.
        trained: the model.
        material: what it will be scored on.
    """
    from drywet.models.linear.fit import fit_fir

    prepared = material.prepared
    config = LinearConfig(taps=min(LinearConfig().taps, len(prepared.dry)))
    taps = fit_fir(prepared.dry, prepared.wet, [(0, len(prepared.dry))], config.taps)
    one = np.ones((), np.float32)
    weights = {"input_gain": one, "output_gain": one.copy(), "taps": taps.astype(np.float32)}
    card = ModelCard(model=config, rate=prepared.rate, output_latency=0)
    return Subject(trained, TrainedModel(weights, card), path)


def measure(
    subject: Subject,
    material: Material,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> Measured:
    """Score a model.

    Args:
        subject: the model.
        material: what it is scored on.
        on_progress: called with what comes next and the share done so far, about.

    Raises:
        DrywetError: the audio to be scored is silent, or the model gives no audio.
    """
    trained, baseline = subject.trained, subject.baseline
    prepared, rate = material.prepared, material.prepared.rate
    on_progress("playing the recording through the model", 0.0)
    prediction = _played(subject, material)
    match = None
    if subject.matched and np.isfinite(prediction).all():
        prediction, match = matched(prediction, prepared.wet, rate)
    target, predicted = material.cut(prepared.wet), material.cut(prediction)
    _require_audio(target, prediction, subject.where)
    on_progress("scoring the model", 0.1)
    ours = scores.evaluate(predicted, target, rate)
    on_progress("scoring the plain filter", 0.2)
    filtered = material.cut(predict(baseline, prepared.dry))
    theirs = scores.evaluate(filtered, target, rate)
    passes = material.passes() if material.replicate_esr is not None else []
    itself = None
    if passes:
        first, second = (list(part) for part in zip(*passes, strict=True))
        itself = scores.evaluate(second, first, rate)
    on_progress("listening to the pauses", 0.35)
    pauses, tails = silence.evaluate(prepared.dry, prepared.wet, prediction, rate)
    on_progress("playing test signals through the model", 0.4)
    probes = ask_model(trained, subject.oversample)
    if subject.recording is not None and subject.recording.device is not None:
        on_progress("playing test signals through the device", 0.6)
    answers, note = (
        (None, None)
        if subject.recording is None
        else ask_device(subject.recording, rate, subject.kept)
    )
    device_probes = None if answers is None else answers.probes
    on_progress("measuring what it costs to play", 0.9)
    trained_peak = subject.trained_peak_dbfs
    dry = material.cut(prepared.dry)
    evaluation = Evaluation(
        **dict(ours),
        linear=theirs,
        silence=scores.evaluate([np.zeros_like(part) for part in target], target, rate),
        itself=itself,
        esr_at_recording_rate=_esr_at_recording_rate(material, prediction),
        noise_floor_esr=None if material.replicate_esr is None else material.replicate_esr / 2,
        band_noise=band_noise.evaluate(prepared.dry, prepared.wet, target, rate),
        behaviour=material.behaviour,
        idle_offset_db=idle_offset_db(player_of(trained, subject.oversample), target, rate),
        pauses=pauses,
        tails=tails,
        trained_peak_dbfs=trained_peak,
        aliasing_db=aliasing.up_to(probes.aliasing, trained_peak),
        device_aliasing_db=None
        if device_probes is None
        else aliasing.up_to(device_probes.aliasing, trained_peak),
        oversampled=_oversampled(subject, probes),
        probes=probes,
        device_probes=device_probes,
        harmonic_error=None
        if device_probes is None
        else harmonics.compare(probes.tones, device_probes.tones, trained_peak),
        recorded_sines=recorded_sines.evaluate(dry, target, predicted, rate),
        device=None if subject.recording is None else subject.recording.device,
        device_note=note,
        cost=cost(
            subject.turnable or trained, np.concatenate(dry), subject.oversample, subject.costed
        ),
        model=trained.card.model.title,
        seconds=sum(len(part) for part in target) / rate,
        rate=rate,
        oversample=subject.oversample,
        latency_samples=material.latency,
        match=match,
        unfinished=subject.unfinished,
        course=subject.course if material.held_out else None,
        inverted_esr=_inverted_esr(predicted, target) if ours.esr >= 1 else None,
        held_out=material.held_out,
        knobs=dict(subject.turned),
        foresight=None
        if match is not None
        else foresight(prepared.dry, prepared.wet, prediction, rate, material.recorded.rate),
        beats_baseline=ours.esr < _CLEARLY * theirs.esr,
    )
    evaluation.verdict = verdict(evaluation)
    return Measured(evaluation, dry, target, predicted, filtered, rate, answers)


def _inverted_esr(predicted: list[Signal], target: list[Signal]) -> float:
    return float(time.esr(-np.concatenate(predicted), np.concatenate(target)))


def _played(subject: Subject, material: Material) -> Signal:
    """The prediction, as long as the dry signal; every stretch with its own positions of knobs."""
    dry, rate = material.prepared.dry, material.prepared.rate
    if subject.turnable is None or not material.positions:
        return _at_rate(subject.trained, dry, rate, subject.oversample)
    return np.concatenate(
        [
            _at_rate(with_knobs(subject.turnable, knobs), dry[a:b], rate, subject.oversample)
            for (a, b), knobs in material.positions
        ]
    )


def _at_rate(trained: TrainedModel, dry: Signal, rate: int, oversample: int) -> Signal:
    """What a model makes of a signal, if it has another rate by way of that."""
    own = trained.card.rate
    if own == rate:
        return predict(trained, dry, oversample)
    there = predict(trained, resample(dry, rate, own), oversample)
    back = resample(there, own, rate)[: len(dry)]
    return np.pad(back, (0, len(dry) - len(back)))


def _oversampled(subject: Subject, probes: Probes) -> Oversampled | None:
    """What there is to gain, unless it has been gained already."""
    if subject.oversample != 1:
        return None
    worst = aliasing.worst_taught(probes.aliasing.points, subject.trained_peak_dbfs)
    return oversampled(subject.trained, worst, ADVISED)


def _require_audio(target: list[Signal], prediction: Signal, where: Path) -> None:
    if not any(part.any() for part in target):
        raise DrywetError(
            "the wet file is silent where the model is to be scored",
            "some playing in it",
            "Score it on another capture: drywet evaluate RUN DRY WET.",
        )
    loudest = float(np.abs(prediction).max(initial=0.0))
    if not loudest < _MOST:  # NaN too
        raise DrywetError(
            f"the model in {where} gives samples of up to {loudest:.3g}",
            "audio, whose full scale is 1",
            "Its weights are spoiled: train or export it again.",
        )


def _esr_at_recording_rate(material: Material, prediction: Signal) -> float | None:
    rate, recorded = material.prepared.rate, material.recorded
    if recorded.rate == rate:
        return None
    # The prepared pair starts a margin into the dry signal and its prediction lags by
    # as much: its first sample belongs to the recording's first.
    there = resample(prediction, rate, recorded.rate)
    ratio = recorded.rate / rate
    length = min(len(there), len(recorded.wet))
    spans = [(round(a * ratio), min(round(b * ratio), length)) for a, b in material.spans]
    found, wanted = (
        np.concatenate([signal[a:b] for a, b in spans]).astype(np.float64)
        for signal in (there, recorded.wet)
    )
    return float(time.esr(found, wanted))
