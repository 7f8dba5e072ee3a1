"""A knob in the words of whoever recorded with it: its name, its ends, its steps."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drywet.errors import DrywetError
from drywet.trained.metadata import Text

NOON = 0.5
"""Where the net sees a knob that nobody turned."""

_NEAR = 1e-6
_End = Annotated[float, Field(ge=-1e6, le=1e6)]
_Name = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]


class KnobRange(BaseModel):
    """One knob; the net sees where it stands between its ends, 0 to 1.

    Attributes:
        name: an option of the command line, too.
        least: its position at one end.
        most: at the other.
        unit: of the positions, for people.
        steps: the only positions of a switch; none where it turns freely.
        follows: the knob with which it always moved: the net learned from that one alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: _Name
    least: _End = 0.0
    most: _End = 1.0
    unit: Text | None = None
    steps: tuple[float, ...] = Field(default=(), max_length=64)
    follows: _Name | None = None

    @model_validator(mode="after")
    def _ordered(self) -> KnobRange:
        if not self.least < self.most:
            raise ValueError(
                f"the knob {self.name} from {self.least:g} to {self.most:g}, which must be more"
            )
        if any(not self.least <= step <= self.most for step in self.steps):
            raise ValueError(f"the knob {self.name} with steps outside {self.span}")
        return self

    @property
    def span(self) -> str:
        """Its ends or steps, in words."""
        if self.steps:
            return ", ".join(f"{step:g}" for step in self.steps)
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.least:g} to {self.most:g}{unit}"

    @property
    def middle(self) -> float:
        """Where it stands if nobody turned it."""
        between = self.position(NOON)
        return min(self.steps, key=lambda step: abs(step - between)) if self.steps else between

    def share(self, position: float) -> float:
        """A position as the net sees it, 0 to 1; always 0 where it follows another.

        Raises:
            DrywetError: outside the knob's range, or between its steps.
        """
        there = self.steps or (min(max(position, self.least), self.most),)
        if not any(math.isclose(position, one, abs_tol=_NEAR) for one in there):  # NaN too
            raise DrywetError(
                f"knob {self.name} at {position:g}", self.span, "Turn it within its range."
            )
        if self.follows is not None:
            return 0.0
        return min(max((position - self.least) / (self.most - self.least), 0.0), 1.0)

    def position(self, share: float) -> float:
        """What the net sees, 0 to 1, as a position."""
        return self.least + share * (self.most - self.least)
