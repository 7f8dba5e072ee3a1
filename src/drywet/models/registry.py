"""From a model's configuration to the model; later kinds are added here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from drywet.models.base import EffectModel
from drywet.models.linear import LinearConfig, LinearModel
from drywet.models.recurrent import RecurrentConfig, RecurrentModel
from drywet.models.windowed import WindowedConfig, WindowedModel

ModelConfig = Annotated[
    RecurrentConfig | WindowedConfig | LinearConfig, Field(discriminator="kind")
]


def build(config: RecurrentConfig | WindowedConfig | LinearConfig) -> EffectModel:
    """Build an untrained model from its configuration."""
    match config:
        case RecurrentConfig():
            return RecurrentModel(config)
        case WindowedConfig():
            return WindowedModel(config)
        case LinearConfig():
            return LinearModel(config)
