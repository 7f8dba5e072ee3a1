"""From a model's configuration to the model; later kinds are added here."""

from __future__ import annotations

from drywet.errors import DrywetError
from drywet.models.base import EffectModel
from drywet.models.config import AnyConfig, LinearConfig, RecurrentConfig, WindowedConfig
from drywet.models.linear import LinearModel
from drywet.models.onnx_config import OnnxConfig
from drywet.models.recurrent import RecurrentModel
from drywet.models.stack import StackModel
from drywet.models.wavenet import WaveNetModel
from drywet.models.wavenet_config import WaveNetConfig
from drywet.models.windowed import WindowedModel


def build(config: AnyConfig) -> EffectModel:
    """Build an untrained model from its configuration.

    Raises:
        DrywetError: an ONNX graph, which is not drywet's to build.
    """
    match config:
        case RecurrentConfig():
            return RecurrentModel(config)
        case WindowedConfig():
            return WindowedModel(config)
        case LinearConfig():
            return LinearModel(config)
        case WaveNetConfig():
            return WaveNetModel(config)
        case OnnxConfig():
            raise DrywetError(
                "somebody's ONNX graph as a model in PyTorch",
                "a model that drywet can train",
                "An ONNX graph can be played and measured, not trained or exported.",
            )
        case _:
            return StackModel(config)
