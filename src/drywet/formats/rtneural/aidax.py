"""Writing AIDA-X's JSON: RTNeural's with gains in dB, a skip and a self-test.

The plugin takes the dry sample times ``in_gain`` through the net, adds it where ``in_skip`` is 1,
and multiplies by ``out_gain``: what drywet's own models do, so that a model with a skip fits
whatever its gains. The self-test is some noise and what the net makes of it from zero
state.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats import limits
from drywet.formats.document import described, encoded
from drywet.formats.rtneural.write import recurrent_layers
from drywet.models.config import Config
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.kind import from_zero
from drywet.trained.model_file import TrainedModel

_HIDDEN = (8, 12, 16, 20, 24, 32, 40, 64, 80)
_MOST_KNOBS = 2
_ABLE = "one LSTM or GRU layer of 8, 12, 16, 20, 24, 32, 40, 64 or 80 units, at most 2 knobs"
_TEST_SAMPLES = 2048
_SEED = 0


def encode(trained: TrainedModel, name: str, made: datetime) -> bytes:
    """The whole file.

    Args:
        trained: one recurrent layer of a width that the plugin knows, with or without skip.
        name: shown in the plugin.
        made: date for the metadata.

    Raises:
        DrywetError: AIDA-X cannot hold this model.
    """
    return encoded(document(trained, name, made))


def require(config: Config, rate: int) -> None:
    """Refuse a kind of model that AIDA-X cannot hold; any ``rate`` in Hz will do.

    Raises:
        DrywetError: it cannot.
    """
    config = limits.require_recurrent(config, "AIDA-X", _ABLE)
    limits.require_cells(config, "AIDA-X", ("lstm", "gru"), _ABLE)
    limits.require_one_layer(config, "AIDA-X", _ABLE)
    if config.hidden not in _HIDDEN:
        near = min(_HIDDEN, key=lambda size: (abs(size - config.hidden), -size))
        raise DrywetError(
            f"AIDA-X knows no {config.hidden} units", _ABLE, f"Train with --hidden {near}."
        )
    if len(config.knobs) > _MOST_KNOBS:
        raise DrywetError(
            f"AIDA-X has 2 knobs and this model {len(config.knobs)}", _ABLE,
            f"Fix some at a position: --{config.knobs[-1]} ...",
        )  # fmt: skip


def document(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """What `encode` writes, as JSON's objects."""
    require(trained.card.model, trained.card.rate)
    config = limits.require_recurrent(trained.card.model, "AIDA-X", _ABLE)
    net, gain_in, gain_out = _outside(trained, config)
    noise = 0.5 * np.random.default_rng(_SEED).uniform(-1, 1, _TEST_SAMPLES).astype(np.float32)
    test = {} if config.knobs else {
        "input_batch": noise.tolist(),
        "output_batch": from_zero(config, trained.weights, noise)[0].tolist(),
    }  # fmt: skip
    return {
        "in_shape": [None, None, 1 + len(config.knobs)],
        "in_skip": int(config.skip),
        "in_gain": 20 * math.log10(gain_in),
        "out_gain": 20 * math.log10(gain_out),
        "layers": recurrent_layers(net, config),
        "metadata": described(trained, name, made),
        **test,
    }


def _outside(trained: TrainedModel, config: RecurrentConfig) -> tuple[TrainedModel, float, float]:
    """The net without the gains that a skip must see, and those gains."""
    if not config.skip:
        return trained, 1.0, 1.0
    one = np.ones((), np.float32)
    weights = trained.weights | {"input_gain": one, "output_gain": one.copy()}
    gain_in, gain_out = (float(trained.weights[name]) for name in ("input_gain", "output_gain"))
    if not (gain_in > 0 and gain_out > 0):
        raise DrywetError(
            f"gains of {gain_in:g} and {gain_out:g}", "gains above 0, which AIDA-X has in dB",
            "Train it again.",
        )  # fmt: skip
    return TrainedModel(weights, trained.card), gain_in, gain_out
