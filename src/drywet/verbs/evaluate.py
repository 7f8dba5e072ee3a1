"""``evaluate``: how close is a trained model to its device, on audio it has not heard?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import resample
from drywet.audio.write import write
from drywet.data.prepare import at_model_rate
from drywet.data.split import Span
from drywet.errors import DrywetError
from drywet.figures import canvas
from drywet.figures.spectrograms import spectrograms
from drywet.figures.training_curve import training_curve
from drywet.figures.waveform import waveform
from drywet.inference.stream import predict
from drywet.metrics import scores
from drywet.metrics.scores import Scores
from drywet.pair.examine import examine, require_trainable
from drywet.pair.load import Pair, load_pair
from drywet.runs.config import RunConfig
from drywet.runs.folder import SOUNDS, RunFolder
from drywet.runs.model_file import TrainedModel, load_model
from drywet.runs.recording import is_own, reload
from drywet.storage import make_folder, write_json


class Evaluation(Scores):
    """A model's scores, beside those of the baseline.

    Attributes:
        linear: scores of the linear baseline on the same audio.
        esr_at_recording_rate: ESR once the prediction is brought to the files' rate, where
            the model runs at another: what the model's band leaves out counts here.
        noise_floor_esr: half the ESR of the device against itself, what a perfect model
            would score, where the capture repeats a passage.
        seconds: of audio that was scored.
        rate: at which it was scored, in Hz.
        latency_samples: by which the wet file lagged, at the files' rate.
        held_out: the audio is the test part of the run's own capture; otherwise all of
            another one.
        parameters: numbers that training could change.
        beats_baseline: the ESR is clearly below the linear baseline's.
    """

    linear: Scores
    esr_at_recording_rate: float | None
    noise_floor_esr: float | None
    seconds: float
    rate: int
    latency_samples: int
    held_out: bool
    parameters: int
    beats_baseline: bool


_CLEARLY = 0.7  # of the baseline's ESR


@dataclass(frozen=True)
class _Material:
    """An aligned capture and what of it is scored."""

    held_out: bool
    recorded: Pair  # aligned, at the files' rate
    prepared: Pair  # at the model's rate, with its margin
    spans: tuple[Span, ...]
    latency: int
    replicate_esr: float | None


def evaluate(
    run: RunFolder | Path | str,
    dry: Path | str | None = None,
    wet: Path | str | None = None,
    *,
    channel: int | None = None,
    resample_wet: bool = False,
    latency: int | None = None,
    force: bool = False,
) -> Evaluation:
    """Score a run on its held-out test audio, or on another capture of the same device.

    Without files, the run's own are read again, and ``scores.json``, figures and
    audio are written to its folder. With files, all of them is scored (of the run's own
    files again only the test part) and nothing is written.

    Args:
        run: the run or its folder.
        dry: another dry file.
        wet: the wet file to it.
        channel: 1-based channel of multi-channel files.
        resample_wet: bring a wet file of another rate to the dry one's.
        latency: of the other files in samples, instead of the measured one.
        force: score files that the checks refuse.

    Raises:
        DrywetError: no such run, files that cannot be used, or the run's own
            files changed.
    """
    folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
    config = folder.config()
    trained = load_model(folder.model_file)
    baseline = load_model(folder.baseline_file)
    if (dry is None) != (wet is None):
        raise DrywetError(
            "one file was given", "a dry and a wet one, or neither", "Name both files."
        )
    if dry is None or wet is None:
        material = _own(config)
    else:
        pair = load_pair(dry, wet, channel, resample_wet)
        material = (
            _own(config, pair) if is_own(pair, config) else _other(pair, config, latency, force)
        )
    prepared = material.prepared
    prediction = predict(trained, prepared.dry)
    linear = predict(baseline, prepared.dry)
    result = _score(material, prediction, linear, trained)
    if dry is None:
        write_json(folder.scores_file, result.model_dump(mode="json"))
        _illustrate(folder, config, material, prediction, result)
    return result


def _own(config: RunConfig, pair: Pair | None = None) -> _Material:
    """The run's own capture, of which only the test spans are scored."""
    recorded, prepared = reload(config, pair)
    recording = config.recording
    return _Material(
        True, recorded, prepared, config.split.test, recording.latency, recording.replicate_esr
    )


def _other(pair: Pair, config: RunConfig, latency: int | None, force: bool) -> _Material:
    """Another capture, checked and aligned by itself, all of it scored."""
    examination = examine(pair, latency)
    require_trainable(examination.findings, force)
    prepared = at_model_rate(examination.pair, config.rate, config.output_latency)
    return _Material(
        False,
        examination.pair,
        prepared,
        (Span(0, len(prepared.dry)),),
        examination.latency,
        examination.replicate_esr,
    )


def _score(
    material: _Material,
    prediction: NDArray[np.float32],
    linear: NDArray[np.float32],
    trained: TrainedModel,
) -> Evaluation:
    prepared, spans = material.prepared, material.spans
    target = [prepared.wet[a:b] for a, b in spans]
    ours = scores.evaluate([prediction[a:b] for a, b in spans], target)
    theirs = scores.evaluate([linear[a:b] for a, b in spans], target)
    replicate = material.replicate_esr
    return Evaluation(
        **ours.model_dump(),
        linear=theirs,
        esr_at_recording_rate=_esr_at_recording_rate(material, prediction),
        noise_floor_esr=None if replicate is None else replicate / 2,
        seconds=sum(b - a for a, b in spans) / prepared.rate,
        rate=prepared.rate,
        latency_samples=material.latency,
        held_out=material.held_out,
        parameters=trained.model.parameter_count,
        beats_baseline=ours.esr < _CLEARLY * theirs.esr,
    )


def _esr_at_recording_rate(material: _Material, prediction: NDArray[np.float32]) -> float | None:
    rate, recorded = material.prepared.rate, material.recorded
    if recorded.rate == rate:
        return None
    # The prepared pair starts a margin into the dry signal and its prediction lags by
    # as much: its first sample belongs to the recording's first.
    there = resample(prediction, rate, recorded.rate)
    ratio = recorded.rate / rate
    length = min(len(there), len(recorded.wet))
    spans = [(round(a * ratio), min(round(b * ratio), length)) for a, b in material.spans]
    return scores.evaluate(
        [there[a:b] for a, b in spans], [recorded.wet[a:b] for a, b in spans]
    ).esr


def _illustrate(
    folder: RunFolder,
    config: RunConfig,
    material: _Material,
    prediction: NDArray[np.float32],
    result: Evaluation,
) -> None:
    """Write figures and audio of the test spans."""
    make_folder(folder.figures)
    make_folder(folder.audio)
    pair, spans = material.prepared, material.spans
    dry, target, predicted = (
        np.concatenate([signal[a:b] for a, b in spans])
        for signal in (pair.dry, pair.wet, prediction)
    )
    name = config.settings.model.title
    seams = np.cumsum([b - a for a, b in spans])[:-1].tolist()
    title = f"{name}: ESR {result.esr:.2e} on {result.seconds:.1f} s of held-out audio"
    canvas.save(waveform(target, predicted, pair.rate, title), folder.figures / "waveform.png")
    canvas.save(
        spectrograms(dry, target, predicted, pair.rate, title, seams),
        folder.figures / "spectrograms.png",
    )
    history = folder.history()
    if history:
        curve = training_curve(history, result.linear.esr, result.noise_floor_esr)
        canvas.save(curve, folder.figures / "training.png")
    sounds = (dry, target, predicted, target - predicted)
    for stem, samples in zip(SOUNDS, sounds, strict=True):
        write(folder.audio / f"{stem}.wav", samples, pair.rate)
