"""The folder of a run: what lies where, and the rules for touching it.

::

    config.json         every setting, data hashes, split, versions, machine
    model.safetensors   the best weights so far
    baseline.safetensors  the linear baseline
    start.safetensors   the weights it started from, where it trains a model further
    history.jsonl       one line per validation
    checkpoint.pt       where to resume
    training.json       how the training ended
    scores.json         the scores of the test audio
    device.json         what the device makes of test signals, where drywet played it
    report.html         all of it on one page, where it was asked for
    .lock               held by the process that trains into the folder
    uncleaned/          the run before its model was cleaned, where that was asked for
    milestones/         weights after so many epochs, where they were to be kept
    audio/              to listen to
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from drywet.errors import DrywetError
from drywet.formats.registry import SUFFIXES
from drywet.runs import history
from drywet.runs.config import RunConfig
from drywet.runs.history import HistoryRow
from drywet.storage import make_folder, read_json, remove, write_json
from drywet.trained import model_file
from drywet.trained.model_file import TrainedModel, save_model
from drywet.validation import parse

if TYPE_CHECKING:
    from filelock import FileLock

GROUP_FILE = "seeds.json"
LOCK_FILE = ".lock"
_EARLIER_FIGURES = ("waveform", "spectrograms", "training")  # reports draw them now
SOUNDS = ("dry", "target", "prediction", "residual", "linear")


class RunFolder:
    """One run on disk. Use `create` for a new one and `open` for one that is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.json"
        self.model_file = path / model_file.FILE_NAME
        self.baseline_file = path / "baseline.safetensors"
        self.start_file = path / "start.safetensors"
        self.history_file = path / "history.jsonl"
        self.checkpoint_file = path / "checkpoint.pt"
        self.ending_file = path / "training.json"
        self.scores_file = path / "scores.json"
        self.report_file = path / "report.html"
        self.device_file = path / "device.json"
        self.lock_file = path / LOCK_FILE
        self.milestones = path / "milestones"
        self.earlier_figures = path / "figures"
        self.audio = path / "audio"

    @classmethod
    def create(
        cls,
        path: Path,
        config: RunConfig,
        overwrite: bool = False,
        start: TrainedModel | None = None,
    ) -> RunFolder:
        """Make the folder of a new run and write its configuration, and the model it starts from.

        Raises:
            DrywetError: a run is there and ``overwrite`` is false, something
                else is there, or the place cannot be written.
        """
        require_free(path, overwrite)
        folder = cls(path)
        make_folder(path)
        with folder.claimed():
            remove(folder.made())
            if start is not None:
                save_model(folder.start_file, start)
            write_json(folder.config_file, config.model_dump(mode="json"))
        return folder

    @property
    def unfinished(self) -> bool:
        """Whether its training is known to have been stopped before its end."""
        if not self.ending_file.is_file():
            return False
        try:
            found = read_json(self.ending_file, "how a training ended")
        except DrywetError:
            return False
        return isinstance(found, dict) and found.get("interrupted") is True

    @property
    def ended(self) -> bool:
        """Whether its training is known to have come to its end; killed, it never says so."""
        return self.ending_file.is_file() and not self.unfinished

    @property
    def uncleaned(self) -> RunFolder:
        """The run before its model was cleaned."""
        return RunFolder(self.path / model_file.UNCLEANED)

    @property
    def waits_to_be_cleaned(self) -> bool:
        """Whether there is only that yet."""
        return not self.config_file.is_file() and self.uncleaned.config_file.is_file()

    def discard(self) -> None:
        """Take away all that drywet made in it, and the folder where nothing else is left.

        Raises:
            DrywetError: another process trains into it.
        """
        if not self.path.is_dir():
            return
        with self.claimed():
            remove([*self.made(), self.config_file])
        for left in (self.earlier_figures, self.audio, self.milestones, self.path):
            if left.is_dir() and not any(left.iterdir()):
                left.rmdir()

    def export_file(self, suffix: str) -> Path:
        """Where an export goes that was given no place: named after the run."""
        return self.path / f"{self.path.resolve().name}{suffix}"

    def milestone_file(self, epochs: float) -> Path:
        """The weights as they were after so many epochs."""
        return self.milestones / f"{epochs:g}.safetensors"

    def made(self) -> list[Path]:
        """Every file that drywet makes in a run but its configuration, there or not."""
        return [
            self.model_file,
            self.baseline_file,
            self.start_file,
            self.history_file,
            self.checkpoint_file,
            self.ending_file,
            self.scores_file,
            self.report_file,
            self.device_file,
            *self.milestones.glob("[!.]*.safetensors"),
            *(self.earlier_figures / f"{name}.png" for name in _EARLIER_FIGURES),
            *(self.audio / f"{name}.wav" for name in SOUNDS),
            *(self.export_file(suffix) for suffix in SUFFIXES),
        ]

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """Open an existing run.

        Raises:
            DrywetError: no such folder, or no run in it.
        """
        folder = cls(Path(path))
        if folder.waits_to_be_cleaned:
            raise DrywetError(
                f"the model in {path} is yet to be cleaned", "a finished run",
                f"Go on with 'drywet train --resume {path}', or name {folder.uncleaned.path}.",
            )  # fmt: skip
        if not folder.config_file.is_file():
            raise DrywetError(
                f"{path} is not the folder of a run",
                "a folder with a config.json",
                f"Name one of the runs in it, such as {path}/seed-0."
                if (folder.path / GROUP_FILE).is_file()
                else "Name what 'drywet train' printed or was given with -o.",
            )
        return folder

    def config(self) -> RunConfig:
        """Read and validate ``config.json``."""
        return parse(
            RunConfig, read_json(self.config_file, "the config.json of a run"), self.config_file
        )

    def reconfigure(self, config: RunConfig) -> None:
        """Take on other lengths, or another place of the recording; what is there stays."""
        before = self.config()
        kept = config.model_copy(update={"created": before.created, "threads": before.threads})
        if kept != before:
            write_json(self.config_file, kept.model_dump(mode="json"))

    def append_history(self, row: HistoryRow) -> None:
        """Add a line to the history."""
        history.append(self.history_file, row)

    def history(self) -> list[HistoryRow]:
        """The history of the training, of several starts that of the best."""
        return history.best_start(self.history_of_all_starts())

    def history_of_all_starts(self) -> list[HistoryRow]:
        """Every whole line of the history, up to one that is spoiled."""
        return history.read(self.history_file)

    def keep_history(self, rows: Iterable[HistoryRow]) -> None:
        """Replace the history by ``rows``."""
        history.replace(self.history_file, rows)

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other processes from training into the folder; may be nested.

        Raises:
            DrywetError: one of them does.
        """
        from filelock import Timeout

        try:
            self._lock.acquire()
            while not self.lock_file.exists():  # its last holder took it away just now
                self._lock.release()
                self._lock.acquire()
        except Timeout:
            raise DrywetError(
                f"another process is training into {self.path}", "one at a time",
                "Wait for it, or choose another -o.",
            ) from None  # fmt: skip
        try:
            yield
        finally:
            if self._lock.lock_counter == 1:
                with contextlib.suppress(OSError):  # Windows deletes it by itself
                    self.lock_file.unlink()
            self._lock.release()

    @cached_property
    def _lock(self) -> FileLock:
        from filelock import FileLock

        return FileLock(self.lock_file, timeout=0)


def require_free(path: Path, overwrite: bool, group: bool = False) -> None:
    """Check that a new run, or a group of them, may be made at ``path``.

    Raises:
        DrywetError: a run is there and ``overwrite`` is false, or anything else is.
    """
    try:
        if not path.exists() or (path.is_dir() and not _visible(path)):
            return
    except OSError as error:
        raise DrywetError(
            f"{path} cannot be used ({error.strerror})", "a new folder", "Choose another -o."
        ) from error
    if not ((path / GROUP_FILE).is_file() if group else _is_run(path)):
        wanted = "holds no runs of several seeds" if group else "is no run"
        if not group and (path / GROUP_FILE).is_file():
            wanted = "holds runs of several seeds"
        raise DrywetError(
            f"{path} already exists and {wanted}", "a new folder", "Choose another -o."
        )
    if not overwrite:
        raise DrywetError(
            f"{path} already holds a run",
            "a new folder",
            f"Go on with 'drywet train --resume {path}', choose another -o, or add --overwrite.",
        )


def _visible(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir() if entry.name != LOCK_FILE]


def _is_run(path: Path) -> bool:
    """Whether drywet made this folder, so that it may be overwritten."""
    folder = RunFolder(path)
    try:
        (folder.uncleaned if folder.waits_to_be_cleaned else RunFolder.open(path)).config()
    except DrywetError:
        return False
    return True


def whole_of(path: Path) -> Path:
    """The folder that is resumed to go on with the run in ``path``.

    That of all seeds, of several; and of the whole, of one that is to be cleaned.
    """
    parent = RunFolder(path.parent)
    is_first_half = path == parent.uncleaned.path and parent.waits_to_be_cleaned
    return parent.path if is_first_half or (parent.path / GROUP_FILE).is_file() else path


def next_free(parent: Path, stem: str, promised: Container[Path] = ()) -> Path:
    """``parent/stem``, or with the first free number behind it; none that is ``promised``."""
    path = parent / stem
    number = 2
    while path.exists() or path in promised:
        path = parent / f"{stem}-{number}"
        number += 1
    return path
