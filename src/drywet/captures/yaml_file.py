"""``captures.yaml``: a device's captures in a list.

::

    dry: dry.wav                 # of every capture that names no other
    knobs:
      drive: {from: 0, to: 10}   # ends as they are printed on the device
      bright: {steps: [0, 1]}    # a switch
    captures:
      - {wet: d0.wav, drive: 0, bright: 0}
      - {wet: d5.wav, drive: 5, bright: 1, hold_out: true}

Paths start from the file's own folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from drywet.errors import DrywetError
from drywet.models.config import MOST_KNOBS
from drywet.storage import read_yaml
from drywet.trained.knob_range import KnobRange
from drywet.validation import parse

_WHAT = "a list of captures in YAML"
_FIX = "docs/knobs.md shows one."
_OWN = ("dry", "wet", "hold_out")
_MOST = 1e6  # of a position

Listed = tuple[Path, Path, dict[str, float], bool]
"""Dry file, wet file, positions, whether it is held out."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Knob(_Strict):
    least: float | None = Field(default=None, alias="from")
    most: float | None = Field(default=None, alias="to")
    unit: str | None = None
    steps: tuple[float, ...] = ()


class _File(_Strict):
    dry: str | None = None
    knobs: dict[str, _Knob] = Field(min_length=1, max_length=MOST_KNOBS)
    captures: list[dict[str, Any]]


def listed_files(path: Path) -> tuple[tuple[KnobRange, ...], list[Listed]]:
    """Knobs and captures of a file.

    Args:
        path: of the YAML.

    Raises:
        DrywetError: it is none, or a key or a position is missing, unknown or no number.
    """
    found = parse(_File, read_yaml(path, _WHAT, _FIX), path, _FIX)
    own = next((name for name in _OWN if name in found.knobs), None)
    if own is not None:
        raise DrywetError(f"{path} has a knob called {own}", "another name", _FIX)
    for number, entry in enumerate(found.captures, 1):
        _require_whole(entry, found, f"{path}: capture {number}")
    knobs = tuple(_range(name, knob, found, path) for name, knob in found.knobs.items())
    return knobs, [
        (
            path.parent / str(entry.get("dry", found.dry)), path.parent / str(entry["wet"]),
            {name: float(entry[name]) for name in found.knobs}, bool(entry.get("hold_out", False)),
        )
        for entry in found.captures
    ]  # fmt: skip


def list_of(knobs: Sequence[KnobRange], positions: Sequence[Mapping[str, float]]) -> str:
    """A file for captures that are yet to be recorded, as ``wet-1.wav`` and so on.

    Args:
        knobs: with their ends.
        positions: of each capture.
    """
    ends = [f"  {knob.name}: {{from: {knob.least:g}, to: {knob.most:g}}}" for knob in knobs]
    files = [
        f"  - {{wet: wet-{number}.wav, "
        + ", ".join(f"{name}: {position:g}" for name, position in stood.items())
        + "}"
        for number, stood in enumerate(positions, 1)
    ]
    return "\n".join(["dry: dry.wav", "knobs:", *ends, "captures:", *files])


def _require_whole(entry: dict[str, Any], file: _File, where: str) -> None:
    unknown = sorted(set(map(str, entry)) - {*_OWN, *file.knobs})
    if unknown:
        raise DrywetError(
            f"{where} has an unknown key '{unknown[0]}'",
            ", ".join([*_OWN, *file.knobs]), _FIX,
        )  # fmt: skip
    if not isinstance(entry.get("wet"), str):
        raise DrywetError(f"{where} names no wet file", "wet: FILE", _FIX)
    if not isinstance(entry.get("dry", file.dry), str):
        raise DrywetError(f"{where} names no dry file", "dry: FILE, there or for all", _FIX)
    if not isinstance(entry.get("hold_out", False), bool):
        raise DrywetError(f"{where}: hold_out is neither", "true or false", _FIX)
    for name in file.knobs:
        value = entry.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            given = "not given" if value is None else repr(str(value)[:40])
            raise DrywetError(f"{where}: {name} is {given}", "a number", _FIX)
        if not abs(value) <= _MOST:  # NaN too
            raise DrywetError(f"{where}: {name} is {str(value)[:40]}", f"within {_MOST:g}", _FIX)


def _range(name: str, knob: _Knob, file: _File, path: Path) -> KnobRange:
    """A knob's ends; where they aren't given, the furthest positions that are."""
    there = [float(entry[name]) for entry in file.captures] or [0.0, 1.0]
    there += knob.steps
    ends = {
        "least": min(there) if knob.least is None else knob.least,
        "most": max(there) if knob.most is None else knob.most,
    }
    wanted = {"name": name, "unit": knob.unit, "steps": knob.steps, **ends}
    return parse(KnobRange, wanted, path, _FIX)
