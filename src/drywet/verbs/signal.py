"""``signal``: write the capture signal to play through a device."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel

from drywet.audio.write import write
from drywet.dsp.capture import SECONDS, capture_signal
from drywet.dsp.passages import RATE
from drywet.errors import DrywetError


class WrittenSignal(BaseModel):
    """What was written: path, length in seconds and rate in Hz."""

    path: str
    seconds: float
    rate: int


def signal(
    out: Path | str, *, seconds: float = 90.0, rate: int = RATE, overwrite: bool = False
) -> WrittenSignal:
    """Write the capture signal as a 24-bit file.

    Args:
        out: audio file to write.
        seconds: length, 30 to 180.
        rate: in Hz.
        overwrite: replace a file that is there.

    Raises:
        DrywetError: a length or rate out of range, a file that is there, or a place that
            cannot be written.
    """
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise DrywetError(
            f"--seconds {seconds:g}", f"{SECONDS[0]:g} to {SECONDS[1]:g}", "Choose a length there."
        )
    if not 16_000 <= rate <= 192_000:
        raise DrywetError(f"--rate {rate}", "16000 to 192000 Hz", "Use your interface's rate.")
    if not overwrite and os.path.lexists(out):
        raise DrywetError(
            f"{out} is there already", "a new file", "Choose another name, or add --overwrite."
        )
    samples = capture_signal(seconds, rate)
    write(out, samples, rate, depth="24")
    return WrittenSignal(path=str(out), seconds=len(samples) / rate, rate=rate)
