"""How big a model is and how much it has to compute, from its configuration alone."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from drywet.models.config import (
    GATES,
    LinearConfig,
    RecurrentConfig,
    WindowedConfig,
    shapes,
)

Config = RecurrentConfig | WindowedConfig | LinearConfig


def parameter_count(config: Config) -> int:
    """Numbers that training may change: neither gains nor biases fixed at zero."""
    fixed_biases = not isinstance(config, LinearConfig) and config.cell in ("lstm", "rnn")
    return sum(
        prod(shape)
        for name, shape in shapes(config).items()
        if not name.endswith("_gain") and not (fixed_biases and ".bias_hh" in name)
    )


def multiply_adds(config: Config) -> int:
    """Multiplications with addition per output sample; activations come on top."""
    match config:
        case LinearConfig():
            return config.taps
        case WindowedConfig(cell="dense"):
            widths = [config.frame] + [config.hidden] * config.layers
            hidden = sum(a * b for a, b in pairwise(widths))
            return hidden + config.hidden
        case WindowedConfig():
            step = _recurrent(config.cell, config.hidden, config.layers)
            return config.frame * step + config.hidden
        case RecurrentConfig():
            return _recurrent(config.cell, config.hidden, config.layers) + config.hidden


def _recurrent(cell: str, hidden: int, layers: int) -> int:
    inputs = [1] + [hidden] * (layers - 1)
    return sum(GATES[cell] * hidden * (each + hidden) for each in inputs)
