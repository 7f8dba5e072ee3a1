"""``rank``: which of these models, whoever made them, sounds closest to this recording?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from drywet.data.split import Span
from drywet.dsp.levels import db, peak
from drywet.errors import DrywetError, UnknownKnobError
from drywet.evaluation.material import Material, another
from drywet.evaluation.measure import measure, of_model
from drywet.evaluation.result import Evaluation
from drywet.formats.load import load
from drywet.pair.alignment import Mending
from drywet.pair.load import Pair, load_pair
from drywet.report.contender import COLORS, Contender
from drywet.report.page import page
from drywet.report.rivals import against_the_best, names_of
from drywet.report.tables import sentences
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.runs.machine import versions_here
from drywet.runs.recording import own_capture
from drywet.storage import write_bytes
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel
from drywet.verbs.report import require_page
from drywet.words import positions

FILE_NAME = "ranking.html"
_MOST = 24


@dataclass(frozen=True)
class Ranked:
    """A model in its place.

    Attributes:
        name: unique among them.
        path: of the model.
        evaluation: its scores, once it was brought to the recording's delay and level.
        undecided: it cannot be told from the first on this recording; of the first, false.
    """

    name: str
    path: Path
    evaluation: Evaluation
    undecided: bool


@dataclass(frozen=True)
class Ranking:
    """Models by how close they come, the closest first.

    Attributes:
        models: in order.
        seconds: of audio that they were scored on.
        notes: what the order is worth, in sentences.
        page: to listen, and to see all scores.
    """

    models: list[Ranked]
    seconds: float
    notes: list[str]
    page: Path


def rank(
    dry: Path | str,
    wet: Path | str,
    models: Sequence[Path | str],
    *,
    out: Path | str | None = None,
    channel: int | None = None,
    resample_wet: bool = False,
    latency: int | None = None,
    resample_drift: bool = False,
    per_take: bool = False,
    force: bool = False,
    knobs: Mapping[str, float] | None = None,
    overwrite: bool = False,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> Ranking:
    """Score models of any format against one recording and put them in order of their ESR.

    Each is brought to the recording's delay and level first, to a fraction of a sample and
    either way up: who made a model aligned and levelled his own capture in his own way. A model of
    another rate is resampled there and back. Runs of drywet that learned from this very
    recording are scored on what they have not heard of it, and so are all others then. Their knobs
    stand as they stood in it; those of others, where nothing is given, in the middle.

    Args:
        dry: the signal into the device.
        wet: the signal out of it.
        models: runs or model files as for `drywet.load`.
        out: the page, or the folder for it; ``ranking.html`` here by default.
        channel: 1-based channel of multi-channel files.
        resample_wet: bring a wet file of another rate to the dry one's.
        latency: of the files in samples, instead of the measured one.
        resample_drift: resample the wet by the measured drift of the clocks.
        per_take: align joined takes each by itself.
        force: score files that the checks refuse.
        knobs: where the models that have them stand, in their own units.
        overwrite: replace a page that is there.
        on_progress: called with what comes next and the share done so far, about: of the checks,
            then of the scores, then of the page.

    Raises:
        DrywetError: files or models that cannot be used, a knob that none has, a place that cannot
            be written, or a page that is there.
    """
    paths = list(dict.fromkeys(Path(model) for model in models))
    if not 0 < len(paths) <= _MOST:
        raise DrywetError(f"{len(paths)} models", f"1 to {_MOST}", "Name the models.")
    target = Path(FILE_NAME) if out is None else Path(out)
    target = target / FILE_NAME if target.is_dir() else target
    require_page(target, overwrite)
    on_progress("reading the models", 0.0)
    trained = [load(path) for path in paths]  # what is wrong with one shows before any is played
    there = dict.fromkeys(name for one in trained for name in one.card.ranges)
    for name in knobs or {}:
        if name not in there:
            raise UnknownKnobError("what is ranked", name, there)
    on_progress("reading the recording", 0.0)
    pair = load_pair(dry, wet, channel, resample_wet)
    mending = Mending(drift=resample_drift, takes=per_take)
    material = another(pair, pair.rate, 0, latency, mending, force, on_progress)
    learned_from = _learned_from(pair, paths)
    material, notes = _unheard(material, learned_from)
    loudest = db(peak(material.prepared.dry))  # of the sines that are asked, for all alike
    names = names_of([path.resolve() for path in paths])
    trained, stood = _turned(trained, names, paths, learned_from, knobs or {})
    notes += stood
    contenders = []
    for number, (path, name, one) in enumerate(zip(paths, names, trained, strict=True)):
        told = partial(_told, on_progress, name, number, len(paths))
        subject = replace(of_model(path, one, material), matched=True, trained_peak_dbfs=loudest)
        made = {"model": str(path), "metadata": one.card.metadata.model_dump(exclude_none=True)}
        color = COLORS[number % len(COLORS)]
        contenders.append(Contender(name, color, path, measure(subject, material, told), [], made))
    contenders = sorted(against_the_best(contenders), key=lambda one: one.evaluation.esr)
    notes += sentences(contenders, []) if len(contenders) > 1 else []
    notes += _by_ear(contenders)
    on_progress("drawing the page", 0.0)
    text = page(f"Closest to {Path(wet).name}", contenders, notes, versions_here())
    write_bytes(target, text.encode())
    ranked = [
        Ranked(
            one.name, one.path, one.evaluation,
            undecided=one.against_best is not None and not one.against_best.decided,
        )
        for one in contenders
    ]  # fmt: skip
    return Ranking(ranked, ranked[0].evaluation.seconds, notes, target)


def _told(
    on_progress: Callable[[str, float], None], name: str, number: int, count: int,
    what: str, done: float,
) -> None:  # fmt: skip
    on_progress(f"{name}: {what}", (number + done) / count)


_LearnedFrom = dict[Path, tuple[RunConfig, int]]
"""Runs that learned from the recording, and which of their captures it is."""


def _learned_from(pair: Pair, paths: Sequence[Path]) -> _LearnedFrom:
    found = {}
    for path in paths:
        folder = RunFolder(path)
        if folder.config_file.is_file():
            config = folder.config()
            number = own_capture(pair, config)
            if number is not None:
                found[path] = (config, number)
    return found


def _turned(
    trained: Sequence[TrainedModel], names: Sequence[str], paths: Sequence[Path],
    learned_from: _LearnedFrom, knobs: Mapping[str, float],
) -> tuple[list[TrainedModel], list[str]]:  # fmt: skip
    """The models with their knobs where they belong, and a sentence on where that is."""
    fixed, said = [], []
    for one, name, path in zip(trained, names, paths, strict=True):
        ranges = one.card.ranges
        at = {knob: range_.middle for knob, range_ in ranges.items()}
        if path in learned_from:
            config, number = learned_from[path]
            at |= config.positions(number)
        at |= {knob: position for knob, position in knobs.items() if knob in ranges}
        fixed.append(with_knobs(one, at))
        if at:
            said.append(f"{name} stands at {positions(at)}.")
    return fixed, said


def _unheard(material: Material, learned_from: _LearnedFrom) -> tuple[Material, list[str]]:
    """What of a recording no run among the models was trained on."""
    spans, heard = material.spans, [path.name for path in learned_from]
    for config, number in learned_from.values():
        ratio = material.prepared.rate / config.rate
        tested = config.captures[number].split.test
        spans = _both(spans, [Span(round(a * ratio), round(b * ratio)) for a, b in tested])
    if not heard:
        return material, []
    if not spans:
        raise DrywetError(
            f"{' and '.join(heard)} together were trained on all of this recording",
            "a stretch that none of them has heard", "Rank them on another recording.",
        )  # fmt: skip
    length = len(material.prepared.dry)
    kept = tuple(Span(a, min(b, length)) for a, b in spans if a < length)
    said = (
        f"{' and '.join(heard)} learned from this recording: all are scored on what was held out. "
        "A model file does not say what it learned from."
    )
    return replace(material, spans=kept, held_out=True), [said]


def _both(first: Sequence[Span], second: Sequence[Span]) -> tuple[Span, ...]:
    """Where two lists of spans, each in order, overlap."""
    found = (Span(max(a.start, b.start), min(a.stop, b.stop)) for a in first for b in second)
    return tuple(span for span in found if span.length > 0)


def _by_ear(contenders: Sequence[Contender]) -> list[str]:
    """Whether the order is another one as the ear weighs the error."""
    weighted = min(contenders, key=lambda one: one.evaluation.esr_a_weighted)
    if weighted is contenders[0]:
        return []
    return [f"With the error weighed as the ear does (A-weighted) {weighted.name} is the closest."]
