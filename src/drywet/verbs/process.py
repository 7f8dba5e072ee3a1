"""``process``: play a file through a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from drywet.audio.read import probe, read
from drywet.audio.resample import other_rate
from drywet.audio.resample import resample as resampled
from drywet.audio.write import require_another, require_writable, write
from drywet.devices.catalog import find
from drywet.devices.device import Position, no_progress, positions
from drywet.devices.model import ModelDevice
from drywet.storage import require_new


class Processed(BaseModel):
    """What was written.

    Attributes:
        path: the output file.
        device: what it was played through.
        knobs: where all knobs stood; those that turned, where they began.
        seconds: length of the file.
        rate: in Hz.
        latency: samples by which the output lags the input.
        peak_dbfs: of the output; above 0 it clips where the format has no room above.
    """

    path: str
    device: str
    knobs: dict[str, float]
    seconds: float
    rate: int
    latency: int
    peak_dbfs: float | None


def process(
    device: Path | str,
    source: Path | str,
    target: Path | str,
    *,
    knobs: Mapping[str, Position] | None = None,
    oversample: int | None = None,
    channel: int | None = None,
    resample: bool = False,
    overwrite: bool = False,
    on_progress: Callable[[float], None] = no_progress,
) -> Processed:
    """Play ``source`` through a device into ``target``.

    Args:
        device: name of a built-in circuit, a file, a run, ``lv2:URI`` (`drywet.devices.catalog`).
        source: audio file; full scale stands for 1 volt.
        target: audio file to write; as for `drywet.render`.
        knobs: positions; those left out are at their default.
        oversample: how many times the rate a circuit (1 to 64, 8 by default) or a model (1, 2, 4
            or 8, 1 by default) runs at.
        channel: 1-based channel of a multi-channel file.
        resample: where a model runs at another rate, convert to it and back.
        overwrite: replace a file that is there.
        on_progress: called with the share done.

    Raises:
        DrywetError: no such device or knob, or files that cannot be used.
    """
    require_another(Path(source), Path(target))
    require_writable(Path(target), probe(source).rate)
    require_new(Path(target), overwrite)
    found = find(device, oversample)
    positions(found, knobs)  # what is wrong with a knob shows before a long file is read
    dry, rate = read(source, channel)
    chosen = positions(found, knobs, len(dry))
    own = found.rate if isinstance(found, ModelDevice) else rate
    if own != rate and not resample:
        raise other_rate(str(source), rate, found.name, own)
    played = found.process(resampled(dry, rate, own), own, chosen, on_progress)
    wet = resampled(played, own, rate)[: len(dry)]
    wet = np.pad(wet, (0, len(dry) - len(wet)))
    write(target, wet, rate)
    peak = float(np.abs(wet).max(initial=0.0))
    return Processed(
        path=str(target),
        device=found.name,
        knobs={name: float(np.ravel(position)[0]) for name, position in chosen.items()},
        seconds=len(wet) / rate,
        rate=rate,
        latency=found.latency(rate),
        peak_dbfs=20 * float(np.log10(peak)) if peak > 0 else None,
    )
