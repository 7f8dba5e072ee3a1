"""Where to compute, and with how many threads."""

from __future__ import annotations

import torch

from drywet.errors import DrywetError


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
            "one of " + ", ".join(key for key, value in there.items() if value),
            "Use --device cpu, or auto, which takes what there is.",
        )
    return torch.device(name)


def choose_threads(wanted: int | None) -> int:
    """The wanted number of CPU threads, by default one.

    Small recurrent nets gain nothing from a second thread and can lose much when other
    programs want its core: PyTorch's threads then wait for each other at every time
    step (measured, docs/recipe.md).
    """
    return wanted or 1
