"""How big a model is and how much it has to compute, from its configuration alone."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from drywet.models.config import (
    GATES,
    AnyConfig,
    LinearConfig,
    RecurrentConfig,
    WindowedConfig,
    shapes,
)
from drywet.models.onnx_config import OnnxConfig


def parameter_count(config: AnyConfig) -> int:
    """Numbers that training may change: neither gains nor biases fixed at zero."""
    if isinstance(config, OnnxConfig):
        return config.parameters
    fixed_biases = isinstance(config, RecurrentConfig | WindowedConfig) and config.cell in (
        "lstm",
        "rnn",
    )
    return sum(
        prod(shape)
        for name, shape in shapes(config).items()
        if not name.endswith(("_gain", "head_scale")) and not (fixed_biases and ".bias_hh" in name)
    )


def multiply_adds(config: AnyConfig) -> int:
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
            inputs = 1 + len(config.knobs)
            step = _recurrent(config.cell, config.hidden, config.layers, inputs)
            return step + config.hidden
        case OnnxConfig():
            return config.multiply_adds
        case _:  # every weight but the biases is used once
            return sum(prod(shape) for name, shape in shapes(config).items() if ".weight" in name)


def _recurrent(cell: str, hidden: int, layers: int, inputs: int = 1) -> int:
    each = [inputs] + [hidden] * (layers - 1)
    return sum(GATES[cell] * hidden * (n + hidden) for n in each)
