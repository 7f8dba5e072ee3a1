"""Files that a browser sends: counted while they come, under an id of the server's."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

import anyio

from drywet.audio.write import ENDINGS
from drywet.errors import DrywetError
from drywet.storage import write_json
from drywet.web.workspace import Workspace

MOST_BYTES = 400_000_000
"""Of one file: an hour of mono at 24 bits and 48 kHz is 520 MB, ten minutes are 86."""
MOST_FILES = 200
_ROOM = 500_000_000  # bytes that must stay free on the disk


def shown(name: str) -> str:
    """A name from outside, fit to be shown: on one line, not endless, without folders."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in name)
    return PurePosixPath(plain.replace("\\", "/")).name[-200:]


async def receive(
    space: Workspace, name: str, length: int | None, pieces: AsyncIterator[bytes]
) -> Path:
    """Keep what comes, under a new id.

    Args:
        space: where to.
        name: that the file had, for its ending and to show.
        length: bytes announced, if they were.
        pieces: of the file.

    Returns:
        Its path.

    Raises:
        DrywetError: an ending of no sound file, too many bytes or files, or no room left.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in ENDINGS:
        raise DrywetError(
            f"{name} is no sound file", ", ".join(sorted(ENDINGS)), "Export it as WAV or FLAC."
        )
    if sum(1 for _ in space.files.iterdir()) >= 2 * MOST_FILES:
        raise DrywetError(
            f"{MOST_FILES} files were dropped already", "fewer",
            f"Remove old ones from {space.files}.",
        )  # fmt: skip
    _require_room(space, length or 0, name)
    path = space.files / f"{secrets.token_hex(8)}{suffix}"
    part = path.with_suffix(".part")
    seen = 0
    try:
        async with await anyio.open_file(part, "wb") as file:
            async for piece in pieces:
                seen += len(piece)
                _require_room(space, seen, name)
                await file.write(piece)
        if not seen:
            raise DrywetError(f"{name} is empty", "a sound file", "Export it again.")
        part.rename(path)
    except OSError as error:
        raise DrywetError(
            f"{name} cannot be kept ({error.strerror})", "free space", "Make room."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return path


def describe(path: Path, name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Keep beside a file what it is; returns what the page is told."""
    about = {"id": path.stem, "name": name, **found}
    write_json(path.with_suffix(".json"), about)
    return about


def name_of(path: Path) -> str:
    """The name that a file came with."""
    try:
        return str(json.loads(path.with_suffix(".json").read_text())["name"])
    except (OSError, ValueError, KeyError):
        return path.name


def _require_room(space: Workspace, bytes_wanted: int, name: str) -> None:
    if bytes_wanted > MOST_BYTES:
        raise DrywetError(
            f"{name} is over {MOST_BYTES // 1_000_000} MB", "ten minutes of playing at most",
            "Cut the file: a few minutes are enough.",
        )  # fmt: skip
    free = shutil.disk_usage(space.files).free
    if free < _ROOM:
        raise DrywetError(
            f"only {free // 1_000_000} MB are free on the disk",
            f"{_ROOM // 1_000_000}",
            "Make room.",
        )
