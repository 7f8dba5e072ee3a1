"""``export`` and ``convert``: a model in the formats that plugins load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from drywet.dsp.oversampling import Phase, filters, require_factor
from drywet.errors import DrywetError
from drywet.evaluation.saved import read_scores
from drywet.formats.load import load
from drywet.formats.nam import slimmable
from drywet.formats.registry import (
    Format,
    format_named,
    format_of,
    formats_for,
    require_oversampling,
)
from drywet.models.registry import multiply_adds
from drywet.runs.folder import RunFolder
from drywet.storage import require_new, require_place, write_bytes
from drywet.trained.knobs import with_knobs
from drywet.trained.metadata import Metadata
from drywet.trained.model_file import TrainedModel
from drywet.validation import parse
from drywet.words import with_article


class Exported(BaseModel):
    """What was written.

    Attributes:
        path: the file.
        format: its format.
        model: the kind of model, in short.
        rate: sample rate in Hz at which the plugin must run it.
        output_latency: samples by which its output lags its input.
        oversample: times that rate at which the net in it runs.
        knobs: where those that it has no more were fixed.
        inputs: what the numbered knobs of the format are.
    """

    path: str
    format: str
    model: str
    rate: int
    output_latency: int
    oversample: int = 1
    knobs: dict[str, float] = {}
    inputs: dict[str, str] = {}


_NUMBERED = ("rtneural", "aidax", "proteus")
"""Formats in which knobs have no names."""


def export(
    model: Path | str,
    *,
    format: str = "nam",
    out: Path | str | None = None,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    knobs: Mapping[str, float] | None = None,
    size: float = 1.0,
    oversample: int = 1,
    phase: Phase = "linear",
    slim: Sequence[Path | str] = (),
    overwrite: bool = False,
) -> Exported:
    """Write a model in a plugin's format.

    Args:
        model: as for `drywet.load`.
        format: one of `drywet.formats.registry.FORMATS`.
        out: file to write, or the folder for it; by default in the run's folder, or beside the
            model file, named after it and after the positions of fixed knobs.
        name: shown in the plugin; by default the model's own, or the run's or file's.
        metadata: fields of `Metadata` to set or to change.
        knobs: knobs to fix at a position, in their own units: the written model has none, and
            those left out are in the middle.
        size: of a slimmable ``.nam``, as for `drywet.load`.
        oversample: how many times its rate the written model runs at, 1, 2, 4 or 8, where the
            format can hold such a model.
        phase: of the filters around it: minimum delays less.
        slim: lighter models of the same device, to be in the same ``.nam``: a container from which
            a player's slider chooses.
        overwrite: replace a file that is there; what a run keeps by default is made anew anyway.

    Raises:
        DrywetError: unusable model, metadata or knobs, unknown format, one that cannot hold the
            model, or a file that is there.
    """
    chosen = format_named(format)
    require_factor(oversample)
    if oversample != 1:
        require_oversampling(chosen)
    elif phase != "linear":
        raise DrywetError(
            f"{phase} phase and no oversampling", "--oversample 2, 4 or 8 with it",
            "The phase is that of oversampling's filters.",
        )  # fmt: skip
    path = Path(model)
    trained = load(path, size)
    lighter = _lighter([load(each) for each in slim], trained, format)
    stand: dict[str, float] = {}
    if knobs:
        stand = {name: knob.middle for name, knob in trained.card.ranges.items()} | dict(knobs)
        trained = with_knobs(trained, knobs)
        lighter = [with_knobs(each, knobs) for each in lighter]
    described = dict(metadata or {})
    if path.is_dir():
        known: dict[str, Any] = {"esr": _held_out_esr(RunFolder(path), stand)}
        if trained.card.metadata.modeled_by is None:
            known["modeled_by"] = "drywet"
        described = known | described
    trained = _described(trained, described, name)
    at = "".join(f"_{name}{position:g}" for name, position in stand.items())
    if path.is_dir():
        target = RunFolder(path).export_file(at + chosen.suffix)
    else:
        target = path.with_name(path.stem + at + chosen.suffix)
    shown = trained.card.metadata.name or target.name.removesuffix(chosen.suffix)
    if out is not None:
        target = Path(out) / target.name if Path(out).is_dir() else Path(out)
        _require_ending(target, chosen)
    _require_another(target, path)
    require_place(target)
    require_new(target, overwrite or (out is None and path.is_dir()))
    if not path.is_dir():
        _require_fit(chosen, trained)
    with np.errstate(over="ignore", invalid="ignore"):  # the writer refuses what comes of it
        if lighter:
            data, delay = slimmable.encode([*lighter, trained], shown, datetime.now()), 0
        elif oversample == 1:
            data, delay = chosen.writer.encode(trained, shown, datetime.now()), 0
        else:
            around = filters(trained.card.rate, oversample, phase)
            data = chosen.writer.encode(trained, shown, datetime.now(), around)
            delay = round(around.latency)
    write_bytes(target, data)
    return Exported(
        path=str(target),
        format=format,
        model=", ".join(one.card.model.title for one in (trained, *reversed(lighter))),
        rate=trained.card.rate,
        output_latency=trained.card.output_latency + delay,
        oversample=oversample,
        knobs=stand,
        inputs=_inputs(trained) if format in _NUMBERED else {},
    )


def convert(
    source: Path | str,
    target: Path | str,
    *,
    format: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    knobs: Mapping[str, float] | None = None,
    size: float = 1.0,
    oversample: int = 1,
    phase: Phase = "linear",
    overwrite: bool = False,
) -> Exported:
    """Write a model of one format in another.

    Args:
        source: as for `drywet.load`.
        target: file to write; its ending says the format where ``format`` doesn't: ``.nam``,
            ``.onnx``, ``.h``, ``.safetensors``, ``.rtneural.json``, ``.aidax.json``,
            ``.proteus.json``; a plain ``.json`` is RTNeural's.
        format: as for `export`.
        metadata: likewise.
        knobs: likewise.
        size: likewise.
        oversample: likewise.
        phase: likewise.
        overwrite: replace a file that is there.

    Raises:
        DrywetError: as `export`, or a target that is the source or has no known ending.
    """
    source, target = Path(source), Path(target)
    _require_another(target, source)
    name = format_of(target).name if format is None else format
    return export(
        source, format=name, out=target, metadata=metadata, knobs=knobs, size=size,
        oversample=oversample, phase=phase, overwrite=overwrite,
    )  # fmt: skip


def _lighter(slim: list[TrainedModel], trained: TrainedModel, format: str) -> list[TrainedModel]:
    """Models to go into one file with another, the lightest first.

    Raises:
        DrywetError: a format that holds one only, or one that is not lighter.
    """
    if slim and format != "nam":
        raise DrywetError(
            f"--slim with --format {format}", "--format nam", "Export each model by itself."
        )
    ordered = sorted(slim, key=_cost)
    for one, next_one in pairwise([*ordered, trained]):
        if _cost(one) >= _cost(next_one):
            raise DrywetError(
                f"{with_article(one.card.model.title)} beside "
                f"{with_article(next_one.card.model.title)}",
                "models that each cost more to play than the one before",
                "Name the heaviest first, then with --slim lighter ones.",
            )  # fmt: skip
    return ordered


def _cost(trained: TrainedModel) -> int:
    return multiply_adds(trained.card.model)


def _require_fit(chosen: Format, trained: TrainedModel) -> None:
    """Refuse a model that a format cannot hold; a file is not told how to be trained.

    Raises:
        DrywetError: it cannot, with those that can.
    """
    config, rate = trained.card.model, trained.card.rate
    try:
        chosen.writer.require(config, rate)
    except DrywetError as error:
        if config.controls:
            still = config.model_copy(update={"knobs": ()})
            if chosen.name in formats_for(still, rate, all_of_them=True):
                raise  # it says what to do about the knobs
        able = ", ".join(formats_for(config, rate, all_of_them=True))
        raise DrywetError(
            error.found, error.expected, f"This model fits: {able}." if able else error.fix
        ) from None


def _inputs(trained: TrainedModel) -> dict[str, str]:
    return {
        f"knob{number}": f"{name}, 0 to 1 for {knob.span}"
        for number, (name, knob) in enumerate(trained.card.ranges.items(), 1)
    }


def _held_out_esr(folder: RunFolder, stand: Mapping[str, float]) -> float | None:
    """What players show of a model: its ESR on the audio held out for its test.

    With its knobs fixed it is that of a capture at their position, where there is one.
    """
    try:
        scores = read_scores(folder)
    except DrywetError:
        return None
    if not stand:
        return scores.esr
    return next((one.esr for one in scores.positions if one.knobs == stand), None)


def _require_ending(target: Path, chosen: Format) -> None:
    """Refuse a name by which no program would know the format."""
    ending = f".{chosen.suffix.rpartition('.')[2]}"
    if target.suffix.lower() != ending:
        raise DrywetError(
            f"cannot write {chosen.title} as {target}", f"a name that ends in {ending}",
            "Choose another -o, or name a folder that is there.",
        )  # fmt: skip


def _require_another(target: Path, source: Path) -> None:
    """Refuse to write over the model, or over one that a run keeps."""
    itself = target.exists() and source.exists() and target.samefile(source)
    run = RunFolder(target.parent)
    kept = (run.model_file, run.baseline_file, run.start_file)
    if itself or (run.config_file.exists() and target in kept):
        held = "the model itself" if itself else "a model that its run keeps"
        raise DrywetError(f"{target} is {held}", "another file", "Name one with -o.")


def _described(
    trained: TrainedModel, metadata: Mapping[str, Any], name: str | None
) -> TrainedModel:
    """With other metadata on its card."""
    given = dict(metadata) | ({} if name is None else {"name": name})
    if not given:
        return trained
    known = trained.card.metadata.model_dump(exclude_none=True)
    described = parse(Metadata, known | given, Path("the metadata"), "See drywet export --help.")
    return replace(trained, card=trained.card.model_copy(update={"metadata": described}))
