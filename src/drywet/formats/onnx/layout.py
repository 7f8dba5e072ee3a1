"""A model's weights as ONNX's operators take them, each under its own name, and back.

Only two kinds differ from PyTorch: recurrent layers, whose gates come in another order and whose
tensors have a first side for the directions, and a filter's taps, which a convolution takes oldest
first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.models.config import Config
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import shapes
from drywet.models.stack.config import CellLayer, StackConfig
from drywet.models.windowed.config import WindowedConfig

Weights = NDArray[np.float32]

# Which of PyTorch's gates stand first, second ... in ONNX: i, o, f, c and z, r, h.
_ORDER = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "rnn": (0,)}
"""Of the cells that ONNX has; other layers' tensors stay as they are."""
_RECURRENT = ("weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l")


def stored(config: Config, weights: dict[str, Weights]) -> dict[str, Weights]:
    """The weights of a model as an ONNX file holds them."""
    found = {}
    for name, tensor in weights.items():
        order = _gates(config, name)
        if order is not None:
            gates = np.split(tensor, len(order))
            found[name] = np.concatenate([gates[i] for i in order])[None]
        elif name == "taps":
            found[name] = tensor[::-1].reshape(1, 1, -1)
        else:
            found[name] = tensor
    return found


def stored_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """The shapes that go with `stored`."""
    found = {}
    for name, shape in shapes(config).items():
        if _gates(config, name) is not None:
            found[name] = (1, *shape)
        else:
            found[name] = (1, 1, *shape) if name == "taps" else shape
    return found


def restored(config: Config, tensors: dict[str, Weights]) -> dict[str, Weights]:
    """The inverse of `stored`, for tensors of `stored_shapes`."""
    found = {}
    for name, tensor in tensors.items():
        order = _gates(config, name)
        if order is not None:
            gates = np.split(tensor[0], len(order))
            found[name] = np.concatenate([gates[i] for i in np.argsort(order)])
        elif name == "taps":
            found[name] = np.ascontiguousarray(tensor[0, 0, ::-1])
        else:
            found[name] = tensor
    return found


def _gates(config: Config, name: str) -> tuple[int, ...] | None:
    """The order of the gates in a recurrent layer's tensor; ``None`` for any other."""
    if not name.rsplit(".", 1)[-1].startswith(_RECURRENT):
        return None
    if isinstance(config, RecurrentConfig | WindowedConfig):
        return _ORDER.get(config.cell)
    assert isinstance(config, StackConfig)
    layer = config.layers[int(name.split(".")[1])]
    assert isinstance(layer, CellLayer)
    return _ORDER[layer.cell]
