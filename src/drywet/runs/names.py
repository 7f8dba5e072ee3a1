"""What a run is called that was given no name."""

from __future__ import annotations

import re
from pathlib import Path

_OF_FILES = {
    "wet", "output", "out", "target", "processed", "recording", "recorded", "record", "return",
    "reamp", "reamped", "audio", "track", "take", "export", "bounce", "render", "effect", "fx",
}  # fmt: skip
_OF_FOLDERS = {
    "", "audio", "recordings", "recording", "files", "captures", "capture", "wav", "wavs", "data",
    "samples", "desktop", "downloads", "documents", "music", "tmp", "temp", "home", "root",
}  # fmt: skip


def name_of(wet: Path | str) -> str:
    """A name for what was learned from a wet file, which its plugin will show.

    That of the file, or, where it says nothing (``wet.wav``, ``output_2.wav``), of its folder.
    """
    path = Path(wet)
    folder = path.resolve().parent.name
    if _bare(path.stem) in _OF_FILES and _bare(folder) not in _OF_FOLDERS:
        return folder
    return path.stem


def folder_of(name: str) -> str:
    """A name for people as that of a folder: without what a file system may refuse."""
    return re.sub(r"[^\w.+()-]+", "-", name).strip("-.") or "run"


def _bare(name: str) -> str:
    """In small letters, without a number behind it."""
    return re.sub(r"[\s_.()-]*\d*[\s)]*$", "", name).lower()
