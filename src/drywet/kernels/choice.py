"""Which kernels run here, and why.

The extension is built at installation where there is a compiler, and holds the same
source compiled for several kinds of CPU; the fastest that this one runs is taken.
``DRYWET_KERNELS`` names another, or ``off`` for PyTorch alone.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

from drywet.errors import DrywetError

VARIABLE = "DRYWET_KERNELS"
OFF = "off"

MOST_LAYERS = 4
MOST_HIDDEN = 4096
MOST_INPUTS = 8


@dataclass(frozen=True)
class Choice:
    """The kernels in use.

    Attributes:
        target: what they are compiled for; ``None`` where PyTorch runs the nets.
        possible: every target that this CPU runs, the fastest first.
        reason: why this one, in words.
    """

    target: str | None
    possible: tuple[str, ...]
    reason: str


@functools.cache
def choice() -> Choice:
    """The kernels that this process uses.

    Raises:
        DrywetError: ``DRYWET_KERNELS`` names something else than a target or ``off``.
    """
    wanted = os.environ.get(VARIABLE, "")
    try:
        from drywet.kernels import _native
    except ImportError as error:
        possible: tuple[str, ...] = ()
        reason = f"they are not built: {error}"
    else:
        possible = tuple(_native.targets())
        reason = "the fastest that this CPU runs"
    if wanted not in ("", OFF, *possible):
        raise DrywetError(
            f"{VARIABLE}={wanted}, which is no kernel of this machine",
            " or ".join((*possible, OFF)),
            f"Unset {VARIABLE}, or name one of them.",
        )
    if wanted == OFF:
        return Choice(None, possible, f"{VARIABLE}={OFF}")
    if wanted:
        return Choice(wanted, possible, f"{VARIABLE}={wanted}")
    return Choice(possible[0] if possible else None, possible, reason)


def target() -> str:
    """What the kernels in use are compiled for.

    Raises:
        DrywetError: as `choice`, or PyTorch is to run the nets.
    """
    found = choice()
    if found.target is None:
        raise DrywetError(
            f"the compiled kernels are not in use: {found.reason}", "them, for this",
            "'drywet doctor' says what is missing.",
        )  # fmt: skip
    return found.target
