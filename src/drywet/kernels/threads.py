"""CPU threads: how many the kernels use, a property of the process, and calls side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Found = TypeVar("Found")

_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """How many CPU threads the kernels use, at first one for each core."""
    return _threads


def set_threads(number: int) -> None:
    """Let the kernels use so many threads; PyTorch's own are another number.

    It holds for the whole process. Results do not depend on it.
    """
    global _threads  # noqa: PLW0603 - like PyTorch's, a property of the process
    _threads = number


def side_by_side(
    calls: Sequence[Callable[[], Found]],
    at_once: int,
    on_end: Callable[[], None] = lambda: None,
) -> list[Found]:
    """What the calls give, in their order.

    Nothing more is begun once a failure is met, or Ctrl-C comes.

    Args:
        calls: such as spend their time in the kernels, which lock nothing.
        at_once: how many run, each in a thread of its own; a single one runs in this thread.
        on_end: called before those under way are waited for, to tell them to stop.
    """
    if at_once == 1:
        return [call() for call in calls]
    pool = ThreadPoolExecutor(at_once)
    try:
        return [begun.result() for begun in [pool.submit(call) for call in calls]]
    finally:
        on_end()
        pool.shutdown(cancel_futures=True)
