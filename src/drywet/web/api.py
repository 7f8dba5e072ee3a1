"""What the page can ask for. Each answer is one verb's, and each failure one sentence."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from drywet.errors import DrywetError
from drywet.formats.registry import FORMATS
from drywet.runs.folder import SOUNDS, RunFolder, next_free
from drywet.runs.names import folder_of
from drywet.verbs.devices import devices
from drywet.web import listening, listing, upkeep, uploads
from drywet.web.answers import Tell, body_of, download, sound_file, streamed, told
from drywet.web.children import RefusedError, checks, look, verb
from drywet.web.events import Hub
from drywet.web.jobs import Jobs
from drywet.web.requests import Listening, Naming, Pair, Ranking, Resuming, Training
from drywet.web.workspace import Workspace

_SIGNAL_SECONDS = 90
_LONGEST_NAME = 190  # before a number
_REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'wasm-unsafe-eval'; img-src data:; media-src data:; "
    "frame-ancestors 'none'"
)


class Api:
    """The answers.

    Args:
        space: what the page works on.
        jobs: trainings.
        hub: tells all tabs.
    """

    def __init__(self, space: Workspace, jobs: Jobs, hub: Hub) -> None:
        self.space, self.jobs, self.hub = space, jobs, hub

    def state(self) -> dict[str, Any]:
        """All that a tab needs to begin."""
        return {
            "runs": listing.listed(self.space),
            "studies": listing.studies(self.space),
            "jobs": [job.told() for job in self.jobs.all.values()],
            "devices": [
                device.model_dump(include={"name", "about", "knobs"}) for device in devices()
            ],
            "listening": listening.kept(self.space),
        }

    async def events(self, request: Request) -> Response:
        """News of everything, after how all stands."""
        return StreamingResponse(self.hub.listen(self.state()), media_type="text/event-stream")

    @told
    async def upload(self, request: Request) -> Response:
        """A file; what it is."""
        name = uploads.shown(unquote(request.headers.get("x-name", "")))
        length = request.headers.get("content-length", "")
        path = await uploads.receive(
            self.space, name, int(length) if length.isdigit() else None, request.stream()
        )
        try:
            found = await look(path)
        except (DrywetError, RefusedError) as error:
            path.unlink()
            raise RefusedError(str(error).replace(str(path), name)) from None
        return JSONResponse(uploads.describe(path, name, found))

    @told
    async def check(self, request: Request) -> Response:
        """The findings on a pair as they are found, then the whole report and its outline."""
        pair = await body_of(request, Pair)
        dry, wet = self.space.file(pair.dry), self.space.file(pair.wet)
        how = pair.model_dump(exclude={"dry", "wet"})

        async def work(tell: Tell) -> None:
            with _named(dry, wet):
                await checks(dry, wet, how, tell)

        return await streamed(request, work)

    @told
    async def train(self, request: Request) -> Response:
        """Queue a training."""
        wanted = await body_of(request, Training)
        name = self._title(wanted.name)
        run = self._free(folder_of(name))
        asked: dict[str, Any] = {
            "name": name, "run": str(run), "run_id": self.space.id_of(run),
            "quality": wanted.quality, "cpu": wanted.cpu, "plugin": wanted.plugin,
            "clean": wanted.clean,
            "device": wanted.device, "knobs": wanted.knobs, "capture": {"force": wanted.force},
        }  # fmt: skip
        if wanted.pair is not None:
            pair = wanted.pair
            asked["files"] = [str(self.space.file(pair.dry)), str(self.space.file(pair.wet))]
            asked["capture"] |= pair.model_dump(exclude={"dry", "wet"})
        elif wanted.device not in {device.name for device in devices()}:
            raise DrywetError(f"no circuit is called {wanted.device}", "one of the list", "Choose.")
        return self._queued(asked)

    @told
    async def resume(self, request: Request) -> Response:
        """Queue the rest of a run, or more of it."""
        wanted = await body_of(request, Resuming)
        run = self._idle(request)
        return self._queued(
            {
                "name": listing.told(self.space, run.path).get("title", run.path.name),
                "run": str(run.path),
                "run_id": self.space.id_of(run.path), "resume": wanted.model_dump(),
            }
        )  # fmt: skip

    @told
    async def rename(self, request: Request) -> Response:
        """Give a run another name."""
        wanted = await body_of(request, Naming)
        run = self._idle(request)
        called = listing.titles(self.space)
        called.pop(self.space.id_of(run.path), None)
        upkeep.rename(run, wanted.name, called.values())
        return self._changed()

    @told
    async def remove(self, request: Request) -> Response:
        """Take a run away."""
        upkeep.remove(self._idle(request))
        return self._changed()

    def _idle(self, request: Request) -> RunFolder:
        """The run that is asked for, which no training of the page is for."""
        run = self.space.run(request.path_params["id"])
        mine = (job for job in self.jobs.all.values() if job.asked["run"] == str(run.path))
        if any(job.is_to_come for job in mine):
            raise DrywetError("a run that is being trained", "one that is not", "Wait for it.")
        return run

    def _changed(self) -> Response:
        kept = listening.kept(self.space)
        self.hub.tell({"runs": listing.listed(self.space), "listening": kept})
        return JSONResponse({})

    def _free(self, name: str) -> Path:
        """A folder for a run, neither there nor promised to a training that waits."""
        promised = {Path(job.asked["run"]) for job in self.jobs.all.values() if job.is_to_come}
        return next_free(self.space.runs, name, promised)

    def _title(self, name: str) -> str:
        """A name that no other run has, nor is promised: another of the same gets a number."""
        taken = {*listing.titles(self.space).values()}
        taken |= {job.asked["name"] for job in self.jobs.all.values() if job.is_to_come}
        numbered = (f"{name[:_LONGEST_NAME]} {number}" for number in count(2))
        return next(one for one in chain([name], numbered) if one not in taken)

    def _queued(self, asked: dict[str, Any]) -> Response:
        job = self.jobs.add(asked)
        self.hub.tell({"job": job.told()})
        return JSONResponse({"id": job.id, "run": asked["run_id"]})

    @told
    async def stop(self, request: Request) -> Response:
        """Stop a training; its best is kept."""
        self.jobs.find(request.path_params["id"]).ask_to_stop()
        return JSONResponse({})

    @told
    async def listen(self, request: Request) -> Response:
        """The test audio of a training, dry or wet, beside which its model is heard."""
        job = self.jobs.find(request.path_params["id"])
        name = request.path_params["sound"]
        if name not in ("dry", "wet"):
            raise DrywetError(f"no sound called {name}", "dry or wet", "Reload the page.")
        return sound_file(job.path / f"{name}.wav")

    @told
    async def sound(self, request: Request) -> Response:
        """One of the sounds of a run's test audio."""
        run = self.space.run(request.path_params["id"])
        name = request.path_params["sound"]
        if name not in SOUNDS:
            raise DrywetError(f"no sound called {name}", ", ".join(SOUNDS), "Reload the page.")
        return sound_file(run.audio / f"{name}.wav")

    @told
    async def play(self, request: Request) -> Response:
        """A dropped file through a run's model."""
        run = self.space.run(request.path_params["id"])
        file = self.space.file(request.path_params["file"])
        with tempfile.TemporaryDirectory() as place:
            made = Path(place) / "played.wav"
            with _named(file):
                await verb("render", run.path, file, made, "--resample")
            name = Path(uploads.name_of(file)).stem
            return download(made.read_bytes(), f"{name} through {run.path.name}.wav")

    @told
    async def file(self, request: Request) -> Response:
        """A dropped file, as it came."""
        path = self.space.file(request.path_params["id"])
        return download(path.read_bytes(), uploads.name_of(path))

    @told
    async def export(self, request: Request) -> Response:
        """A run's model in a plugin's format."""
        run = self.space.run(request.path_params["id"])
        name = request.path_params["format"]
        if name not in FORMATS:
            raise DrywetError(f"no format called {name}", ", ".join(FORMATS), "Reload the page.")
        with tempfile.TemporaryDirectory() as place:
            title = run.config().name
            file = Path(place) / f"{folder_of(title or run.path.name)}{FORMATS[name].suffix}"
            words = [] if title is None else [f"--name={title}"]
            await verb("export", run.path, f"--format={name}", f"--out={file}", *words)
            return download(file.read_bytes(), file.name)

    @told
    async def signal(self, request: Request) -> Response:
        """The capture signal, to be played through a device."""
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "drywet-signal.wav"
            await verb("signal", file, f"--seconds={_SIGNAL_SECONDS}")
            return download(file.read_bytes(), file.name)

    @told
    async def make_report(self, request: Request) -> Response:
        """Write a run's report."""
        run = self.space.run(request.path_params["id"])
        await verb("report", run.path)
        return self._changed()

    @told
    async def report(self, request: Request) -> Response:
        """A run's report, which can reach nothing of the page's."""
        run = self.space.run(request.path_params["id"])
        return _report(run.report_file)

    @told
    async def make_study_report(self, request: Request) -> Response:
        """Write a study's report."""
        await verb("study", "report", self.space.study(request.path_params["id"]))
        self.hub.tell({"studies": listing.studies(self.space)})
        return JSONResponse({})

    @told
    async def study_report(self, request: Request) -> Response:
        """A study's report, likewise."""
        return _report(self.space.study(request.path_params["id"]) / listing.REPORT_FILE)

    @told
    async def heard(self, request: Request) -> Response:
        """Keep the result of a blind test."""
        return self._kept(await body_of(request, Listening))

    @told
    async def ranked(self, request: Request) -> Response:
        """Keep a blind ranking."""
        return self._kept(await body_of(request, Ranking))

    def _kept(self, taken: Listening | Ranking) -> Response:
        result = listening.keep(self.space, taken)
        self.hub.tell({"listening": listening.kept(self.space)})
        return JSONResponse(result)


@contextlib.contextmanager
def _named(*files: Path) -> Iterator[None]:
    """Errors with the names that files came with in place of the server's."""
    try:
        yield
    except RefusedError as error:
        text = str(error)
        for path in files:
            text = text.replace(str(path), uploads.name_of(path))
        raise RefusedError(text) from None


def _report(path: Path) -> Response:
    if not path.is_file():
        raise DrywetError("a report that is not there", "one that was made", "Make it first.")
    return Response(
        path.read_bytes(),
        media_type="text/html; charset=utf-8",
        headers={"content-security-policy": _REPORT_POLICY},
    )
