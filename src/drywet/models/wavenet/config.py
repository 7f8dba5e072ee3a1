"""The settings of a WaveNet as Neural Amp Modeler has it, and NAM's presets of them.

Arrays of dilated convolutions, each layer fed with the dry sample besides; what the layers'
activations leave is added up for the head (A. Wright et al., "Real-time guitar amplifier emulation
with deep learning", Applied Sciences 2020, after van den Oord et al. 2016).
"""

from __future__ import annotations

from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drywet.models.activation import SIGMOID, TANH, Activation
from drywet.models.config import Config, KnobNames, and_knobs

MOST_SAMPLES = 1 << 20
"""Longest receptive field."""

MOST_HELD = 1 << 24
"""Most numbers that the layers may have to remember."""

_MOST_WEIGHTS = 4_000_000
_LEAKY = Activation(name="leaky_relu", slope=0.01)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WaveNetLayer(_Part):
    """A dilated convolution with its activation.

    Attributes:
        kernel: its taps.
        dilation: samples between them.
        activation: of the first ``bottleneck`` channels.
        gating: ``none``; ``gated`` multiplies them by the gate; ``blended`` lets the gate fade
            between activated and not.
        gate: activation of the other ``bottleneck`` channels.
    """

    kernel: int = Field(ge=1, le=4096)
    dilation: int = Field(ge=1, le=1 << 18)
    activation: Activation = TANH
    gating: Literal["none", "gated", "blended"] = "none"
    gate: Activation = SIGMOID


class WaveNetArray(_Part):
    """Layers of one width.

    Attributes:
        channels: between the layers.
        bottleneck: channels after a layer's activation.
        head: channels that the array hands to the next one's head, or to the output.
        head_kernel: taps of the convolution that makes them.
        head_bias: whether it has a bias.
        residual: whether a layer adds its output to its input.
        layer_head: channels to which each layer brings its part of the head; 0 for as it is.
        layers: first to last.
    """

    channels: int = Field(ge=1, le=512)
    bottleneck: int = Field(ge=1, le=512)
    head: int = Field(ge=1, le=512)
    head_kernel: int = Field(default=1, ge=1, le=4096)
    head_bias: bool = False
    residual: bool = True
    layer_head: int = Field(default=0, ge=0, le=512)
    layers: tuple[WaveNetLayer, ...] = Field(min_length=1, max_length=256)

    @property
    def collected(self) -> int:
        """Channels in which the layers' parts of the head are added up."""
        return self.layer_head or self.bottleneck

    @property
    def memory(self) -> int:
        """Samples before the present one on which the array's output depends."""
        inner = sum((layer.kernel - 1) * layer.dilation for layer in self.layers)
        return inner + self.head_kernel - 1


class WaveNetConfig(Config):
    """A WaveNet.

    A settings file may name a ``preset`` instead of ``arrays``.

    Attributes:
        arrays: first to last; the last one's head is the output.
        knobs: names of controls: beside the dry sample they go into the first array and into every
            layer, as the condition of the ``ConcatWaveNet`` of NAM's fork that has controls.
    """

    kind: Literal["wavenet"] = "wavenet"
    arrays: tuple[WaveNetArray, ...] = Field(min_length=1, max_length=8)
    knobs: KnobNames = ()

    @model_validator(mode="before")
    @classmethod
    def _of_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "arrays" in given:
            return given
        name = given.get("preset", "standard")
        if name not in PRESETS:
            near = get_close_matches(str(name), PRESETS, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"no WaveNet preset '{name}': {', '.join(PRESETS)}{meant}")
        rest = {key: value for key, value in given.items() if key != "preset"}
        return rest | {"arrays": PRESETS[name]}

    @model_validator(mode="after")
    def _fitting(self) -> WaveNetConfig:
        for before, after in pairwise(self.arrays):
            if before.head != after.collected:
                raise ValueError(
                    f"an array's head of {before.head} channels before one of {after.collected}"
                )
        if self.arrays[-1].head != 1:
            raise ValueError(f"a last head of {self.arrays[-1].head} channels, not 1")
        if self.receptive_field > MOST_SAMPLES:
            raise ValueError(f"a receptive field of over {MOST_SAMPLES} samples")
        held = sum(
            array.channels * (layer.kernel - 1) * layer.dilation
            for array in self.arrays
            for layer in array.layers
        )
        if held > MOST_HELD:
            raise ValueError(f"a memory of over {MOST_HELD} numbers")
        if sum(_size(shape) for shape in wavenet_shapes(self).values()) > _MOST_WEIGHTS:
            raise ValueError(f"more than {_MOST_WEIGHTS} weights")
        return self

    @property
    def receptive_field(self) -> int:
        """Dry samples on which one output depends."""
        return 1 + sum(array.memory for array in self.arrays)

    @property
    def preset(self) -> str | None:
        """The preset's name, where it is one."""
        return next((name for name, arrays in PRESETS.items() if arrays == self.arrays), None)

    @property
    def title(self) -> str:
        """Short name for tables: ``WaveNet standard`` or ``WaveNet 3,2``."""
        widths = ",".join(str(array.channels) for array in self.arrays)
        return f"WaveNet {self.preset or widths}{and_knobs(self.knobs)}"

    @property
    def controls(self) -> tuple[str, ...]:
        """The knobs."""
        return self.knobs


