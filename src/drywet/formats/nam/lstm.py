"""The LSTMs of ``.nam``.

Per layer ``[W_ih | W_hh]`` row by row (gates i, f, g, o), the sum of the two biases, then the
state to start from, ``h0`` and ``c0``; last the dense layer. NAM's trainer writes the state after a
second of silence. A `TrainedModel` has no place for it, and drywet's streams start from settled
silence, which for such files is the same to within the rounding of float32; a file with any other
start state plays differently until the net has forgotten it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats import limits
from drywet.formats.document import FIX, Weights, flat, shown, whole
from drywet.models.config import Samples
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import fold
from drywet.trained.model_file import TrainedModel

ABLE = "an LSTM of 1 to 4 layers without skip"


def require(config: RecurrentConfig) -> None:
    """Refuse what NAM cannot hold.

    Raises:
        DrywetError: it cannot hold such a net.
    """
    limits.require_cells(config, "NAM", ("lstm",), ABLE)
    limits.require_no_skip(config, "NAM", ABLE)
    limits.require_no_knobs(config, "NAM", f"{ABLE} and without knobs")


def write(
    trained: TrainedModel, config: RecurrentConfig, state: Sequence[Samples]
) -> tuple[dict[str, Any], list[float]]:
    """NAM's ``config`` and ``weights`` of a net that `require` accepts and its settled state."""
    net = fold(config, trained.weights)
    weights: list[float] = []
    for i, layer in enumerate(net.layers):
        weights += np.concatenate((layer.input, layer.hidden), axis=1).ravel().tolist()
        weights += (layer.input_bias + layer.hidden_bias).tolist()
        weights += state[2 * i].tolist() + state[2 * i + 1].tolist()
    weights += [*net.head.tolist(), net.head_bias]
    sizes = {"input_size": 1, "hidden_size": config.hidden, "num_layers": config.layers}
    return sizes, weights


def read(
    config: dict[str, Any], weights: Any, path: Path, inputs: int = 1
) -> tuple[RecurrentConfig, dict[str, Weights]]:
    """The inverse of `write`; gains are left out, and knobs are left to `concat`.

    Raises:
        DrywetError: sizes that are none or too large, or weights that don't fit them.
    """
    if config.get("input_size", 1) != 1:
        raise DrywetError(
            f"{path}: input_size is {shown(config['input_size'])}", "1, the dry sample", FIX
        )
    hidden = whole(config.get("hidden_size"), 1, 512, "hidden_size", path)
    layers = whole(config.get("num_layers"), 1, 4, "num_layers", path)
    found = RecurrentConfig(hidden=hidden, layers=layers)
    size, gates = found.hidden, 4 * found.hidden
    widths = [inputs] + [size] * (found.layers - 1)
    wanted = sum(gates * (n + size) + gates + 2 * size for n in widths) + size + 1
    values = flat(weights, wanted, "an LSTM", path)
    at = 0

    def take(*shape: int) -> Weights:
        nonlocal at
        at += int(np.prod(shape))
        return values[at - int(np.prod(shape)) : at].reshape(shape)

    tensors: dict[str, Weights] = {}
    for i, n in enumerate(widths):
        matrix = take(gates, n + size)
        tensors[f"rec.weight_ih_l{i}"] = matrix[:, :n].copy()
        tensors[f"rec.weight_hh_l{i}"] = matrix[:, n:].copy()
        tensors[f"rec.bias_ih_l{i}"] = take(gates)  # already the sum of both
        tensors[f"rec.bias_hh_l{i}"] = np.zeros(gates, np.float32)
        take(2, size)  # h0 and c0
    return found, tensors | {"head.weight": take(1, size), "head.bias": take(1)}
