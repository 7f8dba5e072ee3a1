"""How the server answers: JSON, sounds, files to keep, and a sentence for whatever fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from drywet.errors import DrywetError
from drywet.web.children import RefusedError

_MOST_JSON = 65_536
_LOOK_SECONDS = 0.3
R = TypeVar("R", bound=BaseModel)
Tell = Callable[[Any], None]
Handler = Callable[[Any, Request], Awaitable[Response]]


def told(handler: Handler) -> Handler:
    """Failures as a sentence for the page."""

    async def answer(self: Any, request: Request) -> Response:
        try:
            return await handler(self, request)
        except (DrywetError, RefusedError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return answer


async def streamed(request: Request, work: Callable[[Tell], Coroutine[Any, Any, None]]) -> Response:
    """What some work tells while it goes on, a line of JSON each.

    It ends where nobody waits for it any more. What fails before the first line is an answer of its
    own; what fails later is the last line.

    Args:
        request: that it is for.
        work: what is to be done, given a function that takes what it has to tell.
    """
    lines = _told_by(request, work)
    first = await anext(lines, None)

    async def text() -> AsyncIterator[bytes]:
        piece = first
        try:
            while piece is not None:
                yield json.dumps(piece).encode() + b"\n"
                piece = await anext(lines, None)
        except (DrywetError, RefusedError) as error:
            yield json.dumps({"error": str(error)}).encode() + b"\n"

    return StreamingResponse(text(), media_type="application/x-ndjson")


async def _told_by(
    request: Request, work: Callable[[Tell], Coroutine[Any, Any, None]]
) -> AsyncIterator[Any]:
    queue: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(work(queue.put_nowait))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while True:
            try:
                piece = await asyncio.wait_for(queue.get(), _LOOK_SECONDS)
            except TimeoutError:
                if await request.is_disconnected():
                    return
                continue
            if piece is None:
                break
            yield piece
        task.result()
    finally:
        task.cancel()


async def body_of(request: Request, kind: type[R]) -> R:
    """What a request's JSON asks for.

    Raises:
        DrywetError: too much of it, or something else.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_JSON:
            raise DrywetError(
                "a request of many bytes", f"at most {_MOST_JSON}", "Reload the page."
            )
    try:
        return kind.model_validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DrywetError(
            f"{where or 'the request'}: {first['msg']}", "what the page sends", "Reload it."
        ) from None


def sound_file(path: Path) -> Response:
    """A whole file: no ranges, they are short."""
    if not path.is_file():
        raise DrywetError("a sound that is not there yet", "one that is", "Try again in a moment.")
    return Response(path.read_bytes(), media_type="audio/wav")


def download(data: bytes, name: str) -> Response:
    """A file to be saved under a name."""
    plain = name.encode("ascii", "replace").decode().replace('"', "").replace("?", "-")
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"content-disposition": f'attachment; filename="{plain}"'},
    )
