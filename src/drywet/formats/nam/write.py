"""Writing Neural Amp Modeler's ``.nam``: JSON with one flat list of weights."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drywet.formats import limits
from drywet.formats.document import encoded
from drywet.formats.nam import convnet, linear, lstm, wavenet
from drywet.formats.nam.metadata import metadata
from drywet.models.config import Config
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.stack.config import StackConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.trained.model_file import TrainedModel
from drywet.trained.settled import settled_state
from drywet.words import with_article

_VERSION = "0.5.4"
_ABLE = "an LSTM without skip, a WaveNet, a filter, or a ConvNet"


def encode(trained: TrainedModel, name: str, made: datetime) -> bytes:
    """The whole file.

    Args:
        trained: an LSTM without skip, a WaveNet, a filter, or convolutions of two taps.
        name: shown in the plugin.
        made: date for the metadata.

    Raises:
        DrywetError: NAM cannot hold this model, or it gives no finite samples.
    """
    return encoded(document(trained, name, made))


def document(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """What `encode` writes, as JSON's objects."""
    require(trained.card.model, trained.card.rate)
    architecture, version, config, weights = _net(trained)
    return {
        "version": version,
        "metadata": metadata(trained, name, made),
        "architecture": architecture,
        "config": config,
        "weights": weights,
        "sample_rate": trained.card.rate,
    }


def require(config: Config, rate: int) -> None:
    """Refuse a kind of model that NAM cannot hold; any ``rate`` in Hz will do.

    Raises:
        DrywetError: it cannot.
    """
    match config:
        case RecurrentConfig():
            lstm.require(config)
        case StackConfig():
            convnet.require(config)
        case WaveNetConfig():
            limits.require_no_knobs(config, "NAM", f"{_ABLE}, without knobs")
        case LinearConfig():
            pass
        case other:
            raise limits.refuse(
                other, "NAM", _ABLE, "Train one: drywet train DRY WET --model recurrent."
            )


def _net(trained: TrainedModel) -> tuple[str, str, dict[str, Any], list[float]]:
    match trained.card.model:
        case RecurrentConfig() as config:
            return "LSTM", _VERSION, *lstm.write(trained, config, settled_state(trained))
        case WaveNetConfig() as config:
            return "WaveNet", *wavenet.write(trained, config)
        case LinearConfig() as config:
            return "Linear", _VERSION, *linear.write(trained, config)
        case StackConfig() as config:
            return "ConvNet", _VERSION, *convnet.write(trained, config)
    raise AssertionError(f"{with_article(trained.card.model.title)} that require lets by")
