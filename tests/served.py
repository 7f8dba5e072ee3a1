"""``drywet serve`` in a process of its own, and a browser's part of the conversation."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

SHORTENED = Path(__file__).with_name("shortened")
LINK = re.compile(r"http://[^/\s]+:(\d+)/\?token=(\S+)")


@dataclass
class Answer:
    """What a server said."""

    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """What came piece by piece."""
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass
class Served:
    """A running server and the cookie of one browser; what it said before its address."""

    process: subprocess.Popen[str]
    port: int
    token: str
    cookie: str = ""
    own: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: bytes | None = None, timeout: float = 300,
        **headers: str,
    ) -> Answer:  # fmt: skip
        """As any program might: exactly these headers, named with _ for -."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        with contextlib.closing(connection):
            found: HTTPResponse = connection.getresponse()
            told = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, told, found.read())

    def open(self) -> Answer:
        """Open the address of the terminal; keeps the cookie."""
        answer = self.ask("GET", f"/?token={self.token}")
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, Cookie=self.cookie, **headers)

    def post(self, path: str, body: Any = None, timeout: float = 300, **headers: str) -> Answer:
        """As the page does."""
        sent = {"Cookie": self.cookie, "Origin": self.origin, "X_Drywet": "1"} | headers
        data = json.dumps({} if body is None else body).encode()
        return self.ask("POST", path, data, timeout, **sent)

    def put(self, file: Path | bytes, name: str = "file.wav", **headers: str) -> Answer:
        data = file if isinstance(file, bytes) else file.read_bytes()
        sent = {
            "Cookie": self.cookie,
            "Origin": self.origin,
            "X_Drywet": "1",
            "X_Name": quote(name),
        }
        return self.ask("PUT", "/api/files", data, **(sent | headers))

    def news(self) -> Iterator[dict[str, Any]]:
        """What a tab is told, from its opening on."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request("GET", "/api/events", headers={"Cookie": self.cookie})
        stream = connection.getresponse()
        with contextlib.closing(connection):
            while line := stream.readline():
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def state(self) -> dict[str, Any]:
        """How all stands."""
        return next(self.news())

    def wait(self, done: Callable[[dict[str, Any]], bool], seconds: float = 240) -> dict[str, Any]:
        """Look again and again until something holds of the state."""
        ends = time.monotonic() + seconds
        while not done(state := self.state()):
            assert time.monotonic() < ends, state
            time.sleep(0.2)
        return state

    def job(self, id: str) -> dict[str, Any]:
        return next(job for job in self.state()["jobs"] if job["id"] == id)


@contextlib.contextmanager
def served(runs: Path, *options: str, goes_on: bool = False) -> Iterator[Served]:
    """A server on a free port; killed at the end, and its trainings unless they are to go on."""
    process = subprocess.Popen(
        [sys.executable, "-m", "drywet.cli.app", "serve", str(runs), "--no-browser", "--port", "0",
         *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(SHORTENED)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = [process.stdout.readline()]
        while said[-1] and not LINK.search(said[-1]):
            said.append(process.stdout.readline())
        found = LINK.search(said[-1])
        assert found, said
        server = Served(process, int(found[1]), found[2])
        server.said += said[:-1]
        _answers(server)
        yield server
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if not goes_on:
            end_trainings(runs)


def end_trainings(runs: Path) -> None:
    """They outlive the server."""
    for file in (runs / ".page" / "jobs").glob("*/pid"):
        words = Path(f"/proc/{file.read_text()}/cmdline")
        if words.is_file() and file.parent.name.encode() in words.read_bytes():
            os.kill(int(file.read_text()), signal.SIGKILL)


def _answers(server: Served) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            server.ask("GET", "/")
            return
        time.sleep(0.05)
    raise AssertionError("the server does not answer")
