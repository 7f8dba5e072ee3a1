"""What the settings of every kind of model have in common, without PyTorch."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

MOST_KNOBS = 7
"""Of a net: the kernels take eight inputs."""

Shape = tuple[int, ...]
Samples = NDArray[np.float32]
Weights = dict[str, NDArray[np.float32]]
"""Tensors by their names in the PyTorch model."""


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
    def is_graph(self) -> bool:
        """Whether the weights are in a graph that travels beside the settings."""
        return False

    @property
    def adds_input(self) -> bool:
        """Whether the dry sample itself is added to the output."""
        return False
