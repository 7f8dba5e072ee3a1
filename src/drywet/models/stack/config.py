"""The settings of a stack: layers one after the other, as RTNeural runs them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drywet.models.activation import LINEAR, Activation
from drywet.models.config import Config

MOST_SAMPLES = 1 << 20
"""Longest receptive field of the convolutions."""

_MOST_HELD = 1 << 22
_MOST_WEIGHTS = 4_000_000
_Width = Annotated[int, Field(ge=1, le=512)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DenseLayer(_Part):
    """Each output from all inputs of the same moment.

    Attributes:
        width: its outputs.
        activation: of them.
    """

    kind: Literal["dense"] = "dense"
    width: _Width
    activation: Activation = LINEAR


class ConvLayer(_Part):
    """A causal convolution in time.

    Attributes:
        width: its outputs.
        kernel: taps.
        dilation: samples between them.
        activation: of the outputs.
    """

    kind: Literal["conv"] = "conv"
    width: _Width
    kernel: int = Field(ge=1, le=4096)
    dilation: int = Field(default=1, ge=1, le=1 << 18)
    activation: Activation = LINEAR


class CellLayer(_Part):
    """A recurrent layer.

    Attributes:
        cell: of PyTorch's.
        width: its units.
    """

    kind: Literal["cell"] = "cell"
    cell: Literal["lstm", "gru"]
    width: _Width


Layer = Annotated[DenseLayer | ConvLayer | CellLayer, Field(discriminator="kind")]


class StackConfig(Config):
    """Layers one after the other, from one dry sample to one wet sample.

    Attributes:
        layers: first to last; the last of width 1.
        skip: add the dry sample to the output.
    """

    kind: Literal["stack"] = "stack"
    layers: tuple[Layer, ...] = Field(min_length=1, max_length=64)
    skip: bool = False

    @model_validator(mode="after")
    def _bounded(self) -> StackConfig:
        if self.layers[-1].width != 1:
            raise ValueError(f"a last layer of {self.layers[-1].width} outputs, not 1")
        if self.memory >= MOST_SAMPLES:
            raise ValueError(f"a receptive field of over {MOST_SAMPLES} samples")
        widths = [1, *(layer.width for layer in self.layers)]
        held = sum(
            before * (layer.kernel - 1) * layer.dilation
            for before, layer in zip(widths, self.layers, strict=False)
            if isinstance(layer, ConvLayer)
        )
        if held > _MOST_HELD:
            raise ValueError(f"a memory of over {_MOST_HELD} numbers")
        size = sum(
            layer.width * before * (layer.kernel if isinstance(layer, ConvLayer) else 1)
            for before, layer in zip(widths, self.layers, strict=False)
        )
        if size > _MOST_WEIGHTS:
            raise ValueError(f"more than {_MOST_WEIGHTS} weights")
        return self

    @property
    def adds_input(self) -> bool:
        """With a skip."""
        return self.skip

    @property
    def memory(self) -> int:
        """Samples that the convolutions remember."""
        convolutions = [layer for layer in self.layers if isinstance(layer, ConvLayer)]
        return sum((layer.kernel - 1) * layer.dilation for layer in convolutions)

    @property
    def receptive_field(self) -> int | None:
        """Dry samples on which one output depends; ``None`` with a recurrent layer."""
        endless = any(isinstance(layer, CellLayer) for layer in self.layers)
        return None if endless else self.memory + 1

    @property
    def title(self) -> str:
        """Short name for tables: ``stack conv 8, lstm 16, dense 1``."""
        names = [
            f"{layer.cell if isinstance(layer, CellLayer) else layer.kind} {layer.width}"
            for layer in self.layers
        ]
        if len(names) > 4:
            names = [*names[:2], "...", names[-1]]
        return f"stack {', '.join(names)}" + (" + skip" if self.skip else "")


def stack_shapes(config: StackConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight, layer by layer."""
    found: dict[str, tuple[int, ...]] = {}
    inputs = 1
    for i, layer in enumerate(config.layers):
        at, width = f"layers.{i}", layer.width
        if isinstance(layer, CellLayer):
            rows = {"lstm": 4, "gru": 3}[layer.cell] * width
            found[f"{at}.weight_ih_l0"] = (rows, inputs)
            found[f"{at}.weight_hh_l0"] = (rows, width)
            found[f"{at}.bias_ih_l0"] = (rows,)
            found[f"{at}.bias_hh_l0"] = (rows,)
        else:
            taps = (layer.kernel,) if isinstance(layer, ConvLayer) else ()
            found[f"{at}.weight"] = (width, inputs, *taps)
            found[f"{at}.bias"] = (width,)
        inputs = width
    return found
