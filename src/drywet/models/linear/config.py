"""Settings of a causal FIR filter."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drywet.models.config import Config


class LinearConfig(Config):
    """A causal FIR filter.

    Attributes:
        taps: its length in samples.
        bias: whether a constant is added; read from others' files, not fitted.
    """

    kind: Literal["linear"] = "linear"
    taps: int = Field(default=128, ge=1, le=1 << 17)
    bias: bool = False

    @property
    def receptive_field(self) -> int:
        """The taps."""
        return self.taps

    @property
    def title(self) -> str:
        """Short name for tables: ``linear FIR 128``."""
        return f"linear FIR {self.taps}"
