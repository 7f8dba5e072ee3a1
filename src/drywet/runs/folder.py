"""The folder of a run: what lies where, and the rules for touching it.

::

    config.json         every setting, data hashes, split, versions, machine
    model.safetensors   the best weights so far
    baseline.safetensors  the linear baseline
    history.jsonl       one line per validation
    checkpoint.pt       where to resume
    scores.json         the scores of the test audio
    figures/, audio/    to look at and to listen to
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.runs import model_file
from drywet.runs.config import RunConfig, parse
from drywet.storage import make_folder, read_json, write_bytes, write_json


class RunFolder:
    """One run on disk. Use `create` for a new one and `open` for one that is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.json"
        self.model_file = path / model_file.FILE_NAME
        self.baseline_file = path / "baseline.safetensors"
        self.history_file = path / "history.jsonl"
        self.checkpoint_file = path / "checkpoint.pt"
        self.scores_file = path / "scores.json"
        self.figures = path / "figures"
        self.audio = path / "audio"

    @classmethod
    def create(cls, path: Path, config: RunConfig, overwrite: bool = False) -> RunFolder:
        """Make the folder of a new run and write its configuration.

        Raises:
            DrywetError: a run is there and ``overwrite`` is false, something
                else is there, or the place cannot be written.
        """
        require_free(path, overwrite)
        folder = cls(path)
        if path.exists():
            for old in (
                folder.checkpoint_file,
                folder.model_file,
                folder.baseline_file,
                folder.history_file,
                folder.scores_file,
            ):
                old.unlink(missing_ok=True)
            for made in (folder.figures, folder.audio):
                shutil.rmtree(made, ignore_errors=True)
        make_folder(path)
        write_json(folder.config_file, config.model_dump(mode="json"))
        return folder

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """Open an existing run.

        Raises:
            DrywetError: no such folder, or no run in it.
        """
        folder = cls(Path(path))
        if not folder.config_file.is_file():
            raise DrywetError(
                f"{path} is not the folder of a run",
                "a folder with a config.json",
                "Name what 'drywet train' printed or was given with -o.",
            )
        return folder

    def config(self) -> RunConfig:
        """Read and validate ``config.json``."""
        return parse(
            RunConfig, read_json(self.config_file, "the config.json of a run"), self.config_file
        )

    def append_history(self, row: dict[str, Any]) -> None:
        """Add a line to the history."""
        with self.history_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, allow_nan=False) + "\n")

    def history(self) -> list[dict[str, Any]]:
        """Every complete line of the history; a line cut off by a crash is left out."""
        if not self.history_file.is_file():
            return []
        rows = []
        for line in self.history_file.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                break
        return rows

    def keep_history(self, rows: list[dict[str, Any]]) -> None:
        """Replace the history by ``rows``."""
        text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
        write_bytes(self.history_file, text.encode())


def require_free(path: Path, overwrite: bool) -> None:
    """Check that a new run may be made at ``path``.

    Raises:
        DrywetError: a run is there and ``overwrite`` is false, or anything else is.
    """
    if not path.exists():
        return
    if path.is_dir() and not any(path.iterdir()):
        return
    if path.is_dir() and (path / "config.json").is_file():
        if overwrite:
            return
        raise DrywetError(
            f"{path} already holds a run",
            "a new folder",
            f"Go on with 'drywet train --resume {path}', choose another -o, or add --overwrite.",
        )
    raise DrywetError(f"{path} already exists and is no run", "a new folder", "Choose another -o.")


def next_free(parent: Path, stem: str) -> Path:
    """``parent/stem``, or with the first free number behind it."""
    path = parent / stem
    number = 2
    while path.exists():
        path = parent / f"{stem}-{number}"
        number += 1
    return path
