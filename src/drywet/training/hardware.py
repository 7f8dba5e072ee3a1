"""Where to compute, and with how many threads."""

from __future__ import annotations

import os

import torch

from drywet.errors import DrywetError

_USEFUL_THREADS = 2
"""Beyond two threads PyTorch's small recurrent nets only get slower (measured, docs/recipe.md)."""


def choose_device(name: str) -> torch.device:
    """The device for ``cpu``, ``cuda``, ``mps`` or ``auto`` (CUDA where there is one).

    Raises:
        DrywetError: a device that this machine lacks.
    """
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        return torch.device("cuda" if there["cuda"] else "cpu")
    if not there[name]:
        raise DrywetError(
            f"this machine has no {name} device that PyTorch can use",
            " or ".join(key for key, value in there.items() if value),
            "Use --device auto.",
        )
    return torch.device(name)


def choose_threads(wanted: int | None) -> int:
    """The wanted number of CPU threads, or what small nets can make use of."""
    return wanted or min(_USEFUL_THREADS, os.cpu_count() or 1)
