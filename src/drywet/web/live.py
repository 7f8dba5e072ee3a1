"""What the page asks for to play live: models, circuits and filters as numbers for its kernels."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from drywet.errors import DrywetError
from drywet.formats.registry import READS
from drywet.runs.folder import RunFolder
from drywet.web import uploads
from drywet.web.answers import body_of, told
from drywet.web.children import RefusedError, playable
from drywet.web.jobs import Jobs
from drywet.web.requests import Circuit, Oversampler
from drywet.web.workspace import Workspace

_MOST_BYTES = 32_000_000


class Live:
    """The answers.

    Args:
        space: what the page works on.
        jobs: trainings.
    """

    def __init__(self, space: Workspace, jobs: Jobs) -> None:
        self.space, self.jobs = space, jobs

    @told
    async def run(self, request: Request) -> Response:
        """The model of a run."""
        run = self.space.run(request.path_params["id"])
        return JSONResponse(await playable(run.path))

    @told
    async def job(self, request: Request) -> Response:
        """The best model so far of a training."""
        job = self.jobs.find(request.path_params["id"])
        return JSONResponse(await playable(_best_of(RunFolder(Path(job.asked["run"])))))

    @told
    async def model(self, request: Request) -> Response:
        """A model file of any format, which is read and forgotten."""
        name = uploads.shown(unquote(request.headers.get("x-name", "")))
        suffix = PurePosixPath(name).suffix.lower()
        if suffix not in READS:
            raise DrywetError(f"{name} is no model", ", ".join(READS), "Drop one of these.")
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / f"model{suffix}"
            with file.open("wb") as kept:
                async for piece in request.stream():
                    kept.write(piece)
                    if kept.tell() > _MOST_BYTES:
                        raise DrywetError(
                            f"{name} is over {_MOST_BYTES // 1_000_000} MB",
                            "a model of an effect",
                            "Drop another.",
                        )
            try:
                found = await playable(file)
            except RefusedError as error:
                raise RefusedError(str(error).replace(str(file), name)) from None
        return JSONResponse(found | {"name": found["name"] or PurePosixPath(name).stem})

    @told
    async def circuit(self, request: Request) -> Response:
        """A built-in circuit at some position of its knobs."""
        wanted = await body_of(request, Circuit)
        given = (wanted.name, wanted.rate, wanted.factor, wanted.knobs)
        return JSONResponse(await asyncio.to_thread(_circuit, *given))

    @told
    async def oversampler(self, request: Request) -> Response:
        """The filters around a model that runs at several times its rate."""
        wanted = await body_of(request, Oversampler)
        return JSONResponse(await asyncio.to_thread(_oversampler, wanted.rate, wanted.factor))


def _best_of(run: RunFolder) -> Path:
    """Where the best model so far of a run is; while it is being cleaned, its uncleaned one."""
    folders = (run, run.uncleaned)
    return next((one for one in folders if one.model_file.is_file()), run).path


# In threads, and SciPy comes in at the first of them: the server has other things to do meanwhile.


def _circuit(*given: Any) -> dict[str, Any]:
    from drywet.browser.playable import circuit

    return circuit(*given)


def _oversampler(rate: int, factor: int) -> dict[str, Any]:
    from drywet.browser.playable import oversampler

    return oversampler(rate, factor)
