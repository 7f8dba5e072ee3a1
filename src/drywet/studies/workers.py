"""Who does the work: processes on this machine, or a Dask cluster; one interface for both.

Both are executors in the sense of ``concurrent.futures``. Local workers are new processes
(spawned, not forked: threads do not survive a fork) that die with the one that started
them, so that none goes on alone and gets in the way of a study that is started again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from drywet.errors import DrywetError
from drywet.kernels.threads import threads as cores
from drywet.studies.outcome import Outcome
from drywet.studies.work import Task, work

_SCHEME = "dask://"
_CONNECT_SECONDS = 10


@dataclass
class Workers:
    """Workers at hand.

    Attributes:
        size: jobs that are worth having under way at once.
        threads: of the CPU for each.
    """

    size: int
    threads: int
    _executor: Executor

    def submit(self, task: Task) -> Future[Outcome]:
        """Have a task done."""
        return self._executor.submit(work, task)

    def renewed(self) -> Workers:
        """The same workers again after some have died."""
        return self


@dataclass
class _LocalWorkers(Workers):
    _ends: list[Connection]

    def submit(self, task: Task) -> Future[Outcome]:
        with _ctrl_c_held():  # the processes begin now, and `_begin` comes after their imports
            return super().submit(task)

    def renewed(self) -> Workers:
        self._executor.shutdown(wait=False, cancel_futures=True)
        fresh = _local_executor(self.size)
        self._ends.append(fresh[1])
        self._executor = fresh[0]
        return self


Lost = BrokenProcessPool
"""What the future of a task gives whose local worker died; Dask starts it again by itself."""


def sizes(wanted: int | None, jobs: int) -> tuple[int, int]:
    """Workers and threads for each, so that their product fits this machine.

    Args:
        wanted: workers, as far as a user has said.
        jobs: to be done.
    """
    workers = max(min(wanted or cores(), max(jobs, 1)), 1)
    return workers, max(cores() // workers, 1)


@contextlib.contextmanager
def open_workers(on: str | None, wanted: int | None, jobs: int) -> Iterator[Workers]:
    """Workers for as long as the block lasts; what they are at when it ends is left where it is.

    Args:
        on: ``dask://HOST:PORT`` of a scheduler; this machine where it is ``None``.
        wanted: workers on this machine.
        jobs: to be done.

    Raises:
        DrywetError: no such scheduler, or Dask is not installed.
    """
    if on is not None:
        with _dask(on) as found:
            yield found
        return
    size, threads = sizes(wanted, jobs)
    executor, end = _local_executor(size)
    found = _LocalWorkers(size, threads, executor, [end])
    try:
        yield found
    finally:
        for connection in found._ends:
            connection.close()
        found._executor.shutdown(wait=True, cancel_futures=True)


def _local_executor(size: int) -> tuple[ProcessPoolExecutor, Connection]:
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(size, context, initializer=_begin, initargs=(theirs,))
    return executor, ours


@contextlib.contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Let Ctrl-C wait; a process that begins meanwhile never sees one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(life: Connection) -> None:
    """Leave Ctrl-C to the process that started this one, and end with it."""
    if hasattr(os, "setsid"):
        with contextlib.suppress(OSError):
            os.setsid()
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()


def _end_with(life: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        life.recv()
    os._exit(1)


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Workers]:
    if not address.startswith(_SCHEME):
        raise DrywetError(
            f"--on {address}", f"{_SCHEME}HOST:PORT of a Dask scheduler",
            "Start one with 'dask scheduler', and workers with 'dask worker HOST:PORT'.",
        )  # fmt: skip
    try:
        from distributed import Client
    except ImportError:
        raise DrywetError(
            f"--on {address}, and Dask is not installed", "dask.distributed",
            "pip install 'drywet[dask]', here and on the workers.",
        ) from None  # fmt: skip
    client: Any
    try:
        place = f"tcp://{address.removeprefix(_SCHEME)}"
        client = Client(place, timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise DrywetError(
            f"no Dask scheduler answers at {address}", f"{_SCHEME}HOST:PORT of one that runs",
            "Start one with 'dask scheduler'.",
        ) from error  # fmt: skip
    try:
        found = client.nthreads()
        if not found:
            raise DrywetError(
                f"the Dask scheduler at {address} has no workers", "one or more",
                "Start them with 'dask worker HOST:PORT --nthreads 1'.",
            )  # fmt: skip
        executor = client.get_executor(pure=False)
        yield Workers(2 * sum(found.values()), 1, executor)
        executor.shutdown(wait=False)
    finally:
        client.close()
