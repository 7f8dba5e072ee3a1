"""Trainings that the page asked for: one at a time, each a process that outlives the server.

A training is a folder: ``job.json`` says what was asked for, ``pid`` who does it, ``events.jsonl``
what has happened so far, a line each (`drywet.web.child` writes them). The server only starts them
and reads: killed and started again, it knows all of it again.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.runs.machine import now
from drywet.storage import make_folder, write_bytes, write_json
from drywet.web.children import environment
from drywet.web.workspace import Workspace

MOST_WAITING = 8
_ENDS = {"done", "error", "stopped"}
_OVER = {"done", "stopped", "failed", "lost"}
_SHOWN = 8
_KEPT = {"findings", "begun", "work", "better", "baseline", "progress", *_ENDS}


class Job:
    """One training and how far it is.

    Args:
        path: its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.id = path, path.name
        self.asked: dict[str, Any] = json.loads((path / "job.json").read_text())
        self.latest: dict[str, Any] = {}
        self.curve: list[dict[str, Any]] = []
        self._read = 0
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> str:
        """``waiting``, ``running``, ``done``, ``stopped``, ``failed`` or ``lost``."""
        if "done" in self.latest:
            return "done"
        if "stopped" in self.latest:
            return "stopped"
        if "error" in self.latest:
            return "failed"
        if not (self.path / "pid").is_file():
            return "waiting"
        return "running" if self.is_alive() else "lost"

    @property
    def is_to_come(self) -> bool:
        """Whether it waits, or is under way."""
        return self.state in ("waiting", "running")

    def begin(self) -> None:
        """Start its process, in a session of its own: it goes on whatever the server does."""
        with (self.path / "log.txt").open("wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "drywet.web.child", str(self.path)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env=environment(),
            )  # fmt: skip
        write_bytes(self.path / "pid", str(self._child.pid).encode())

    def is_alive(self) -> bool:
        """Whether its process is still there, and is still its own."""
        if self._child is not None:
            return self._child.poll() is None
        try:
            number = int((self.path / "pid").read_text())
            os.kill(number, 0)
        except (OSError, ValueError):
            return False
        words = Path(f"/proc/{number}/cmdline")
        return self.id.encode() in words.read_bytes() if words.is_file() else True

    def reap(self) -> None:
        """Let the system forget a process that has ended."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    def ask_to_stop(self) -> None:
        """As Ctrl-C does: the best so far is kept and scored. A waiting one never begins."""
        if self.state == "waiting":
            self.add({"kind": "stopped"})
        elif self.is_alive():
            os.kill(int((self.path / "pid").read_text()), signal.SIGINT)

    def add(self, event: dict[str, Any]) -> None:
        """Write an event where the process does."""
        with (self.path / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")

    def news(self) -> list[dict[str, Any]]:
        """The events since the last call."""
        path = self.path / "events.jsonl"
        if not path.is_file():
            return []
        with path.open("rb") as file:
            file.seek(self._read)
            whole = file.read()
        whole = whole[: whole.rfind(b"\n") + 1]  # a line may be half there
        self._read += len(whole)
        found = [json.loads(line) for line in whole.splitlines()]
        for event in found:
            kind = event["kind"]
            if kind in _KEPT:
                self.latest[kind] = event
            if kind == "progress" and event.get("validation_esr") is not None:
                names = ("start", "step", "validation_esr", "best_esr")
                point = {name: event[name] for name in names}
                point["bands"] = [error for _, error in event.get("bands", [])]
                if not self.curve or self.curve[-1] != point:
                    self.curve.append(point)
        return found

    def forget(self) -> None:
        """Keep in memory how it ended, no more."""
        self.latest = {kind: what for kind, what in self.latest.items() if kind in _ENDS}
        self.curve = []

    def told(self) -> dict[str, Any]:
        """All that the page shows of it."""
        return {
            "id": self.id, "state": self.state, "name": self.asked["name"],
            "run": self.asked.get("run_id"), "created": self.asked["created"],
            "latest": self.latest, "curve": self.curve[-2000:],
        }  # fmt: skip


class Jobs:
    """All trainings of a workspace.

    Args:
        space: the workspace.
        tell: called with what has changed.
    """

    def __init__(self, space: Workspace, tell: Callable[[dict[str, Any]], None]) -> None:
        self._space, self._tell = space, tell
        self.all: dict[str, Job] = {}
        for path in sorted(space.jobs.iterdir()):
            if (path / "job.json").is_file():
                job = Job(path)
                job.news()
                self.all[job.id] = job
        self._states = {job.id: job.state for job in self.all.values()}
        self._forget_old()

    def _forget_old(self) -> None:
        """A server trains for days: of its trainings only the last to end are on the page."""
        over = [job for job in self.all.values() if job.state in _OVER]
        over.sort(key=lambda job: str(job.asked["created"]))
        for job in over[:-_SHOWN]:
            job.forget()

    def add(self, asked: dict[str, Any]) -> Job:
        """Queue a training.

        Raises:
            DrywetError: too many are waiting.
        """
        waiting = [job for job in self.all.values() if job.state == "waiting"]
        if len(waiting) >= MOST_WAITING:
            raise DrywetError(f"{len(waiting)} trainings are waiting", "fewer", "Stop one first.")
        path = self._space.jobs / secrets.token_hex(8)
        make_folder(path)
        write_json(path / "job.json", asked | {"created": now()})
        job = Job(path)
        self.all[job.id] = job
        self._forget_old()
        return job

    def find(self, id: str) -> Job:
        """The training of an id.

        Raises:
            DrywetError: there is none.
        """
        self._space.job(id)
        return self.all[id]

    def tick(self) -> None:
        """Start what is next, and tell what has happened."""
        running = [job for job in self.all.values() if job.state == "running"]
        waiting = [job for job in self.all.values() if job.state == "waiting"]
        if waiting and not running:
            min(waiting, key=lambda job: str(job.asked["created"])).begin()
        for job in self.all.values():
            job.reap()
            if self._states.get(job.id) in _OVER:
                continue
            news = job.news()
            state = job.state
            if state == "lost":  # or has it ended in order since?
                news += job.news()
                state = job.state
            if news or self._states.get(job.id) != state:
                self._states[job.id] = state
                self._tell({"job": job.told()})
