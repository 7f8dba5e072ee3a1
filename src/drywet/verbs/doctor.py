"""``doctor``: what drywet runs on here, and why."""

from __future__ import annotations

import platform
from importlib.metadata import version

from pydantic import BaseModel

from drywet.kernels.choice import choice
from drywet.kernels.threads import threads


class Diagnosis(BaseModel):
    """What was found on this machine.

    Attributes:
        drywet: version.
        python: version.
        torch: version; ``None`` where it is not installed.
        machine: operating system and kind of CPU.
        cores: that this process may use.
        kernels: what the compiled nets are made for; ``None`` where PyTorch runs them.
        possible: every kind of kernel that this CPU runs, the fastest first.
        reason: why this one.
        advice: what to do where the kernels are missing.
        compute: where PyTorch can train; empty without it.
    """

    drywet: str
    python: str
    torch: str | None
    machine: str
    cores: int
    kernels: str | None
    possible: list[str]
    reason: str
    advice: str | None
    compute: list[str]


def doctor() -> Diagnosis:
    """Look at the machine.

    Raises:
        DrywetError: ``DRYWET_KERNELS`` names no kernel of this machine.
    """
    found = choice()
    torch, compute = _pytorch()
    return Diagnosis(
        drywet=version("drywet"),
        python=platform.python_version(),
        torch=torch,
        machine=f"{platform.system()} on {platform.machine()}",
        cores=threads(),
        kernels=found.target,
        possible=list(found.possible),
        reason=found.reason,
        advice=_advice(bool(found.possible)) if found.target is None else None,
        compute=compute,
    )


def _pytorch() -> tuple[str | None, list[str]]:
    """Its version and where it can compute."""
    try:
        import torch
    except ModuleNotFoundError:
        return None, []
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return str(torch.__version__), ["cpu", *(name for name, has in there.items() if has)]


def _advice(built: bool) -> str:
    if built:
        return "Unset DRYWET_KERNELS: training and rendering are many times slower without them."
    return (
        "Training and rendering are many times slower without them. Install a C++ compiler (g++ "
        "or clang++) and drywet again."
    )
