"""What the settings of every kind of model have in common, without PyTorch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST_KNOBS = 7
"""Of a net: the kernels take eight inputs."""

Shape = tuple[int, ...]
Samples = NDArray[np.float32]
Weights = dict[str, NDArray[np.float32]]
"""Tensors by their names in the PyTorch model."""


def _different(knobs: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(knobs)) < len(knobs) or not all(knob.isprintable() for knob in knobs):
        raise ValueError("knobs of different names, each on one line")
    return knobs


KnobNames = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=32)], ...],
    Field(max_length=MOST_KNOBS),
    AfterValidator(_different),
]
"""Names of a net's controls, each an input beside the dry sample with values from 0 to 1."""


def and_knobs(knobs: tuple[str, ...]) -> str:
    """What they add to a model's short name."""
    return f" + {len(knobs)} knob{'s' * (len(knobs) > 1)}" if knobs else ""


class Config(BaseModel, ABC):
    """Settings of a model; each kind has its own in its folder.

    Attributes:
        kind: name of the kind, as in a settings file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str

    @property
    @abstractmethod
    def title(self) -> str:
        """Short name for tables."""

    @property
    @abstractmethod
    def receptive_field(self) -> int | None:
        """Dry samples on which one output depends; ``None`` where that is unbounded."""

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of its knobs, each an input from 0 to 1."""
        return ()

    @property
    def takes_knobs(self) -> bool:
        """Whether there is a place for them in its settings."""
        return "knobs" in type(self).model_fields

    @property
    def is_graph(self) -> bool:
        """Whether the weights are in a graph that travels beside the settings."""
        return False

    @property
    def adds_input(self) -> bool:
        """Whether the dry sample itself is added to the output."""
        return False
