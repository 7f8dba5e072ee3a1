"""Verbs in processes of their own: the server outlives whatever happens in them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from drywet.errors import DrywetError

_SECONDS = 300.0
_LONGEST_LINE = 1 << 24  # bytes
_at_once = asyncio.Semaphore(2)


async def verb(*words: object, seconds: float = _SECONDS) -> Any:
    """Call ``drywet WORDS --json`` and give what it printed.

    Raises:
        RefusedError: what it said it could not do.
        DrywetError: it took too long.
    """
    return await _json("drywet.cli.app", *words, "--json", seconds=seconds)


async def look(*words: object) -> Any:
    """What `drywet.web.look` finds; as `verb`."""
    return await _json("drywet.web.look", *words, seconds=_SECONDS)


async def checks(
    dry: object, wet: object, how: Mapping[str, Any], tell: Callable[[Any], None]
) -> None:
    """Pass on what `drywet.web.check_pair` prints, when it prints it.

    Args:
        dry: file.
        wet: file.
        how: options of `drywet.check`.
        tell: called with each line's JSON.

    Raises:
        RefusedError: what it said it could not do.
        DrywetError: it took too long.
    """
    command = [sys.executable, "-m", "drywet.web.check_pair", str(dry), str(wet), json.dumps(how)]
    async with _started(command, _SECONDS) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        while line := await child.stdout.readline():
            tell(json.loads(line))
        said = await child.stderr.read()
        if await child.wait():
            raise _told(said.decode("utf-8", "replace"))


async def playable(path: object) -> Any:
    """What `drywet.browser.playable` makes of a model; as `verb`."""
    return await _json("drywet.web.read_model", path, seconds=_SECONDS)


async def _json(module: str, *words: object, seconds: float) -> Any:
    command = [sys.executable, "-m", module, *(str(word) for word in words)]
    code, out, said = await run(command, seconds)
    try:
        found = json.loads(out)
    except ValueError:
        found = None
    if found is None or code not in (0, 2):
        raise _told(said)
    return found


async def run(command: Sequence[str], seconds: float = _SECONDS) -> tuple[int, bytes, str]:
    """Run a command; returns its code, what it printed and its errors.

    Raises:
        DrywetError: it took too long.
    """
    async with _started(command, seconds) as child:
        out, said = await child.communicate()
    return child.returncode or 0, out, said.decode("utf-8", "replace")


@contextlib.asynccontextmanager
async def _started(
    command: Sequence[str], seconds: float
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child while it is wanted; it is gone afterwards, however that ends."""
    async with _at_once:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(),
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is the server's, which ends them itself
        )
        try:
            async with asyncio.timeout(seconds):
                yield child
        except TimeoutError:
            raise DrywetError(
                f"it took over {seconds:.0f} s", "a shorter recording", "Cut the file."
            ) from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()


def environment() -> dict[str, str]:
    """Of a child: figures are drawn without a screen."""
    return os.environ | {"MPLBACKEND": "Agg"}


def _told(said: str) -> RefusedError:
    """The last line that a verb said."""
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "it failed")
    return RefusedError(last.removeprefix("drywet: "))


class RefusedError(Exception):
    """What a verb could not do, in its own words."""
