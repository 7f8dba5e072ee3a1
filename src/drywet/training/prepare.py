"""From two files and settings to what a training is given, and what defines its run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drywet.captures.knob_names import tone_controls
from drywet.data.prepare import at_model_rate, second_passes
from drywet.data.segments import spans_with_room
from drywet.data.split import Span, Split, require_inside, split
from drywet.dsp.levels import db, peak
from drywet.errors import DrywetError
from drywet.metrics.stft import MIN_SAMPLES
from drywet.models.registry import build, kind_of
from drywet.pair.examine import Examination, examine, require_trainable
from drywet.pair.load import Pair, fingerprint, load_pair
from drywet.runs.capture import Capture, Recording
from drywet.runs.config import CaptureConfig, RunConfig, Settings
from drywet.runs.machine import machine_here, now, versions_here
from drywet.runs.recording import reload
from drywet.trained.knob_range import KnobRange
from drywet.training.data import TrainingCapture, TrainingData, before_a_span
from drywet.training.further_positions import Filters, fitted_filter, more_positions
from drywet.training.hardware import choose_threads
from drywet.words import with_article

_END_SLACK_SECONDS = 0.1


@dataclass(frozen=True)
class Played:
    """The device behind a capture.

    Attributes:
        device: a name or a path, as `drywet.devices.catalog.find` takes it, where drywet played it.
        knobs: positions of its knobs.
    """

    device: str | None
    knobs: dict[str, float]


def prepare(
    dry: Path | str,
    wet: Path | str,
    settings: Settings,
    played: Played | None,
    on_examined: Callable[[Examination], None],
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> tuple[RunConfig, TrainingData]:
    """Load, check, align, resample and split a capture.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        settings: of the run.
        played: the device, where drywet made the capture.
        on_examined: called with the checks' findings before they can stop the training.
        on_progress: as for `drywet.pair.examine.examine`.

    Raises:
        DrywetError: files or settings that cannot be used, or a capture the checks refuse.
    """
    chosen = settings.capture
    if settings.model.controls:
        raise DrywetError(
            f"{with_article(settings.model.title)} for one pair", "captures at several positions",
            "Leave the knobs out, or name the captures with --captures (docs/knobs.md).",
        )  # fmt: skip
    if chosen.positions is not None:
        raise DrywetError(
            f"the first {chosen.positions} positions of one pair", "captures with knobs",
            "Leave capture.positions out.",
        )  # fmt: skip
    loaded = load_pair(dry, wet, chosen.channel, chosen.resample)
    if chosen.test is not None:
        require_inside(chosen.test, loaded.seconds)
    made = played is not None and played.device is not None
    examination = examine(loaded, chosen.latency, chosen.mending, on_progress, made)
    on_examined(examination)
    require_trainable(examination.findings, chosen.force)
    pair = examination.pair
    rate = chosen.rate or pair.rate
    prepared = at_model_rate(pair, rate, chosen.margin)
    parts = divided(prepared, examination, chosen)
    recording = recording_of(dry, wet, loaded, examination, played)
    data = TrainingData((TrainingCapture(prepared.dry, prepared.wet, parts),), rate)
    config = config_of(settings, (Capture(recording=recording, split=parts),), data)
    return config, data


def divided(prepared: Pair, examination: Examination, chosen: CaptureConfig) -> Split:
    """How a capture at the model's rate is divided."""
    pair, rate = examination.pair, prepared.rate
    repeats = second_passes(examination.repeats, pair.rate, rate, chosen.margin)
    test = _test_span(chosen.test, examination.latency, pair.rate, prepared)
    return split(len(prepared.dry), rate, repeats, test, chosen.deal, chosen.train_seconds)


def recording_of(
    dry: Path | str, wet: Path | str, loaded: Pair, examination: Examination, played: Played | None
) -> Recording:
    """What a run keeps of a pair of files."""
    pair = examination.pair
    return Recording(
        dry=str(Path(dry).resolve()),
        wet=str(Path(wet).resolve()),
        dry_sha256=fingerprint(loaded.dry),
        wet_sha256=fingerprint(loaded.wet),
        rate=pair.rate,
        seconds=pair.seconds,
        latency=examination.latency,
        drift_ppm=examination.alignment.drift_ppm,
        takes=examination.alignment.takes,
        tried=examination.tried,
        polarity=examination.polarity,
        replicate_esr=examination.replicate_esr,
        repeats=tuple(examination.repeats),
        behaviour=examination.behaviour,
        device=None if played is None else played.device,
        knobs={} if played is None else played.knobs,
    )


