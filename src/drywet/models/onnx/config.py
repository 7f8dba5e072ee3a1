"""What must be known of somebody's ONNX graph to play it; the graph itself travels beside."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drywet.models.config import Config, KnobNames, and_knobs

Layout = Literal["1x1xN", "1xNx1", "1xN", "N"]

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Side = Annotated[int, Field(ge=1, le=1 << 24)]
_Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OnnxState(_Part):
    """A tensor that one block hands to the next.

    Attributes:
        input: its name going in.
        output: its name coming out.
        shape: the same for both.
    """

    input: _Name
    output: _Name
    shape: tuple[_Side, ...] = Field(max_length=8)


class OnnxConfig(Config):
    """A graph of ONNX operators as it was found: it can be played, not trained.

    Attributes:
        audio_in: name of the input for the dry samples.
        audio_out: name of the output with the wet samples.
        layout: shape of the input, N for the samples of a block.
        states: what is handed on from block to block.
        knobs_in: name of the input ``(1, knobs)`` for the knobs, if there is one.
        knob_names: theirs, in its order.
        fixed: where they stand, 0 to 1; empty as long as they turn.
        parameters: numbers in the graph's weights.
        multiply_adds: per sample of a long block, of its convolutions, matrix products and
            recurrent layers.
    """

    kind: Literal["onnx"] = "onnx"
    audio_in: _Name
    audio_out: _Name
    layout: Layout
    states: tuple[OnnxState, ...] = Field(default=(), max_length=256)
    knobs_in: _Name | None = None
    knob_names: KnobNames = ()
    fixed: tuple[_Share, ...] = ()
    parameters: int = Field(ge=0)
    multiply_adds: int = Field(ge=0)

    @model_validator(mode="after")
    def _fitting(self) -> OnnxConfig:
        if (self.knobs_in is None) != (not self.knob_names):
            raise ValueError("an input for knobs that have names")
        if self.fixed and len(self.fixed) != len(self.knob_names):
            raise ValueError(f"{len(self.fixed)} positions of {len(self.knob_names)} knobs")
        return self

    @property
    def controls(self) -> tuple[str, ...]:
        """See `Config`."""
        return () if self.fixed else self.knob_names

    @property
    def receptive_field(self) -> None:
        """Unknown, so taken as unbounded."""
        return

    @property
    def is_graph(self) -> bool:
        """They are."""
        return True

    @property
    def title(self) -> str:
        """Short name for tables: ``ONNX graph``."""
        return "ONNX graph" + and_knobs(self.controls)
