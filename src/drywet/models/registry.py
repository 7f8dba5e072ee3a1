"""Every kind of model, and from settings to what their kind makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Field

from drywet.errors import extras_wanted
from drywet.models.config import Config, Shape
from drywet.models.kind import GAINS, Kind
from drywet.models.linear.kind import Linear
from drywet.models.onnx.kind import Onnx
from drywet.models.recurrent.kind import Recurrent
from drywet.models.stack.kind import Stack
from drywet.models.wavenet.kind import WaveNet
from drywet.models.windowed.kind import Windowed

if TYPE_CHECKING:
    from drywet.models.base import EffectModel

_ALL: tuple[Kind[Any], ...] = (Recurrent(), Windowed(), Linear(), WaveNet(), Stack(), Onnx())

KINDS: dict[str, Kind[Any]] = {kind.config.model_fields["kind"].default: kind for kind in _ALL}
"""By name."""

if TYPE_CHECKING:
    ModelConfig = Config
else:
    _Any = Union[tuple(kind.config for kind in _ALL)]  # noqa: UP007 - of a list
    ModelConfig = Annotated[_Any, Field(discriminator="kind")]
"""Settings of any kind, told apart by ``kind``: the type of a field for them."""


def kind_of(config: Config) -> Kind[Any]:
    """The kind of model that settings are of."""
    return KINDS[config.kind]


def shapes(config: Config) -> dict[str, Shape]:
    """Name and shape of every tensor that a model is saved with."""
    return GAINS | kind_of(config).net_shapes(config)


def build(config: Config) -> EffectModel:
    """An untrained model in PyTorch.

    Raises:
        DrywetError: an ONNX graph, which is not drywet's to build, or PyTorch is missing.
    """
    with extras_wanted():
        return kind_of(config).build(config)


def parameter_count(config: Config) -> int:
    """Numbers that training may change: neither gains nor biases fixed at zero."""
    return kind_of(config).parameters(config)


def multiply_adds(config: Config) -> int:
    """Multiplications with addition per output sample; activations come on top."""
    return kind_of(config).multiply_adds(config)
