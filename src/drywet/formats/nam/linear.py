"""The filters of ``.nam``: ``Linear``, an impulse response, then the bias.

NAM Core plays the list as an impulse response, the newest sample's tap first. NAM's trainer writes
it the other way round (0.13); what the plugin plays counts here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drywet.formats.document import Weights, configured, flat, whole
from drywet.models.linear.config import LinearConfig
from drywet.trained.model_file import TrainedModel


def read(
    config: dict[str, Any], weights: Any, path: Path
) -> tuple[LinearConfig, dict[str, Weights]]:
    """A filter; gains are left out.

    Raises:
        DrywetError: a length out of bounds, or weights that don't fit it.
    """
    taps = whole(config.get("receptive_field"), 1, 1 << 17, "receptive_field", path)
    found = configured(LinearConfig, {"taps": taps, "bias": config.get("bias", False)}, path)
    values = flat(weights, taps + found.bias, "a filter", path)
    tensors = {"taps": values[:taps]}
    return found, tensors | ({"bias": values[taps:]} if found.bias else {})


def write(trained: TrainedModel, config: LinearConfig) -> tuple[dict[str, Any], list[float]]:
    """NAM's ``config`` and ``weights``."""
    gain_out = trained.weights["output_gain"]
    taps = trained.weights["taps"] * (trained.weights["input_gain"] * gain_out)
    values = taps.tolist()
    if config.bias:
        values += (trained.weights["bias"] * gain_out).tolist()
    return {"receptive_field": config.taps, "bias": config.bias}, values