def config_of(
    settings: Settings,
    captures: tuple[Capture, ...],
    data: TrainingData,
    knobs: tuple[KnobRange, ...] = (),
) -> RunConfig:
    """The configuration of a new run.

    Args:
        settings: what the user chose.
        captures: what it learns from.
        data: of these, in the same order.
        knobs: of the device, where their positions were given.

    Raises:
        DrywetError: the captures are too short or silent for such a training.
    """
    loudest = max(peak(one.dry[a:b]) for one in data.captures for a, b in one.split.train)
    config = RunConfig(
        settings=settings,
        captures=captures,
        knobs=knobs,
        rate=data.rate,
        output_latency=settings.capture.margin,
        trained_peak_dbfs=db(loudest),
        threads=choose_threads(settings.training.threads),
        versions=versions_here(),
        machine=machine_here(),
        created=now(),
    )
    _require_windows(config)
    _require_sound(config, [one.wet for one in data.captures])
    return config


def with_settings(
    config: RunConfig, data: TrainingData, settings: Settings, threads: int
) -> RunConfig:
    """Another training of a capture that is prepared.

    Args:
        config: of the run it was prepared for.
        data: as prepared.
        settings: those of the capture must be the same.
        threads: of the CPU.

    Raises:
        DrywetError: the capture is too short or silent for such a training.
    """
    changes = {"settings": settings, "threads": threads, "created": now()}
    found = config.model_copy(update=changes)
    _require_windows(found)
    _require_sound(found, [capture.wet for capture in data.captures])
    return found


def prepare_again(config: RunConfig) -> TrainingData:
    """What a run was trained on, read again.

    Raises:
        DrywetError: a file is gone, unusable, or no longer the same.
    """
    captures = []
    for number, capture in enumerate(config.captures):
        prepared = reload(config, number)[1]
        captures.append(
            TrainingCapture(prepared.dry, prepared.wet, capture.split, config.shares(number))
        )
    return with_more_positions(config, TrainingData(tuple(captures), config.rate))


def with_more_positions(config: RunConfig, data: TrainingData) -> TrainingData:
    """With captures at further positions of knobs that are filters, where the run has such."""
    names = [knob.name for knob in config.knobs]
    learned = [capture for capture in data.captures if capture.split.train]
    controls = () if config.tone_stack is None else tone_controls(names) or ()
    alone = tuple(names.index(name) for name in config.filters)
    found = [fitted_filter(learned, control, data.rate) for control in alone]
    measured = tuple(each for each in found if each is not None)
    if len(measured) < len(found) or not (controls or measured):
        return data
    filters = Filters(config.tone_stack if controls else None, measured)
    more = more_positions(learned, (*controls, *alone), filters, data.rate)
    return replace(data, captures=(*data.captures, *more))


def _test_span(
    test: tuple[float, float | None] | None, latency: int, file_rate: int, prepared: Pair
) -> Span | None:
    """The held-out stretch in samples, from seconds of the dry file."""
    if test is None:
        return None
    cut = max(-latency, 0) / file_rate  # a wet that leads cost the dry its first samples
    start = max(round((test[0] - cut) * prepared.rate), 0)
    end = prepared.seconds if test[1] is None else test[1] - cut
    if prepared.seconds < end <= prepared.seconds + _END_SLACK_SECONDS:
        end = prepared.seconds  # the alignment shortened the end
    return Span(start, round(end * prepared.rate))


def _require_sound(config: RunConfig, wets: Sequence[NDArray[np.float32]]) -> None:
    """Refuse to choose or to score by silence, against which every model is infinitely wrong."""
    held_out: dict[str, list[NDArray[np.float32]]] = {
        name: [
            wet[a:b]
            for capture, wet in zip(config.captures, wets, strict=True)
            for a, b in getattr(capture.split, name)
        ]
        for name in ("test", "validation")
    }
    for name, pieces in held_out.items():
        if not any(piece.any() for piece in pieces):
            raise DrywetError(
                f"the wet file is silent throughout the audio held out for the {name}",
                "some playing in it",
                "Hold out another stretch with --test START:END.",
            )
    select = config.settings.training.select
    if select in ("mrstft", "composite") and not any(
        len(piece) >= MIN_SAMPLES and piece.any() for piece in held_out["validation"]
    ):
        longest = max(len(piece) for piece in held_out["validation"])
        raise DrywetError(
            f"--select {select} and validation audio in pieces of at most {longest} samples",
            f"a piece of at least {MIN_SAMPLES} that is not silent",
            "Record more, or select by esr.",
        )


def _require_windows(config: RunConfig) -> None:
    """Refuse before anything is written what training could not even begin."""
    training = config.settings.training
    model = build(config.settings.model)
    warm_up = model.warm_up if training.warm_up is None else training.warm_up
    solved = kind_of(config.settings.model).training is None
    before = before_a_span(warm_up, bool(config.knobs), model.receptive_field)
    needed = model.warm_up + 1 if solved else warm_up - before + config.settings.segment
    spans_with_room([span for capture in config.captures for span in capture.split.train], needed)
