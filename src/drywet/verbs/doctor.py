"""``doctor``: what drywet runs on here, and why."""

from __future__ import annotations

import platform
from importlib.metadata import version

from pydantic import BaseModel

from drywet.kernels.choice import choice


class Diagnosis(BaseModel):
    """What was found on this machine.

    Attributes:
        drywet: version.
        python: version.
        torch: version.
        machine: operating system and kind of CPU.
        cores: that this process may use.
        kernels: what the compiled nets are made for; ``None`` where PyTorch runs them.
        possible: every kind of kernel that this CPU runs, the fastest first.
        reason: why this one.
        advice: what to do where the kernels are missing.
        devices: where PyTorch can train.
    """

    drywet: str
    python: str
    torch: str
    machine: str
    cores: int
    kernels: str | None
    possible: list[str]
    reason: str
    advice: str | None
    devices: list[str]


def doctor() -> Diagnosis:
    """Look at the machine.

    Raises:
        DrywetError: ``DRYWET_KERNELS`` names no kernel of this machine.
    """
    import torch

    from drywet.kernels.threads import threads

    found = choice()
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return Diagnosis(
        drywet=version("drywet"),
        python=platform.python_version(),
        torch=torch.__version__,
        machine=f"{platform.system()} on {platform.machine()}",
        cores=threads(),
        kernels=found.target,
        possible=list(found.possible),
        reason=found.reason,
        advice=_advice(bool(found.possible)) if found.target is None else None,
        devices=["cpu", *(name for name, has in there.items() if has)],
    )


def _advice(built: bool) -> str:
    if built:
        return "Unset DRYWET_KERNELS: training and rendering are many times slower without them."
    return (
        "Training and rendering are many times slower without them. Install a C++ compiler (g++ "
        "or clang++) and drywet again."
    )
