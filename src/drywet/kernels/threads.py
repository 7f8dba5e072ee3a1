"""How many CPU threads the kernels use: a property of the process, like PyTorch's own."""

from __future__ import annotations

import os

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
