"""The captures of a study: recordings as they are, devices played once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from drywet.captures.plan import between, by_worth
from drywet.devices.catalog import find
from drywet.devices.circuit import CircuitDevice, built_in
from drywet.devices.device import Device, positions
from drywet.pair.examine import examine, require_trainable
from drywet.pair.load import load_pair
from drywet.runs.config import CaptureConfig
from drywet.storage import make_folder, remove_leftovers, write_json
from drywet.studies.plan import DeviceSource, PairSource, Plan
from drywet.studies.points import Captured, Positioned, settings_of
from drywet.trained.knob_range import KnobRange
from drywet.validation import parse
from drywet.verbs.process import process
from drywet.verbs.signal import signal
from drywet.verbs.train_over import played_audibly, ranges_of

_DIGITS = 12


def declared(plan: Plan, folder: Path) -> dict[str, Captured]:
    """Every source as far as it is known before anything is read or played.

    Args:
        plan: the declaration.
        folder: of the study.

    Raises:
        DrywetError: no such device or knob.
    """
    found = {}
    for source in plan.sources:
        ranges: tuple[KnobRange, ...] = ()
        if isinstance(source, DeviceSource) and source.over:
            ranges = ranges_of(find(_name_of(plan, source)), source.over)
        # Its name is its hash for now: two of them are not one.
        found[source.name] = Captured(source.name, folder, folder, source.name, None, (), ranges)
    return found


def captured(
    plan: Plan, folder: Path, on_preparing: Callable[[str, float], None]
) -> dict[str, Captured]:
    """Every source as files; what drywet plays is played now, unless it has been.

    Args:
        plan: the declaration.
        folder: of the study.
        on_preparing: called with what is done and the share of it.

    Raises:
        DrywetError: no such device, or files that cannot be learned from.
    """
    found = {}
    # Recordings first: what is wrong with one shows before minutes of playing.
    ordered: list[PairSource | DeviceSource] = [*plan.pairs, *plan.devices]
    for number, source in enumerate(ordered, 1):
        where = f"capture {number} of {len(ordered)}: {source.name}"
        if isinstance(source, PairSource):
            on_preparing(f"{where}, checked", 0.0)
            found[source.name] = _recorded(plan, source, folder)
        else:
            found[source.name] = _played(plan, source, folder, where, on_preparing)
        on_preparing(where, 1.0)
    return found


def _recorded(plan: Plan, source: PairSource, folder: Path) -> Captured:
    dry, wet = ((plan.folder / path).resolve() for path in (source.dry, source.wet))
    given = settings_of(plan, {}, source.name).get("capture", {})
    capture = parse(CaptureConfig, given, Path(f"the capture of {source.name}"))
    # What is wrong with a recording shows before the first of many trainings; it is checked once.
    pair = load_pair(dry, wet, capture.channel, capture.resample)
    digest = sha256()
    for path in (dry, wet):
        digest.update(sha256(path.read_bytes()).digest())
    files = digest.hexdigest()
    asked = _digest([files, version("drywet"), capture.model_dump(mode="json")])
    passed = folder / "captures" / f"checked-{asked[:_DIGITS]}.json"
    if not passed.is_file():
        examination = examine(pair, capture.latency, capture.mending)
        require_trainable(examination.findings, capture.force)
        make_folder(passed.parent)
        write_json(passed, {"dry": str(dry), "wet": str(wet)})
    return Captured(source.name, dry, wet, files, None, ())


def _played(
    plan: Plan,
    source: DeviceSource,
    folder: Path,
    where: str,
    on_preparing: Callable[[str, float], None],
) -> Captured:
    name = _name_of(plan, source)
    device = find(name)
    stood = {
        knob: float(position)
        for knob, position in positions(device, source.knobs).items()
        if isinstance(position, float)
    }

    def play(turned: Mapping[str, float], which: str = "") -> tuple[Path, Path, str]:
        return _file_of(
            plan, name, device, stood | dict(turned), folder, where + which, on_preparing
        )

    def wet_of(which: str, turned: Mapping[str, float]) -> Path:
        return play(turned, which)[1]

    if not source.over:
        dry, wet, digest = play({})
        return Captured(source.name, dry, wet, digest, name, tuple(stood.items()))
    ranges = ranges_of(device, source.over)
    wanted = [(at, False) for at in by_worth(ranges, source.captures)]
    wanted += [(at, True) for at in between(ranges, source.between)]
    found, digests = [], []
    for number, (proposed, held_out) in enumerate(wanted, 1):
        which = f", position {number} of {len(wanted)}"
        at = played_audibly(ranges, proposed, partial(wet_of, which))
        dry, wet, digest = play(at, which)
        found.append(Positioned(wet, tuple(at.items()), held_out))
        digests.append((digest, held_out))
    others = tuple((knob, at) for knob, at in stood.items() if knob not in source.over)
    return Captured(
        source.name, dry, found[0].wet, _digest(digests), name, others, ranges, tuple(found)
    )


def _name_of(plan: Plan, source: DeviceSource) -> str:
    """As `drywet.devices.catalog.find` takes it: files lie beside the declaration."""
    name = source.device
    if name.lower() in built_in() or name.startswith("lv2:"):
        return name
    return str((plan.folder / name).resolve())


def _file_of(
    plan: Plan,
    name: str,
    device: Device,
    knobs: dict[str, float],
    folder: Path,
    where: str,
    on_preparing: Callable[[str, float], None],
) -> tuple[Path, Path, str]:
    """What goes into a device and what comes out of it, as files, and the hash of both."""
    defines: dict[str, Any] = {
        "device": device.fingerprint if isinstance(device, CircuitDevice) else _content(name),
        "knobs": knobs,
        "signal": plan.signal.model_dump(),
    }
    digest = _digest(defines)
    place = folder / "captures"
    dry = place / f"dry-{_digest(defines['signal'])[:_DIGITS]}.wav"
    wet = place / f"wet-{digest[:_DIGITS]}.wav"
    make_folder(place)
    remove_leftovers([dry, wet])
    if not dry.is_file():
        on_preparing(f"{plan.signal.seconds:g} s of {plan.signal.kind} signal", 0.0)
        signal(dry, **plan.signal.model_dump())
    if not wet.is_file():
        playing = f"{where}, {plan.signal.seconds:g} s through {device.name}"
        on_preparing(playing, 0.0)
        process(name, dry, wet, knobs=knobs, on_progress=lambda done: on_preparing(playing, done))
    return dry, wet, digest


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _content(name: str) -> str:
    """What stands for a device that is no circuit: a file's bytes, or its name."""
    path = Path(name)
    if path.is_dir():
        path = path / "model.safetensors"
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else name
