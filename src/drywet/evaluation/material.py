"""What of which capture a run is scored on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import resample
from drywet.data.prepare import at_model_rate
from drywet.data.split import Span
from drywet.dsp.latency import SURE, estimate, most_alike, shifted
from drywet.dsp.levels import loudest_excerpt
from drywet.dsp.repeats import Repeat
from drywet.inference.stream import predict
from drywet.pair.alignment import NOTHING, Mending
from drywet.pair.check_device import Behaviour
from drywet.pair.check_levels import usable
from drywet.pair.check_timing import passes
from drywet.pair.examine import examine, require_trainable
from drywet.pair.load import Pair
from drywet.runs.config import RunConfig
from drywet.runs.recording import reload
from drywet.trained.model_file import TrainedModel

Signal = NDArray[np.float32]

_NEAR = 3  # samples
_EXCERPT_SECONDS = 20


@dataclass(frozen=True)
class Material:
    """An aligned capture and what of it is scored.

    Attributes:
        held_out: it is the run's own capture, of which the test part is scored.
        recorded: aligned, at the files' rate.
        prepared: at the model's rate, with its margin.
        spans: of ``prepared`` that are scored.
        latency: by which the wet file lagged, at the files' rate.
        repeats: passages played twice, in samples of ``recorded``.
        replicate_esr: the device against itself there.
        behaviour: of the device, as in `drywet.runs.capture.Recording`.
        positions: stretches of ``prepared`` with the knobs' positions there; none for a device
            whose knobs stayed.
    """

    held_out: bool
    recorded: Pair
    prepared: Pair
    spans: tuple[Span, ...]
    latency: int
    repeats: tuple[Repeat, ...]
    replicate_esr: float | None
    positions: tuple[tuple[Span, Mapping[str, float]], ...] = ()
    behaviour: Behaviour | None = None

    def cut(self, signal: Signal) -> list[Signal]:
        """The scored stretches of a signal as long as ``prepared``."""
        return [signal[a:b] for a, b in self.spans]

    def passes(self) -> list[tuple[Signal, Signal]]:
        """First and second pass of what the capture repeats, at the model's rate.

        Each is resampled by itself: a lag that is no whole number of the model's samples
        must not look like an error of the device.
        """
        there, back = self.recorded.rate, self.prepared.rate
        return [
            (resample(first, there, back), resample(second, there, back))
            for first, second in passes(self.recorded, self.repeats)
        ]


def own_material(config: RunConfig, number: int = 0, pair: Pair | None = None) -> Material:
    """One of the run's own captures, of which only the test spans are scored."""
    recorded, prepared = reload(config, number, pair)
    recording, split = config.captures[number].recording, config.captures[number].split
    return Material(
        True, recorded, prepared, split.test, recording.latency, recording.repeats,
        recording.replicate_esr, behaviour=recording.behaviour,
    )  # fmt: skip


def another(
    pair: Pair,
    rate: int,
    output_latency: int,
    latency: int | None,
    mending: Mending,
    force: bool,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> Material:
    """A capture that a model did not learn from, checked and aligned by itself, all of it scored.

    Args:
        pair: the capture.
        rate: of the model, in Hz.
        output_latency: of the model, in samples.
        latency: of the wet file in samples, instead of the measured one.
        mending: of a delay that does not stay.
        force: score files that the checks refuse.
        on_progress: as for `drywet.pair.examine.examine`.

    Raises:
        DrywetError: files that the checks refuse.
    """
    examination = examine(pair, latency, mending, on_progress)
    require_trainable(examination.findings, force)
    prepared = at_model_rate(examination.pair, rate, output_latency)
    return Material(
        False, examination.pair, prepared, (Span(0, len(prepared.dry)),), examination.latency,
        tuple(examination.repeats), examination.replicate_esr, behaviour=examination.behaviour,
    )  # fmt: skip


def aligned_to(
    trained: TrainedModel, pair: Pair, latency: int | None, mending: Mending, force: bool
) -> Material:
    """As `another`, aligned where no latency is given to what the model makes of the dry file."""
    if latency is None:
        latency = latency_against(trained, pair, mending)
    return another(pair, trained.card.rate, trained.card.output_latency, latency, mending, force)


def latency_against(trained: TrainedModel, pair: Pair, mending: Mending = NOTHING) -> int | None:
    """By how much the wet file lags the dry one as the model would have it.

    Anyone's model was trained on a capture that somebody aligned in some way, and an effect's own
    delay is in the model or is not: what the model makes of the dry file tells.

    Args:
        trained: the model.
        pair: the capture.
        mending: what will be done about a delay that does not stay.

    Returns:
        Samples at the files' rate that `another` takes; ``None`` where the model's output and the
        wet file are too little alike to tell.
    """
    if list(usable(pair)):
        return None
    moved = 0
    if mending.wanted:
        examination = examine(pair, None, mending)
        pair, moved = examination.pair, examination.latency
    rate = trained.card.rate
    at_model = pair.resampled(rate)
    prediction = predict(trained, at_model.dry)
    found = estimate(prediction, at_model.wet, rate)
    if found.confidence < SURE:
        return None
    late = round(found.samples)  # by phase, which may be a sample off what is most alike
    ours, theirs = shifted(prediction, at_model.wet, late)
    where = loudest_excerpt(ours, int(_EXCERPT_SECONDS * rate))
    delay = late + most_alike(ours[where], theirs[where], _NEAR)
    return moved + round((delay + trained.card.output_latency) * pair.rate / rate)
