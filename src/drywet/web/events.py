"""What has happened, told to every tab as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

_ALIVE_SECONDS = 15.0
_MOST_BEHIND = 1000


class Hub:
    """Passes news on to all who listen; who falls too far behind is let go, and comes again."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str]] = set()

    def tell(self, news: dict[str, Any]) -> None:
        """Pass on."""
        text = json.dumps(news)
        for queue in list(self._queues):
            if queue.full():
                self._queues.discard(queue)
            else:
                queue.put_nowait(text)

    def close(self) -> None:
        """End all streams: the server ends."""
        for queue in self._queues:
            if not queue.full():
                queue.put_nowait("")
        self._queues.clear()

    async def listen(self, first: dict[str, Any]) -> AsyncIterator[bytes]:
        """A stream of events.

        Args:
            first: how all stands now.
        """
        queue: asyncio.Queue[str] = asyncio.Queue(_MOST_BEHIND)
        self._queues.add(queue)
        try:
            yield f"retry: 1000\ndata: {json.dumps(first)}\n\n".encode()
            while queue in self._queues:
                try:
                    text = await asyncio.wait_for(queue.get(), _ALIVE_SECONDS)
                except TimeoutError:
                    yield b": alive\n\n"
                    continue
                if text:
                    yield f"data: {text}\n\n".encode()
        finally:
            self._queues.discard(queue)
