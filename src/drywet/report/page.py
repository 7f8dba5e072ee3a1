"""The page itself: one HTML file with its style, its code, its figures and its sounds inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from drywet.evaluation.result import Evaluation
from drywet.figures import canvas
from drywet.metrics.aliasing import up_to
from drywet.report import pictures, tables
from drywet.report.contender import Contender
from drywet.report.knob_player import knob_player
from drywet.report.sound import MOST_SECONDS, Sound, excerpt, sound
from drywet.words import positions

_MOST_MODELS_HEARD = 6


def page(
    title: str, contenders: Sequence[Contender], comparison: Sequence[str], versions: dict[str, str]
) -> str:
    """The report on one run, or on several side by side.

    Args:
        title: of the page.
        contenders: the runs, at least one.
        comparison: sentences on several runs (`tables.sentences`).
        versions: what made it, for the foot of the page.
    """
    from jinja2 import Environment, StrictUndefined

    first = contenders[0]
    several = len(contenders) > 1
    sounds = _sounds(contenders)
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        _part("page.html")
    )
    return template.render(
        title=title,
        subtitle=" | ".join(dict.fromkeys(_subtitle(one) for one in contenders)),
        style=_markup(_part("style.css")),
        script=_part("player.js"),
        comparison=_comparison(contenders, comparison) if several else None,
        sounds=sounds,
        sounds_json=_safe_json(
            [
                asdict(one) | {kind: one.key.startswith(kind) for kind in ("model", "residual")}
                for one in sounds
            ]
        ),
        by_ear=_by_ear(first) if not several else None,
        turned=_turned(first) if not several else None,
        sound_note=_sound_note(first, any(one.audio != first.audio for one in contenders)),
        runs=[_run(one, number) for number, one in enumerate(contenders)],
        footer=f"drywet {versions['drywet']}. This page needs no network and no other file.",
    )


def _part(name: str) -> str:
    return (files("drywet.report") / name).read_text(encoding="utf-8")


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


def _safe_json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c")


def _subtitle(run: Contender) -> str:
    found = run.evaluation
    held = "held-out audio" if found.held_out else "another capture"
    if any(one.held_out for one in found.positions):
        held = "audio at positions that were not learned from"
    turned = ", ".join(found.positions[0].knobs) if found.positions else ""
    knobs = f" with {turned}" if turned else f" at {positions(found.knobs)}" if found.knobs else ""
    device = f", learned from {found.device}" if found.device else ""
    fast = f", {found.oversample} times oversampled" if found.oversample > 1 else ""
    scored = f"scored on {found.seconds:.1f} s of {held} at {found.rate} Hz"
    return f"{found.model}{knobs}{device}{fast}; {scored}"


def _sound_note(run: Contender, others: bool) -> str:
    cut = min(run.evaluation.seconds, MOST_SECONDS)
    left_out = f" Only what was scored on the same audio as {run.name} is heard." if others else ""
    return (
        f"{cut:.1f} s of test audio, over and over. Keys 1 to 9 switch, space plays and pauses. "
        "Unticked, every sound has its own level: the residual then is as loud as the error really "
        f"is.{left_out}{_one_after_the_other(run.evaluation)}"
    )


def _one_after_the_other(found: Evaluation) -> str:
    """When which position of the knobs is heard, of those that are scored together."""
    held_out = [one for one in found.positions if one.held_out]
    said, at = [], 0.0
    for one in held_out or found.positions:
        if at < MOST_SECONDS:
            said.append(f"from {at:.1f} s {positions(one.knobs)}")
        at += one.seconds
    return f" The knobs: {'; '.join(said)}." if said else ""


def _sounds(contenders: Sequence[Contender]) -> list[Sound]:
    """Dry and device once, then of every model its prediction, and of the first its residual."""
    first = contenders[0]
    rate = first.measured.rate
    target = excerpt(first.target, rate)
    sounds = [
        sound("dry", "Dry", excerpt(first.dry, rate), target, rate),
        sound("target", "Device", target, target, rate),
    ]
    same = [one for one in contenders if one.audio == first.audio]
    for number, one in enumerate(same[:_MOST_MODELS_HEARD]):
        label = "Model" if len(contenders) == 1 else one.name
        prediction = excerpt(one.prediction, rate)
        sounds.append(sound(f"model{number}", label, prediction, target, rate))
        residual = target - prediction
        what = "Residual" if len(contenders) == 1 else f"Residual of {one.name}"
        sounds.append(sound(f"residual{number}", what, residual, target, rate))
    return sounds


def _by_ear(run: Contender) -> dict[str, Any] | None:
    """Notes up the neck through the device, the model, and the model oversampled."""
    heard = run.by_ear
    if heard is None:
        return None
    like = heard.own if heard.device is None else heard.device
    sounds = {
        "Device": heard.device,
        "Model": heard.own,
        f"Model, {heard.factor} times oversampled": heard.oversampled,
    }
    packed = [
        sound("", label, samples, like, heard.rate)
        for label, samples in sounds.items()
        if samples is not None
    ]
    loudest = max(one.matched_gain for one in packed)
    volumes = [one.matched_gain / loudest for one in packed]  # all as loud as the first
    own, fast = run.evaluation.aliasing_db, up_to(heard.aliasing, run.evaluation.trained_peak_dbfs)
    return {
        "sounds": [
            {"label": one.label, "data": one.data, "volume": f"{volume:.4f}"}
            for one, volume in zip(packed, volumes, strict=True)
        ],
        "note": f"The model at its own rate has {own:.0f} dB of aliasing, {heard.factor} times "
        f"oversampled {fast:.0f} dB: '--oversample {heard.factor}' of render, evaluate, process, "
        "and of exports as C and ONNX.",
    }


def _turned(run: Contender) -> dict[str, Any] | None:
    """A player whose knobs turn, and its code."""
    found = knob_player(run)
    if found is None:
        return None
    code = f"{found['code']}\n{_part('knobs.js')}"
    return found | {"json": _safe_json(found["data"]), "script": code}


def _run(run: Contender, number: int) -> dict[str, Any]:
    found = run.evaluation
    heads, rows = tables.scores(found)
    return {
        "heading": run.name,
        "color": _variable(run.color),
        "verdict": found.verdict,
        "heads": heads,
        "rows": rows,
        "notes": tables.notes(found),
        "figures": pictures.of_run(run, number),
        "settings": json.dumps(run.settings, indent=1),
    }


def _comparison(contenders: Sequence[Contender], sentences: Sequence[str]) -> dict[str, Any]:
    rows = tables.side_by_side(contenders)
    return {
        "heads": tables.heads(contenders),
        "rows": [{"name": r.name, "color": _variable(r.color), "cells": r.cells} for r in rows],
        "sentences": sentences,
        "figures": pictures.of_all([c for c in contenders if c.audio == contenders[0].audio]),
        "note": "Intervals: 95 % of 1000 bootstrap draws over the seconds of the test audio, error "
        "over that of the closest run; one that holds 0 dB is no difference.",
    }


def _variable(color: str) -> str:
    return "var(--prediction)" if color == canvas.PREDICTION else color
