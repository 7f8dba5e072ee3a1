"""``train --device NAME --over KNOBS``: a device and its knobs from captures made by drywet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from drywet import words
from drywet.audio.read import probe, read
from drywet.captures.listed import MOST, Captures, PositionedPair, positions_of
from drywet.captures.plan import propose
from drywet.devices.catalog import at_once, find, lasting_name
from drywet.devices.device import Device, Position, fixed
from drywet.devices.model import ModelDevice
from drywet.dsp.levels import peak
from drywet.errors import DrywetError, UnknownKnobError
from drywet.kernels.threads import side_by_side
from drywet.models.config import MOST_KNOBS
from drywet.runs.folder import require_free
from drywet.storage import make_folder
from drywet.trained.knob_range import KnobRange
from drywet.validation import parse
from drywet.verbs.own_capture import own_capture
from drywet.verbs.process import process
from drywet.verbs.scored_run import Run
from drywet.verbs.signal import signal as write_signal
from drywet.verbs.train import place_of
from drywet.verbs.train_captures import train_captures

_SECONDS = 30.0
_RATE = 48_000
_SILENT = 1e-4  # of full scale
_ALMOST = 0.1  # of a knob's way, where at its end nothing comes out


def train_over(
    device: Path | str,
    over: Sequence[str],
    captures: int,
    *,
    hold_out: Sequence[str] = (),
    knobs: Mapping[str, Position] | None = None,
    signal: Path | str | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
    on_step: Callable[[str], None] = lambda text: None,
    **settings: Any,
) -> Run:
    """Learn a device that drywet can play, and some of its knobs.

    The captures stay beside the run, in a folder of its name and ``-capture``.

    Args:
        device: as for `drywet.process`.
        over: knobs that are learned.
        captures: at how many of their positions it is recorded (`drywet.captures.plan`).
        hold_out: positions that are recorded on top and scored, not learned from, such as
            ``drive=0.3``; knobs that are not named are in the middle.
        knobs: positions of the others; those left out are at their default.
        signal: file to play through it; by default a capture signal of half a minute.
        out: folder of the run; by default ``runs/`` and the device's name.
        overwrite: replace a run that is there.
        on_step: called with a line before each capture is made.
        settings: as for `drywet.verbs.train_captures.train_captures`.

    Raises:
        DrywetError: no such device or knob, or what `train_captures` refuses.
    """
    played = find(device)
    ranges = ranges_of(played, over)
    both = next((name for name in over if name in (knobs or {})), None)
    if both is not None:
        raise DrywetError(
            f"--over {both} and --{both}",
            "one of them",
            "A knob that is learned is turned by drywet.",
        )
    stood = fixed(played, knobs)
    if not 1 < captures <= MOST:
        raise DrywetError(f"--captures {captures}", f"2 to {MOST}", "Choose a number in between.")
    path = (
        Path(out)
        if out is not None
        else place_of(played.name, settings.get("name"), settings.get("control"))
    )
    require_free(path, overwrite)
    if signal is not None:
        probe(Path(signal))
    plan = propose(ranges, captures)
    held_out = held_out_positions(ranges, hold_out, plan)
    to_make = [*plan, *held_out]
    made, wet = own_capture(path, overwrite, len(to_make))
    dry = made if signal is None else Path(signal)
    make_folder(wet.parent)
    if signal is None:
        rate = played.rate if isinstance(played, ModelDevice) else _RATE
        write_signal(dry, seconds=_SECONDS, rate=rate, overwrite=True)

    stopped = Event()

    def unless_stopped(_done: float) -> None:
        if stopped.is_set():
            raise CancelledError

    def play(file: Path, positions: dict[str, float]) -> Path:
        process(
            device, dry, file, knobs=stood | positions, overwrite=True, on_progress=unless_stopped
        )
        return file

    def capture(number: int, proposed: dict[str, float]) -> PositionedPair:
        file = wet.with_name(f"wet-{number}.wav")
        on_step(f"capture {number} of {len(to_make)}: {played.name}, {words.positions(proposed)}")
        at = played_audibly(ranges, proposed, partial(play, file))
        return PositionedPair(dry, file, at, held_out=number > len(plan))

    captured = [partial(capture, number, proposed) for number, proposed in enumerate(to_make, 1)]
    pairs = side_by_side(captured, at_once(played), on_end=stopped.set)
    on_step(f"captures: {wet.parent}")
    others = {name: at for name, at in stood.items() if name not in over}
    listed = Captures(ranges, tuple(pairs), wet.parent, lasting_name(device), others)
    return train_captures(listed, out=path, overwrite=overwrite, **settings)


def ranges_of(played: Device, over: Sequence[str]) -> tuple[KnobRange, ...]:
    """The knobs to learn, none twice.

    Args:
        played: the device.
        over: their names.

    Raises:
        DrywetError: a knob that it hasn't got, none, or too many.
    """
    for name in over:
        if name not in played.knobs:
            raise UnknownKnobError(played.name, name, played.knobs)
    chosen = dict.fromkeys(over)
    if not 1 <= len(chosen) <= MOST_KNOBS:
        raise DrywetError(
            f"--over with {len(chosen)} knobs", f"1 to {MOST_KNOBS} of the device's",
            f"Name some of {', '.join(played.knobs)}.",
        )  # fmt: skip
    return tuple(
        parse(
            KnobRange,
            {"name": name, "least": played.knobs[name].least, "most": played.knobs[name].most},
            Path(f"{played.name}'s knob"),
        )
        for name in chosen
    )


def held_out_positions(
    ranges: Sequence[KnobRange], wanted: Sequence[str], plan: Sequence[Mapping[str, float]]
) -> list[dict[str, float]]:
    """Positions that are scored only.

    Args:
        ranges: of the knobs.
        wanted: as for `drywet.captures.listed.positions_of`.
        plan: positions that are learned from.

    Raises:
        DrywetError: of another form, a knob that isn't there or out of its range, or a position
            that is learned from or given twice.
    """
    found: list[dict[str, float]] = []
    for text in wanted:
        at = {knob.name: knob.middle for knob in ranges} | positions_of(text, ranges)
        for knob in ranges:
            knob.share(at[knob.name])
        if at in found or at in plan:
            raise DrywetError(
                f"--hold-out {text}, at which there is a capture already", "a position of its own",
                "Leave it out, or name another one.",
            )  # fmt: skip
        found.append(at)
    return found


def played_audibly(
    ranges: Sequence[KnobRange],
    positions: dict[str, float],
    play: Callable[[dict[str, float]], Path],
) -> dict[str, float]:
    """Play a device at a position of its knobs, or at one a little off the ends if it is silent.

    A volume that is turned down is silence, which teaches nothing.

    Args:
        ranges: of the knobs.
        positions: of them, as proposed.
        play: plays the device at positions and returns the file that came out.

    Returns:
        The positions at which it was played last.
    """
    if peak(read(play(positions))[0]) >= _SILENT:
        return positions
    positions = {
        knob.name: knob.position(_ALMOST)
        if positions[knob.name] <= knob.least
        else positions[knob.name]
        for knob in ranges
    }
    play(positions)
    return positions
