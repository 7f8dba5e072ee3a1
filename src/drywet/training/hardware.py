"""Where to compute, and with how many threads."""

from __future__ import annotations

import torch

from drywet.errors import DrywetError
from drywet.kernels.choice import choice
from drywet.kernels.threads import set_threads, threads
from drywet.models.registry import ModelConfig, kind_of


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
            "Use --compute cpu, or auto, which takes what there is.",
        )
    return torch.device(name)


def choose_threads(wanted: int | None) -> int:
    """The wanted number of CPU threads; else one per core, or one where PyTorch runs the nets.

    PyTorch gains nothing from a second thread on small recurrent nets and can lose much when
    other programs want its core: its threads wait for each other at every time step (measured,
    docs/speed.md). The kernels' threads meet twice per update.
    """
    if wanted is not None:
        return wanted
    return threads() if choice().target is not None else 1


def use_threads(number: int, model: ModelConfig, device: torch.device) -> None:
    """Give the threads to what runs the net: the kernels, or PyTorch."""
    kernels = kind_of(model).trains_in_kernels(model) and device.type == "cpu"
    set_threads(number)
    # Beside the kernels PyTorch has only small things to do, and would wait for cores.
    torch.set_num_threads(1 if kernels else number)