FIRST = "arrays.0.rechannel.weight"
"""What the net's inputs meet before all layers."""


def meets_inputs(name: str) -> bool:
    """Whether a weight has a column for the dry sample and, behind it, one for each knob."""
    return name == FIRST or name.endswith("mixer.weight")


def wavenet_shapes(config: WaveNetConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight, in the order in which a ``.nam`` lists them."""
    found: dict[str, tuple[int, ...]] = {}
    inputs = condition = 1 + len(config.knobs)
    for a, array in enumerate(config.arrays):
        at, inside = f"arrays.{a}", array.bottleneck
        found[f"{at}.rechannel.weight"] = (array.channels, inputs, 1)
        for i, layer in enumerate(array.layers):
            made = inside if layer.gating == "none" else 2 * inside
            found[f"{at}.layers.{i}.conv.weight"] = (made, array.channels, layer.kernel)
            found[f"{at}.layers.{i}.conv.bias"] = (made,)
            found[f"{at}.layers.{i}.mixer.weight"] = (made, condition, 1)
            if array.residual:
                found[f"{at}.layers.{i}.residual.weight"] = (array.channels, inside, 1)
                found[f"{at}.layers.{i}.residual.bias"] = (array.channels,)
            if array.layer_head:
                found[f"{at}.layers.{i}.head.weight"] = (array.layer_head, inside, 1)
                found[f"{at}.layers.{i}.head.bias"] = (array.layer_head,)
        found[f"{at}.head.weight"] = (array.head, array.collected, array.head_kernel)
        if array.head_bias:
            found[f"{at}.head.bias"] = (array.head,)
        inputs = array.channels
    return found | {"head_scale": ()}


def _size(shape: tuple[int, ...]) -> int:
    total = 1
    for side in shape:
        total *= side
    return total


def _a1(
    first: int, second: int, dilations: tuple[tuple[int, ...], ...]
) -> tuple[WaveNetArray, ...]:
    """NAM's first architecture: two arrays, the second of half the width."""
    layers = [tuple(WaveNetLayer(kernel=3, dilation=d) for d in each) for each in dilations]
    return (
        WaveNetArray(channels=first, bottleneck=first, head=second, layers=layers[0]),
        WaveNetArray(
            channels=second, bottleneck=second, head=1, head_bias=True, layers=layers[1]
        ),
    )  # fmt: skip


def _a2(channels: int) -> tuple[WaveNetArray, ...]:
    """NAM's second architecture: one array of 23 layers."""
    row = (1, 3, 7, 17, 41, 101, 239)
    dilations = (*row, *row, 1, 13, *row)
    kernels = (6,) * 14 + (15,) * 2 + (6,) * 7
    layers = tuple(
        WaveNetLayer(kernel=kernel, dilation=dilation, activation=_LEAKY)
        for kernel, dilation in zip(kernels, dilations, strict=True)
    )
    return (
        WaveNetArray(
            channels=channels, bottleneck=channels, head=1, head_kernel=16, head_bias=True,
            layers=layers,
        ),
    )  # fmt: skip


_LONG = tuple(1 << n for n in range(10))
_SPLIT = (_LONG[:7], (*_LONG[7:], *_LONG))

PRESETS: dict[str, tuple[WaveNetArray, ...]] = {
    "standard": _a1(16, 8, (_LONG, _LONG)),
    "lite": _a1(12, 6, _SPLIT),
    "feather": _a1(8, 4, _SPLIT),
    "nano": _a1(4, 2, _SPLIT),
    "a2": _a2(8),
    "a2-lite": _a2(3),
}
"""NAM's own, by name."""

HEAD_SCALE = {"a1": 0.02, "a2": 0.01}
"""What NAM's trainer multiplies the output by."""
