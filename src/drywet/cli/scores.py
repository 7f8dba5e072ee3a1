"""The scores of a run as lines of text."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drywet.words import count, number, positions

if TYPE_CHECKING:
    from drywet.verbs.evaluate import Evaluation

_ROWS = (
    ("ESR", "esr"),
    ("ESR, pre-emphasised", "esr_pre_emphasised"),
    ("ESR, A-weighted", "esr_a_weighted"),
    ("MAE", "mae"),
    ("MR-STFT", "mrstft"),
    ("log-spectral dB", "log_spectral_db"),
)
_MARKS = {"good": "+", "warning": "!", "bad": "x"}


def lines(result: Evaluation, run: Path, advice: bool = True) -> list[str]:
    """How close it is in words, a table beside the linear baseline, and the rest of the verdict.

    Args:
        result: what is printed.
        run: its folder or model, which the advice names.
        advice: say what to do about what is wrong.
    """
    rows: list[tuple[str, str, str]] = [("", "model", "linear baseline")]
    for label, name in _ROWS:
        ours, theirs = (_number(getattr(scores, name)) for scores in (result, result.linear))
        rows.append((label, ours, theirs))
    rows.append(("", "error     excess", "error     excess"))
    for band, linear in zip(result.bands, result.linear.bands, strict=True):
        rows.append((band.label, _band(band), _band(linear)))
    remarks = [_remark(remark, run, advice) for remark in result.verdict]
    found = list(remarks[0]) if remarks else []
    found += [f"{label:<20}{ours:>18}{theirs:>21}" for label, ours, theirs in rows]

    def add(label: str, text: str) -> None:
        found.append(f"{label:<20}{text:>18}")

    found += _positions(result)
    if result.esr_at_recording_rate is not None:
        add("ESR, files' rate", number(result.esr_at_recording_rate))
    if result.noise_floor_esr is not None:
        add("noise floor (ESR)", number(result.noise_floor_esr))
    if result.knobs:
        found.append(f"with the knobs at {positions(result.knobs)}:")
    theirs_db = ""
    if result.device_aliasing_db is not None:
        theirs_db = f"  (the device: {result.device_aliasing_db:.0f} dB)"
    ours_db = f"{result.aliasing_db:.0f} dB"
    add("aliasing, mean", ours_db + theirs_db)
    sines = result.recorded_sines
    if sines is not None:
        heard = f"  (the device: {sines.device_aliasing_db:.0f} dB)"
        add(f"{sines.count} recorded sines", f"{sines.aliasing_db:.0f} dB" + heard)
    if result.harmonic_error is not None:
        add("harmonics, error", f"{result.harmonic_error.rms_db:.1f} dB")
    if result.pauses is not None:
        target = f"  (the device: {result.pauses.target:.0f} dBFS)"
        add("noise in pauses", f"{result.pauses.prediction:.0f} dBFS" + target)
    found.append(
        f"on {result.seconds:.1f} s of {_audio(result)} at {result.rate} Hz"
        f"{oversampled(result.oversample)}; "
        f"{count(result.cost.parameters, 'parameter')}, "
        f"{result.cost.ns_per_sample:.0f} ns a sample "
        f"({result.cost.engine}{result.cost.caution})"
    )
    if result.device_note is not None:
        found.append(f"The device was not asked: {result.device_note}")
    for remark in remarks[1:]:
        found += remark
    return found


def _audio(result: Evaluation) -> str:
    if any(one.held_out for one in result.positions):
        return "audio at positions that were not learned from"
    if result.positions:
        return "held-out audio of all captures together"
    return "held-out audio" if result.held_out else "another capture"


def verdict(result: Evaluation, run: Path) -> list[str]:
    """What the scores mean, and nothing else; as `lines`."""
    return [line for remark in result.verdict for line in _remark(remark, run, True)]


def _positions(result: Evaluation) -> list[str]:
    """The ESR where the knobs stood in each capture, those that were not learned from marked."""
    if not result.positions:
        return []
    lines = ["", f"{'knobs':<40}{'ESR':>12}"]
    for one in sorted(result.positions, key=lambda each: each.held_out):
        held_out = "   not learned from" if one.held_out else ""
        lines.append(f"{positions(one.knobs):<40}{number(one.esr):>12}{held_out}")
    return [*lines, ""]


def _remark(remark: Any, run: Path, advised: bool) -> list[str]:
    advice = re.sub(r"\bRUN\b", lambda _: shlex.quote(str(run)), remark.advice)
    return [
        f"{_MARKS[remark.kind]} {remark.text}",
        *([f"  -> {advice}"] if advised and advice else []),
    ]


def oversampled(factor: int) -> str:
    """What is added to a line about a model that ran faster."""
    return f", {factor} times oversampled" if factor > 1 else ""


def label_of(name: str) -> str | None:
    """What a score is called in the table; ``None`` where it is not in there."""
    return next((label for label, key in _ROWS if key == name), None)


def _number(value: float | None) -> str:
    return "too short" if value is None else number(value)


def _band(band: Any) -> str:
    """ESR in a band, and what is there beyond the target."""
    if band.esr is None or band.excess_db is None:
        return "nothing there"
    excess = round(band.excess_db, 1) + 0.0  # which has no -0.0
    return f"{number(band.esr, 2)} {excess:+6.1f} dB"
