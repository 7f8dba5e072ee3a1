"""From a device's captures at several positions of its knobs to what a training is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from drywet.captures.examine import examine_captures
from drywet.captures.findings import Examined
from drywet.captures.knob_names import tone_controls
from drywet.captures.listed import Captures
from drywet.data.prepare import at_model_rate
from drywet.data.split import Span, Split
from drywet.dsp.tone_stack import ToneStack
from drywet.errors import DrywetError
from drywet.pair.examine import require_trainable
from drywet.pair.findings import Finding
from drywet.pair.load import Pair
from drywet.pair.summary import CheckReport
from drywet.runs.capture import Capture
from drywet.runs.config import CaptureConfig, RunConfig, Settings
from drywet.training.data import TrainingCapture, TrainingData
from drywet.training.filter_findings import of_filter, of_tone_stack
from drywet.training.further_positions import (
    TRUSTED,
    TRUSTED_FILTER,
    fitted_filter,
    fitted_stack,
)
from drywet.training.prepare import (
    Played,
    config_of,
    divided,
    recording_of,
    with_more_positions,
)
from drywet.words import with_article


def prepare_captures(
    captures: Captures,
    settings: Settings,
    on_examined: Callable[[CheckReport], None],
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> tuple[RunConfig, TrainingData]:
    """Check every capture, align all of them by one latency and split them.

    Args:
        captures: of the device.
        settings: of the run; the model gets the captures' knobs.
        on_examined: called with what the checks found, before it can stop the training, and with
            which knobs were found to be filters.
        on_progress: as for `drywet.pair.examine.examine`.

    Raises:
        DrywetError: files or settings that cannot be used, captures of different rates, or one
            that the checks refuse.
    """
    chosen = settings.capture
    captures = _first(captures, chosen.positions)
    names = tuple(knob.name for knob in captures.knobs)
    settings = settings_with_knobs(settings, names)
    together, said = examine_captures(
        captures, chosen.channel, chosen.resample, chosen.latency, chosen.mending,
        lambda what, done: on_progress(what, 0.9 * done),
    )  # fmt: skip
    on_examined(said)
    for one in together:
        try:
            require_trainable(one.examination.findings, chosen.force)
        except DrywetError as error:
            raise DrywetError(
                f"{one.pair.title}: {error.found}", error.expected, error.fix
            ) from error
    on_progress("dividing the captures", 0.9)
    rate = chosen.rate or together[0].loaded.rate
    prepared_pairs = [at_model_rate(one.examination.pair, rate, chosen.margin) for one in together]
    parts_of = _divided_alike(together, prepared_pairs, chosen)
    kept, learned = [], []
    for one, prepared, parts in zip(together, prepared_pairs, parts_of, strict=True):
        played = Played(captures.device, {**captures.stood, **one.pair.knobs})
        recording = recording_of(one.pair.dry, one.pair.wet, one.loaded, one.examination, played)
        kept.append(Capture(recording=recording, split=parts))
        stood = tuple(knob.share(one.pair.knobs[knob.name]) for knob in captures.knobs)
        learned.append(TrainingCapture(prepared.dry, prepared.wet, parts, stood))
    data = TrainingData(tuple(learned), rate)
    config = config_of(settings, tuple(kept), data, captures.knobs)
    on_progress("looking for knobs that are filters", 0.95)
    seen = _filters(config, [each for each in learned if each.split.train], rate)
    if seen.findings:
        on_examined(said.model_copy(update={"findings": seen.findings}))
    config = config.model_copy(update={"tone_stack": seen.tone_stack, "filters": seen.filters})
    return config, with_more_positions(config, data)


@dataclass(frozen=True)
class _Seen:
    tone_stack: ToneStack | None
    filters: dict[str, float]
    findings: list[Finding]


def _filters(config: RunConfig, learned: Sequence[TrainingCapture], rate: int) -> _Seen:
    """Which knobs are filters behind the distortion, the tone controls together."""
    controls = tone_controls([knob.name for knob in config.knobs]) or ()
    findings, trusted = [], None
    if controls:
        stack = fitted_stack(learned, controls, rate)
        if stack is not None:
            findings.append(of_tone_stack(stack))
            trusted = stack if stack.esr <= TRUSTED else None
    filters = {}
    for number, knob in enumerate(config.knobs):
        if number in controls or knob.steps or knob.follows is not None:
            continue
        found = fitted_filter(learned, number, rate)
        if found is not None and found.esr <= TRUSTED_FILTER:
            filters[knob.name] = found.esr
            findings.append(of_filter(knob.name, found.esr))
    return _Seen(trusted, filters, findings)


def _first(captures: Captures, positions: int | None) -> Captures:
    """Those of the first so many positions that are learned from, and those that are held out."""
    learned = [pair for pair in captures.pairs if not pair.held_out][:positions]
    kept = tuple(pair for pair in captures.pairs if pair.held_out or pair in learned)
    return replace(captures, pairs=kept)


def settings_with_knobs(settings: Settings, names: tuple[str, ...]) -> Settings:
    """Settings whose model has knobs.

    Args:
        settings: of a run.
        names: of the knobs.

    Raises:
        DrywetError: settings for which there are no knobs.
    """
    if settings.loss.aliasing:
        raise DrywetError(
            "loss.aliasing and captures with knobs", "one of them", "Leave the loss's weight out."
        )
    if not settings.model.takes_knobs:
        raise DrywetError(
            f"{with_article(settings.model.title)} for captures with knobs",
            "--model recurrent or wavenet", "No other net learns knobs.",
        )  # fmt: skip
    model = settings.model.model_copy(update={"knobs": names})
    return settings.model_copy(update={"model": model})


def _divided_alike(
    captures: Sequence[Examined], prepared: Sequence[Pair], chosen: CaptureConfig
) -> list[Split]:
    """Of one performance the same seconds are held out everywhere: the longest capture's.

    What one capture tests must not be what another, or one made from it, trains on.
    """
    longest: dict[str, int] = {}
    for number, (one, pair) in enumerate(zip(captures, prepared, strict=True)):
        best = longest.get(str(one.pair.dry.resolve()))
        if not one.pair.held_out and (best is None or len(pair.dry) > len(prepared[best].dry)):
            longest[str(one.pair.dry.resolve())] = number
    splits = {
        dry: divided(prepared[number], captures[number].examination, chosen)
        for dry, number in longest.items()
    }
    found = []
    for one, pair in zip(captures, prepared, strict=True):
        length = len(pair.dry)
        if one.pair.held_out:
            found.append(Split(train=(), validation=(), test=(Span(0, length),)))
            continue
        whole = splits[str(one.pair.dry.resolve())]
        cut = {
            name: tuple(Span(a, min(b, length)) for a, b in getattr(whole, name) if a < length)
            for name in ("train", "validation", "test")
        }
        if not all(cut.values()):
            raise DrywetError(
                f"{one.pair.title} lasts {pair.seconds:.1f} s, much less than others of the same "
                "dry file", "captures of about one length", "Record it whole, or leave it out.",
            )  # fmt: skip
        found.append(Split(**cut))
    return found
