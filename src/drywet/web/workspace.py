"""What the page works on: the folder of runs, and beside them the files it was given.

::

    runs/                 as of 'drywet train'
        NAME/             a run, or a study
        .page/
            session       the cookie's token
            files/        uploads, each under an id of the server's, with what it is beside it
            jobs/         trainings asked for on the page, each a folder
            listening.jsonl   results of blind tests

What a browser names is an id that the server made, never a path.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.runs.folder import RunFolder
from drywet.runs.group import is_group
from drywet.storage import make_folder
from drywet.studies.journal import FILE_NAME as STUDY_FILE

_ID = re.compile(r"[0-9a-f]{16}")


class Workspace:
    """The folder of runs and what belongs to the page.

    Args:
        runs: the folder.

    Raises:
        DrywetError: it cannot be made.
    """

    def __init__(self, runs: Path) -> None:
        self.runs = runs.resolve()
        self.own = self.runs / ".page"
        self.session_file = self.own / "session"
        self.files = self.own / "files"
        self.jobs = self.own / "jobs"
        self.listening_file = self.own / "listening.jsonl"
        for folder in (self.runs, self.own, self.files, self.jobs):
            make_folder(folder)
        self.own.chmod(0o700)

    def run_folders(self) -> Iterator[Path]:
        """Folders of runs, those of several seeds one by one; also of runs that just began."""
        for path in sorted(self.runs.iterdir()):
            if path.name.startswith(".") or not path.is_dir() or path.is_symlink():
                continue
            if is_group(path):
                yield from sorted(seed for seed in path.iterdir() if _is_run(seed))
            elif _is_run(path):
                yield path

    def id_of(self, run: Path) -> str:
        """The id of a run's folder, or of a study's."""
        return hashlib.sha256(str(run.relative_to(self.runs)).encode()).hexdigest()[:16]

    def run(self, id: str) -> RunFolder:
        """The run of an id.

        Raises:
            DrywetError: there is none.
        """
        for path in self.run_folders():
            if self.id_of(path) == id:
                return RunFolder(path)
        raise DrywetError("a run that is not there", "one of those listed", "Reload the page.")

    def study_folders(self) -> Iterator[Path]:
        """Folders of studies."""
        for path in sorted(self.runs.iterdir()):
            if not path.is_symlink() and (path / STUDY_FILE).is_file():
                yield path

    def study(self, id: str) -> Path:
        """The folder of a study's id.

        Raises:
            DrywetError: there is none.
        """
        for path in self.study_folders():
            if self.id_of(path) == id:
                return path
        raise DrywetError("a study that is not there", "one of those listed", "Reload the page.")

    def file(self, id: Any) -> Path:
        """The uploaded file of an id.

        Raises:
            DrywetError: there is none.
        """
        if isinstance(id, str) and _ID.fullmatch(id):
            found = [path for path in self.files.glob(f"{id}.*") if path.suffix != ".json"]
            if found and found[0].resolve().is_relative_to(self.files):
                return found[0]
        raise DrywetError("a file that is not there", "one that was dropped", "Drop it again.")

    def job(self, id: str) -> Path:
        """The folder of a training's id.

        Raises:
            DrywetError: there is none.
        """
        path = self.jobs / id
        if not _ID.fullmatch(id) or not path.is_dir():
            raise DrywetError("a training that is not there", "one of those listed", "Reload.")
        return path


def _is_run(path: Path) -> bool:
    folder = RunFolder(path)
    return path.is_dir() and (folder.config_file.is_file() or folder.waits_to_be_cleaned)
