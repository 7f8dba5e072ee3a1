"""The server: what answers which path."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from drywet.web.access import Guard, Keys
from drywet.web.api import Api
from drywet.web.events import Hub
from drywet.web.jobs import Jobs
from drywet.web.listing import listed, stamp
from drywet.web.live import Live
from drywet.web.workspace import Workspace

_TICK_SECONDS = 0.1
_TICKS_TO_LOOK = 20  # for what a terminal has changed
_KINDS = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".wasm": "application/wasm",
}  # fmt: skip
_PLACES = (Path(__file__).parent / "static", Path(__file__).parents[1] / "browser")


def served() -> dict[str, Path]:
    """The files that a browser is given, by their names."""
    return {
        file.name: file for place in _PLACES for file in place.iterdir() if file.suffix in _KINDS
    }


def application(space: Workspace, hub: Hub, keys: Keys, hosts: Sequence[str], port: int) -> ASGIApp:
    """The whole server, guarded.

    Args:
        space: what the page works on.
        hub: tells all tabs.
        keys: tokens.
        hosts: ``Host`` headers that are this server.
        port: it listens on.
    """
    jobs = Jobs(space, hub.tell)
    api = Api(space, jobs, hub)
    live = Live(space, jobs)
    known_files = served()

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        file = known_files.get(name)
        if file is None:
            return Response("Not here.", 404, media_type="text/plain")
        return Response(file.read_bytes(), media_type=_KINDS[file.suffix])

    async def watch() -> None:
        """Look after the trainings; whatever goes wrong with one, the others go on."""
        known: object = None
        looked: object = None
        ticks = 0
        while True:
            with contextlib.suppress(OSError, ValueError):
                jobs.tick()
                if ticks == 0:
                    looked = stamp(space)
                ticks = (ticks + 1) % _TICKS_TO_LOOK
                now = {job.id: job.state for job in jobs.all.values()}, looked
                if now != known:
                    hub.tell({"runs": listed(space)})
                    known = now
            await asyncio.sleep(_TICK_SECONDS)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watcher = asyncio.create_task(watch())
        yield
        watcher.cancel()

    routes = [
        Route("/", page),
        Route("/static/{name}", page),
        Route("/api/events", api.events),
        Route("/api/files", api.upload, methods=["PUT"]),
        Route("/api/files/{id}", api.file),
        Route("/api/check", api.check, methods=["POST"]),
        Route("/api/train", api.train, methods=["POST"]),
        Route("/api/signal", api.signal),
        Route("/api/studies/{id}/report", api.study_report),
        Route("/api/studies/{id}/report", api.make_study_report, methods=["POST"]),
        Route("/api/heard", api.heard, methods=["POST"]),
        Route("/api/ranked", api.ranked, methods=["POST"]),
        Route("/api/jobs/{id}/stop", api.stop, methods=["POST"]),
        Route("/api/jobs/{id}/listen/{sound}", api.listen),
        Route("/api/jobs/{id}/player", live.job),
        Route("/api/runs/{id}/player", live.run),
        Route("/api/models", live.model, methods=["PUT"]),
        Route("/api/circuit", live.circuit, methods=["POST"]),
        Route("/api/oversampler", live.oversampler, methods=["POST"]),
        Route("/api/runs/{id}/resume", api.resume, methods=["POST"]),
        Route("/api/runs/{id}/name", api.rename, methods=["POST"]),
        Route("/api/runs/{id}/remove", api.remove, methods=["POST"]),
        Route("/api/runs/{id}/sound/{sound}", api.sound),
        Route("/api/runs/{id}/play/{file}", api.play),
        Route("/api/runs/{id}/export/{format}", api.export),
        Route("/api/runs/{id}/report", api.report),
        Route("/api/runs/{id}/report", api.make_report, methods=["POST"]),
    ]
    return Guard(Starlette(routes=routes, lifespan=lifespan), keys, hosts, port)
