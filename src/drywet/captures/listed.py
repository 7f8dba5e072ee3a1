"""The captures of a device with knobs, and from where they are read.

A device with knobs is recorded several times, the knobs at other positions each time. A
``captures.yaml`` lists the files, or a folder holds them with the positions in their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from drywet.captures.file_names import named_files
from drywet.captures.yaml_file import listed_files
from drywet.errors import DrywetError
from drywet.models.config import MOST_KNOBS
from drywet.trained.knob_range import KnobRange
from drywet.words import positions

LIST = "captures.yaml"
"""In a folder, it says what the file names would."""

FEWEST = 2
"""Captures without which a knob cannot be learned."""
MOST = 256
_SAME = 1e-6


@dataclass(frozen=True)
class PositionedPair:
    """One capture.

    Attributes:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        knobs: where they stood, in their own units, by name.
        held_out: not learned from: all of it is scored.
    """

    dry: Path
    wet: Path
    knobs: dict[str, float]
    held_out: bool = False

    @property
    def title(self) -> str:
        """File and positions, for messages."""
        return f"{self.wet.name} ({positions(self.knobs)})"


@dataclass(frozen=True)
class Captures:
    """All captures of a device.

    Attributes:
        knobs: their ranges.
        pairs: the captures.
        where: the file or folder they were read from.
        device: what played them, where drywet did.
        stood: positions of the device's other knobs, the same in all.
    """

    knobs: tuple[KnobRange, ...]
    pairs: tuple[PositionedPair, ...]
    where: Path
    device: str | None = None
    stood: Mapping[str, float] = field(default_factory=dict)


def read_captures(path: Path | str, hold_out: Sequence[str] = ()) -> Captures:
    """The captures that a file lists or a folder holds.

    Args:
        path: a ``captures.yaml`` (`drywet.captures.yaml_file`), a folder with one in it, or one of
            files (`drywet.captures.file_names`).
        hold_out: positions that are not learned from, ``"drive=0.5"`` or
            ``"drive=0.5,tone=1"``: every capture at one of them is scored only.

    Raises:
        DrywetError: neither, files that are missing, positions out of range or given twice, or
            nothing left to learn from.
    """
    path = Path(path)
    if not path.exists():
        raise DrywetError(
            f"{path} does not exist", "a captures.yaml, or a folder of captures",
            "Check the spelling of the path.",
        )  # fmt: skip
    if (path / LIST).is_file():
        path = path / LIST
    knobs, files = named_files(path) if path.is_dir() else listed_files(path)
    pairs = tuple(PositionedPair(*each) for each in files)
    found = Captures(knobs, pairs, path)
    _require_usable(found)
    for wanted in hold_out:
        found = _without(found, wanted)
    if sum(not pair.held_out for pair in found.pairs) < FEWEST:
        raise DrywetError(
            f"{path} leaves fewer than {FEWEST} captures to learn from",
            f"at least {FEWEST} that are not held out", "Record more, or hold out fewer.",
        )  # fmt: skip
    _require_turned(found)
    return replace(found, knobs=_with_followers(found))


def _with_followers(captures: Captures) -> tuple[KnobRange, ...]:
    """The knobs, those marked that rose or fell with another one in all that is learned from.

    Nothing tells what such a knob does by itself (a volume that was turned back for more drive):
    taken for a knob of its own, it would only lead astray between the captures.
    """
    learned = [pair.knobs for pair in captures.pairs if not pair.held_out]
    found: list[KnobRange] = []
    for knob in captures.knobs:
        leader = next(
            (
                other.name
                for other in found
                if other.follows is None and _moves_with(learned, other.name, knob.name)
            ),
            None,
        )
        found.append(knob.model_copy(update={"follows": leader}))
    return tuple(found)


def _moves_with(learned: Sequence[Mapping[str, float]], leader: str, knob: str) -> bool:
    at = sorted((stood[leader], stood[knob]) for stood in learned)
    steps = [b[1] - a[1] for a, b in pairwise(at)]
    alone = len({where for where, _ in at}) == len(at)
    return alone and (all(step >= 0 for step in steps) or all(step <= 0 for step in steps))


def _require_turned(captures: Captures) -> None:
    learned = [pair for pair in captures.pairs if not pair.held_out]
    for knob in captures.knobs:
        if len({pair.knobs[knob.name] for pair in learned}) == 1:
            raise DrywetError(
                f"the knob {knob.name} is at {learned[0].knobs[knob.name]:g} in every capture that "
                "is learned from", "captures at two of its positions at least",
                "Record it turned, hold out less, or leave it out of the positions.",
            )  # fmt: skip


def _require_usable(captures: Captures) -> None:
    if not FEWEST <= len(captures.pairs) <= MOST:
        raise DrywetError(
            f"{captures.where} holds {len(captures.pairs)} captures", f"{FEWEST} to {MOST}",
            "Record the device at several positions of its knobs, or train on a pair.",
        )  # fmt: skip
    if len(captures.knobs) > MOST_KNOBS:
        raise DrywetError(
            f"{captures.where} has {len(captures.knobs)} knobs", f"at most {MOST_KNOBS}",
            "Leave some out of the positions, and do not turn them.",
        )  # fmt: skip
    seen: dict[tuple[float, ...], PositionedPair] = {}
    for pair in captures.pairs:
        for file in (pair.dry, pair.wet):
            if not file.is_file():
                raise DrywetError(
                    f"{captures.where} names {file}, which does not exist", "an audio file",
                    "Paths in a captures.yaml start from its own folder.",
                )  # fmt: skip
        try:
            place = tuple(knob.share(pair.knobs[knob.name]) for knob in captures.knobs)
        except DrywetError as error:
            raise DrywetError(
                f"{captures.where}, {pair.wet.name}: {error.found}", error.expected, error.fix
            ) from error
        if place in seen:
            raise DrywetError(
                f"{seen[place].wet.name} and {pair.wet.name} are at the same position "
                f"({positions(pair.knobs)})", "one capture for each position", "Leave one out.",
            )  # fmt: skip
        seen[place] = pair


def _without(captures: Captures, wanted: str) -> Captures:
    """The captures with those at a position held out."""
    chosen = positions_of(wanted, captures.knobs)
    at = [
        all(abs(pair.knobs[name] - value) < _SAME for name, value in chosen.items())
        for pair in captures.pairs
    ]
    if not any(at):
        stood = [{name: pair.knobs[name] for name in chosen} for pair in captures.pairs]
        there = dict.fromkeys(positions(each) for each in sorted(stood, key=_in_order))
        raise DrywetError(
            f"--hold-out {wanted} and no capture at that position", "; ".join(there),
            "Name a position at which there is a capture.",
        )  # fmt: skip
    pairs = zip(captures.pairs, at, strict=True)
    return replace(
        captures,
        pairs=tuple(replace(pair, held_out=True) if there else pair for pair, there in pairs),
    )


def _in_order(stood: Mapping[str, float]) -> list[float]:
    return list(stood.values())


def positions_of(text: str, knobs: Sequence[KnobRange]) -> dict[str, float]:
    """``"drive=0.5,tone=1"`` as positions by name.

    Raises:
        DrywetError: of another form, or a knob that isn't there.
    """
    chosen = {}
    names = tuple(knob.name for knob in knobs)
    for part in text.split(","):
        name, _, value = part.partition("=")
        try:
            if name.strip() in chosen:
                raise ValueError
            chosen[name.strip()] = float(value)
        except ValueError:
            raise DrywetError(
                f"--hold-out {text}", "KNOB=POSITION, such as drive=0.5", "Give a number."
            ) from None
        if name.strip() not in names:
            raise DrywetError(
                f"--hold-out {text} and no knob {name.strip()}", ", ".join(names),
                "Name a knob of these captures.",
            )  # fmt: skip
    return chosen
