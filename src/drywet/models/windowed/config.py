"""Settings of a net over frames of dry samples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drywet.models.config import Config


class WindowedConfig(Config):
    """A net without state over frames of ``frame`` dry samples.

    Attributes:
        cell: ``lstm``, ``gru``, ``rnn``, or ``dense`` for a feed-forward net
            (tanh).
        frame: dry samples per frame.
        hidden: units per layer.
        layers: 1 or 2.
    """

    kind: Literal["windowed"] = "windowed"
    cell: Literal["lstm", "gru", "rnn", "dense"] = "lstm"
    frame: int = Field(default=64, ge=1, le=4096)
    hidden: int = Field(default=16, ge=1, le=512)
    layers: int = Field(default=1, ge=1, le=2)

    @property
    def receptive_field(self) -> int:
        """The frame."""
        return self.frame

    @property
    def title(self) -> str:
        """Short name for tables, in the study's style: ``windowed LSTM 16,16 FS32``."""
        sizes = ",".join([str(self.hidden)] * self.layers)
        return f"windowed {self.cell.upper()} {sizes} FS{self.frame}"
