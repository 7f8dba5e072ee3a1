"""Settings of a stateful recurrent net."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from drywet.models.config import Config, KnobNames, and_knobs
from drywet.models.layers import Cell

CELL_SIZES = {"ssm": {"hidden": 8, "layers": 4}}
"""Sizes of nets of some cells where none are given; those of all others are the fields'."""


class RecurrentConfig(Config):
    """A stateful recurrent net.

    Attributes:
        cell: ``lstm``, ``gru``, ``rnn`` (tanh) or ``ssm`` (state-space layers).
        hidden: units per layer; 16 by default, 8 of state-space layers.
        layers: 1 to 4; 1 by default, 4 of state-space layers, whose recurrence alone is linear.
        skip: add the dry sample to the output.
        knobs: names of controls, each an input beside the dry sample with values from 0 to 1.
    """

    kind: Literal["recurrent"] = "recurrent"
    cell: Cell = "lstm"
    hidden: int = Field(default=16, ge=1, le=512)
    layers: int = Field(default=1, ge=1, le=4)
    skip: bool = False
    knobs: KnobNames = ()

    @model_validator(mode="before")
    @classmethod
    def _sized(cls, given: Any) -> Any:
        cell = given.get("cell") if isinstance(given, dict) else None
        return CELL_SIZES[cell] | given if isinstance(cell, str) and cell in CELL_SIZES else given

    @property
    def receptive_field(self) -> None:
        """Unbounded."""
        return

    @property
    def title(self) -> str:
        """Short name for tables: ``LSTM 16`` or ``GRU 2x32 + skip``."""
        size = f"{self.layers}x{self.hidden}" if self.layers > 1 else str(self.hidden)
        skip = " + skip" if self.skip else ""
        return f"{self.cell.upper()} {size}{skip}{and_knobs(self.knobs)}"

    @property
    def controls(self) -> tuple[str, ...]:
        """The knobs."""
        return self.knobs

    @property
    def adds_input(self) -> bool:
        """With a skip."""
        return self.skip
