"""The kinds of model and their settings, without PyTorch: running a model needs only these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from drywet.models.onnx_config import OnnxConfig
from drywet.models.stack_config import StackConfig, stack_shapes
from drywet.models.wavenet_config import WaveNetConfig, wavenet_shapes

Cell = Literal["lstm", "gru", "rnn"]
Shape = tuple[int, ...]

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
_GAINS: dict[str, Shape] = {"input_gain": (), "output_gain": ()}


class RecurrentConfig(BaseModel):
    """A stateful recurrent net.

    Attributes:
        cell: ``lstm``, ``gru`` or ``rnn`` (tanh).
        hidden: units per layer.
        layers: 1 to 4.
        skip: add the dry sample to the output.
        knobs: names of controls, each an input beside the dry sample with values from 0 to 1;
            read from others' files, not trained.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["recurrent"] = "recurrent"
    cell: Cell = "lstm"
    hidden: int = Field(default=16, ge=1, le=512)
    layers: int = Field(default=1, ge=1, le=4)
    skip: bool = False
    knobs: tuple[Annotated[str, Field(min_length=1, max_length=32)], ...] = Field(
        default=(), max_length=7
    )

    @field_validator("knobs")
    @classmethod
    def _named(cls, knobs: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(knobs)) < len(knobs) or not all(knob.isprintable() for knob in knobs):
            raise ValueError("knobs of different names, each on one line")
        return knobs

    @property
    def receptive_field(self) -> None:
        """Unbounded."""
        return

    @property
    def title(self) -> str:
        """Short name for tables: ``LSTM 16`` or ``GRU 2x32 + skip``."""
        size = f"{self.layers}x{self.hidden}" if self.layers > 1 else str(self.hidden)
        knobs = f" + {len(self.knobs)} knob{'s' * (len(self.knobs) > 1)}" if self.knobs else ""
        return f"{self.cell.upper()} {size}" + (" + skip" if self.skip else "") + knobs


class WindowedConfig(BaseModel):
    """A net without state over frames of ``frame`` dry samples.

    Attributes:
        cell: ``lstm``, ``gru``, ``rnn``, or ``dense`` for a feed-forward net
            (tanh).
        frame: dry samples per frame.
        hidden: units per layer.
        layers: 1 or 2.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

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


class LinearConfig(BaseModel):
    """A causal FIR filter.

    Attributes:
        taps: its length in samples.
        bias: whether a constant is added; read from others' files, not fitted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

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


AnyConfig = (
    RecurrentConfig | WindowedConfig | LinearConfig | WaveNetConfig | StackConfig | OnnxConfig
)
ModelConfig = Annotated[AnyConfig, Field(discriminator="kind")]


def shapes(config: AnyConfig) -> dict[str, Shape]:
    """Name and shape of every tensor that a model of this kind is saved with."""
    net: dict[str, Shape] = {}
    match config:
        case RecurrentConfig():
            inputs = 1 + len(config.knobs)
            net = _recurrent_shapes("rec", config.cell, config.hidden, config.layers, inputs)
            net |= _dense_shapes("head", config.hidden, 1)
        case WindowedConfig(cell="dense"):
            widths = [config.frame] + [config.hidden] * config.layers
            for i in range(config.layers):  # an activation follows each
                net |= _dense_shapes(f"net.{2 * i}", widths[i], widths[i + 1])
            net |= _dense_shapes("head", config.hidden, 1)
        case WindowedConfig():
            net = _recurrent_shapes("net", config.cell, config.hidden, config.layers)
            net |= _dense_shapes("head", config.hidden, 1)
        case LinearConfig():
            net["taps"] = (config.taps,)
            if config.bias:
                net["bias"] = (1,)
        case WaveNetConfig():
            net = wavenet_shapes(config)
        case StackConfig():
            net = stack_shapes(config)
        case OnnxConfig():
            pass  # its weights are in its graph
    return _GAINS | net


def _recurrent_shapes(
    prefix: str, cell: str, hidden: int, layers: int, inputs: int = 1
) -> dict[str, Shape]:
    rows = GATES[cell] * hidden
    found: dict[str, Shape] = {}
    for i in range(layers):
        found[f"{prefix}.weight_ih_l{i}"] = (rows, hidden if i else inputs)
        found[f"{prefix}.weight_hh_l{i}"] = (rows, hidden)
        found[f"{prefix}.bias_ih_l{i}"] = (rows,)
        found[f"{prefix}.bias_hh_l{i}"] = (rows,)
    return found


def _dense_shapes(prefix: str, inputs: int, outputs: int) -> dict[str, Shape]:
    return {f"{prefix}.weight": (outputs, inputs), f"{prefix}.bias": (outputs,)}
