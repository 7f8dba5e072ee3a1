"""The folder of a capture that drywet makes itself, beside the run that learns from it."""

from __future__ import annotations

import re
from pathlib import Path

from drywet.errors import DrywetError
from drywet.storage import make_folder, remove_leftovers

_WET = re.compile(r"wet-\d+\.wav")
_MARK = ".drywet"  # in a folder that drywet made: its recordings are nobody else's


def own_capture(run: Path, overwrite: bool, several: int = 0) -> tuple[Path, Path]:
    """Where dry and wet go: ``dry.wav`` and ``wet.wav`` in a folder of the run's name.

    Args:
        run: folder of the run.
        overwrite: replace recordings there that drywet may not have made.
        several: so many wet files go beside, ``wet-1.wav`` and on.

    Raises:
        DrywetError: the folder holds other files, or recordings of someone else's.
    """
    folder = run.with_name(f"{run.name}-capture")
    dry, wet = folder / "dry.wav", folder / "wet.wav"
    if folder.exists():
        ours = [dry, wet, *(folder / f"wet-{number + 1}.wav" for number in range(several))]
        remove_leftovers(ours)
        there = {file.name for file in folder.iterdir() if not file.name.startswith(".")}
        made = {name for name in there if (folder / _MARK).exists() and _WET.fullmatch(name)}
        if there - made - {file.name for file in ours}:
            raise DrywetError(f"{folder} holds other files", "a new folder", "Choose another -o.")
        if there and not overwrite and not (folder / _MARK).exists():
            raise DrywetError(
                f"{folder} holds recordings already", "a new folder",
                "Choose another -o, or add --overwrite.",
            )  # fmt: skip
    make_folder(folder)
    (folder / _MARK).touch()
    return dry, wet
