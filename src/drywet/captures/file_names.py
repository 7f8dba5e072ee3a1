"""A folder of captures whose file names carry the positions of the knobs.

``wet_drive2_tone7.wav`` was recorded with drive at 2 and tone at 7; so was ``wet_B0_M5_T10.wav``
with the tone controls of an amplifier: the letters B, M and T, where all three or B and T are
there, stand for bass, middle and treble. Its dry file is the one with the same positions in its
name, ``dry_drive2_tone7.wav``, or else the ``dry.wav`` of all. Numbers are written out (``0.5``),
or without their point (``05``) where those of a knob aren't all equally long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from drywet.captures.yaml_file import Listed
from drywet.errors import DrywetError
from drywet.trained.knob_range import KnobRange
from drywet.validation import parse

_AUDIO = {".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3", ".w64", ".caf"}
_TOKEN = re.compile(r"(?<![A-Za-z])([A-Za-z]+)=?(-?\d+(?:\.\d+)?)(?![\dA-Za-z.])")
_KIND = re.compile(r"^(wet|dry)", re.I)
_LETTERS = {"b": "bass", "m": "middle", "t": "treble"}
_SCALES = (1.0, 10.0, 12.0, 100.0)
_FIX = "Name them like wet_drive2_tone7.wav and dry.wav, or list them in a captures.yaml."


def named_files(folder: Path) -> tuple[tuple[KnobRange, ...], list[Listed]]:
    """Knobs, on the smallest usual scale that holds their positions, and captures of a folder.

    Args:
        folder: files whose names begin with ``dry`` and ``wet``; others are left alone.

    Raises:
        DrywetError: no such files, one without positions or with other knobs than the rest, or
            one without its dry file.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _AUDIO)
    wets = [file for file in files if file.stem.lower().startswith("wet")]
    dries = [file for file in files if file.stem.lower().startswith("dry")]
    if not wets or not dries:
        kind = "wet" if not wets else "dry"
        raise DrywetError(
            f"{folder} holds no audio file whose name begins with '{kind}'",
            "dry and wet files with the positions in the wet ones' names", _FIX,
        )  # fmt: skip
    tokens = [_tokens(file) for file in wets]
    names = list(tokens[0])
    for file, found in zip(wets, tokens, strict=True):
        if not found or set(found) != set(names):
            raise DrywetError(
                f"{file} has the positions {', '.join(found) or 'of no knob'} in its name",
                ", ".join(names) or "a knob and a number", _FIX,
            )  # fmt: skip
    columns = {name: _numbers([found[name] for found in tokens]) for name in names}
    called = _called(names)
    turned = [name for name, column in columns.items() if min(column) < max(column)]
    knobs = tuple(guessed(called[name], columns[name]) for name in turned)
    if not turned:
        raise DrywetError(f"{folder} holds captures at one position only", "two at least", _FIX)
    return knobs, [
        (_dry_of(file, dries), file, {called[name]: columns[name][row] for name in turned}, False)
        for row, file in enumerate(wets)
    ]


def _tokens(file: Path) -> dict[str, str]:
    said = _KIND.sub("", file.stem)
    found = [(name.lower(), at) for name, at in _TOKEN.findall(said)]
    if found and re.search(r"\d", _TOKEN.sub("", said)):
        raise DrywetError(
            f"{file} has numbers in its name that belong to no knob",
            "a knob's name before each, and _ between", _FIX,
        )  # fmt: skip
    names = [name for name, _ in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DrywetError(f"{file} says twice where {twice} stands", "each knob once", _FIX)
    return dict(found)


def _numbers(written: list[str]) -> list[float]:
    """``05`` is a half beside ``025``, and five beside ``10``."""
    as_written = len({len(text) for text in written}) == 1
    return [
        float(text)
        if as_written or "." in text or not text.startswith("0") or text == "0"
        else float(f"0.{text[1:]}")
        for text in written
    ]


def guessed(name: str, column: Sequence[float]) -> KnobRange:
    """A knob whose ends nobody said: from 0 to the smallest usual end that holds its positions."""
    most = next((end for end in _SCALES if max(column) <= end), max(column))
    wanted = {"name": name, "least": min(0.0, *column), "most": most}
    return parse(KnobRange, wanted, Path(name), _FIX)


def _called(names: list[str]) -> dict[str, str]:
    tone = {"b", "t"} <= set(names) <= set(_LETTERS)
    return {name: _LETTERS[name] if tone else name for name in names}


def _dry_of(wet: Path, dries: list[Path]) -> Path:
    """The dry file with the same rest of its name, or the only one without."""
    rest = wet.stem[len("wet") :].lower()
    same = [dry for dry in dries if dry.stem[len("dry") :].lower() == rest]
    bare = [dry for dry in dries if not _tokens(dry)]
    if same or len(bare) == 1:
        return (same or bare)[0]
    raise DrywetError(
        f"no dry file belongs to {wet}", f"dry{wet.stem[len('wet') :]}.wav or one dry.wav", _FIX
    )
