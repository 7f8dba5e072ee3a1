"""``signal``: write a test signal to play through a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from drywet.audio.write import require_writable, write
from drywet.dsp import capture, mixed
from drywet.dsp.passages import RATE
from drywet.errors import DrywetError
from drywet.storage import require_new


@dataclass(frozen=True)
class _Kind:
    """A signal to choose: what makes it, its usual, shortest and longest length in seconds."""

    make: Callable[[float, int], NDArray[np.float32]]
    usual: float
    shortest: float
    longest: float


_KINDS = {
    "capture": _Kind(capture.capture_signal, 90.0, *capture.SECONDS),
    "mixed": _Kind(mixed.mixed_signal, 480.0, *mixed.SECONDS),
}


class WrittenSignal(BaseModel):
    """What was written: path, length in seconds and rate in Hz."""

    path: str
    seconds: float
    rate: int


def signal(
    out: Path | str,
    *,
    kind: str = "capture",
    seconds: float | None = None,
    rate: int = RATE,
    overwrite: bool = False,
) -> WrittenSignal:
    """Write a test signal as a 24-bit file.

    Args:
        out: audio file to write.
        kind: "capture", to learn a device from, or "mixed", that of the study of 2022.
        seconds: length; 30 to 180, by default 90, or mixed 60 to 600, by default 480.
        rate: in Hz.
        overwrite: replace a file that is there.

    Raises:
        DrywetError: an unknown kind, a length or rate out of range, a file that is there,
            or a place that cannot be written.
    """
    if kind not in _KINDS:
        raise DrywetError(f"--kind {kind}", " or ".join(_KINDS), "Choose one of them.")
    chosen = _KINDS[kind]
    if seconds is None:
        seconds = chosen.usual
    if not chosen.shortest <= seconds <= chosen.longest:
        raise DrywetError(
            f"--seconds {seconds:g}",
            f"{chosen.shortest:g} to {chosen.longest:g} for --kind {kind}",
            "Choose a length there.",
        )
    if not 16_000 <= rate <= 192_000:
        raise DrywetError(f"--rate {rate}", "16000 to 192000 Hz", "Use your interface's rate.")
    require_new(Path(out), overwrite)
    require_writable(Path(out), rate)
    samples = chosen.make(seconds, rate)
    write(out, samples, rate, depth="24")
    return WrittenSignal(path=str(out), seconds=len(samples) / rate, rate=rate)
