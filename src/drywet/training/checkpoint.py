"""Everything a training loop needs to go on as if it had never stopped."""

from __future__ import annotations

import io
import pickle
import warnings
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from drywet.errors import DrywetError
from drywet.storage import write_bytes
from drywet.training.cleaning import Cleaning
from drywet.training.treble import Treble


@dataclass
class LoopState:
    """State of the loop between two steps; which windows come next follows from seed and step.

    Attributes:
        weights: the model's state.
        optimizer: the optimiser's state.
        best_weights: the model's state when it validated best.
        best_score: the score that chooses, then; ``inf`` before the first validation.
        best_esr: validation ESR then, ``inf`` likewise.
        best_step: when that was.
        by_heart: at the last validation it had learned the training audio by heart.
        idle: validations since then.
        step: steps done.
        elapsed: seconds of training, of this start.
        loss_sum: losses since the last validation, summed.
        loss_count: how many.
        retreats: times that the training fell apart and went back to its best weights.
        ramp_from: step from which the learning rate rises, at the start and after a retreat.
        start: which of several starts, from 0.
        waiting: the other starts, each as a dict of all of the above.
        given_up: budgets spent on starts that did not go on: 1 is a whole training.
        given_up_seconds: likewise.
        cycle: of the schedule, from 0.
        ends: scores of the best start at the end of each cycle so far.
        longer: times that a finished training was gone on with.
        off_schedule: steps done for the treble before it was trained on, which no cycle counts.
        treble: what the last cycle began from, where it is for the treble and has begun.
        cleaning: what it was before, where the aliasing of a trained net is minimised.
        finished: the budget is spent, the goal reached or nothing more to be gained.
    """

    weights: dict[str, Tensor]
    optimizer: dict[str, Any]
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    best_score: float = float("inf")
    best_esr: float = float("inf")
    best_step: int = 0
    by_heart: bool = False
    idle: int = 0
    step: int = 0
    elapsed: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    retreats: int = 0
    ramp_from: int = 0
    start: int = 0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    given_up: float = 0.0
    given_up_seconds: float = 0.0
    cycle: int = 0
    ends: list[float] = field(default_factory=list)
    longer: int = 0
    off_schedule: int = 0
    treble: Treble | None = None
    cleaning: Cleaning | None = None
    finished: bool = False

    def take(self, start: dict[str, Any]) -> None:
        """Go on with a start, such as `of_start` gave."""
        for name, value in start.items():
            setattr(self, name, value)

    def of_start(self) -> dict[str, Any]:
        """What belongs to the start that is gone on with."""
        return {name: getattr(self, name) for name in _OF_A_START}


_OF_A_START = (
    "weights", "optimizer", "best_weights", "best_score", "best_esr", "best_step", "by_heart",
    "idle", "step", "elapsed", "loss_sum", "loss_count", "retreats", "ramp_from", "start",
)  # fmt: skip


def save_checkpoint(path: Path, state: LoopState) -> None:
    """Write ``state`` atomically."""
    buffer = io.BytesIO()
    kept = {f.name: getattr(state, f.name) for f in fields(state)}
    begun = {"treble": state.treble, "cleaning": state.cleaning}
    torch.save(kept | {name: one and asdict(one) for name, one in begun.items()}, buffer)
    write_bytes(path, buffer.getvalue())


def load_checkpoint(path: Path) -> LoopState:
    """Read a checkpoint; only tensors and plain values are ever unpickled.

    Raises:
        DrywetError: missing, damaged, or holding anything else.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that are refused anyway
            found = torch.load(path, map_location="cpu", weights_only=True)
        found.setdefault("best_score", found["best_esr"])  # before there was a choice
        for start in (found, *found.get("waiting", ())):
            if start.pop("last_score", None) is not None:  # what `by_heart` was judged by
                start.setdefault("by_heart", False)
        for name, kind in (("treble", Treble), ("cleaning", Cleaning)):
            given = found.get(name)
            found[name] = None if given is None else kind(**given)
        return LoopState(**found)
    except (
        OSError,
        RuntimeError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        pickle.UnpicklingError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DrywetError(
            f"{path} cannot be resumed from ({reason})",
            "the checkpoint of an interrupted run",
            "Train again with --overwrite.",
        ) from error
