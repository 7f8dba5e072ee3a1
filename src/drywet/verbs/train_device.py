"""``train --device``: the capture made by drywet itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drywet.audio.read import probe
from drywet.devices.catalog import find, lasting_name
from drywet.devices.device import Position, positions
from drywet.devices.model import ModelDevice
from drywet.runs.folder import require_free
from drywet.training.prepare import Played
from drywet.verbs.own_capture import own_capture
from drywet.verbs.process import process
from drywet.verbs.scored_run import Run
from drywet.verbs.signal import signal as write_signal
from drywet.verbs.train import place_of, train
from drywet.verbs.train_seeds import Seeds, train_seeds

_SECONDS = 60.0
_RATE = 48_000


def train_device(
    device: Path | str,
    *,
    knobs: Mapping[str, Position] | None = None,
    signal: Path | str | None = None,
    out: Path | str | None = None,
    overwrite: bool = False,
    seeds: int | None = None,
    on_step: Callable[[str], None] = lambda text: None,
    **settings: Any,
) -> Run | Seeds:
    """Learn a device that drywet can play.

    The capture stays beside the run, in a folder of its name and ``-capture``.

    Args:
        device: as for `drywet.process`.
        knobs: positions; those left out are at their default.
        signal: file to play through it; by default a capture signal of one minute.
        out: folder of the run; by default ``runs/`` and the device's name.
        overwrite: replace a run that is there.
        seeds: learn it so many times, as `drywet.train_seeds`.
        on_step: called with a line before the capture is made.
        settings: as for `drywet.train`.

    Raises:
        DrywetError: no such device or knob, or what `drywet.train` refuses.
    """
    played = find(device)
    chosen = positions(played, knobs)
    path = (
        Path(out)
        if out is not None
        else place_of(played.name, settings.get("name"), settings.get("control"))
    )
    require_free(path, overwrite)
    if signal is not None:
        probe(Path(signal))  # what is wrong with it shows before anything is made
    made, wet = own_capture(path, overwrite)
    dry = made if signal is None else Path(signal)
    on_step(f"a capture of {played.name} -> {wet.parent}")
    if signal is None:
        rate = played.rate if isinstance(played, ModelDevice) else _RATE
        write_signal(dry, seconds=_SECONDS, rate=rate, overwrite=True)
    control = settings.get("control")

    def tell(done: float) -> None:
        if control is not None:
            control.on_work(f"playing {played.name}", done)

    process(device, dry, wet, knobs=chosen, overwrite=True, on_progress=tell)
    record = Played(
        lasting_name(device), {name: float(p) for name, p in chosen.items() if isinstance(p, float)}
    )
    if seeds is not None:
        return train_seeds(
            dry, wet, seeds=seeds, out=path, overwrite=overwrite, played=record, **settings
        )
    return train(dry, wet, out=path, overwrite=overwrite, played=record, **settings)
