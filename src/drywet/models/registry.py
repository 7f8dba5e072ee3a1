"""From a model's configuration to the model; later kinds are added here."""

from __future__ import annotations

from drywet.models.base import EffectModel
from drywet.models.config import LinearConfig, RecurrentConfig, WindowedConfig
from drywet.models.linear import LinearModel
from drywet.models.recurrent import RecurrentModel
from drywet.models.windowed import WindowedModel


def build(config: RecurrentConfig | WindowedConfig | LinearConfig) -> EffectModel:
    """Build an untrained model from its configuration."""
    match config:
        case RecurrentConfig():
            return RecurrentModel(config)
        case WindowedConfig():
            return WindowedModel(config)
        case LinearConfig():
            return LinearModel(config)
