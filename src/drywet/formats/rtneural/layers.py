"""RTNeural's layers: how each lists its weights.

An LSTM's gates are in PyTorch's order; a GRU's are z, r, n where PyTorch has r, z, n, and its two
biases stay apart. Matrices are transposed, inputs first; a convolution's taps come first, the
oldest sample's in front.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats.document import FIX, Weights, listed, tensor, whole

_MOST_WEIGHTS = 4_000_000


def cell(kind: str, weights: dict[str, Weights]) -> dict[str, Any]:
    """An ``lstm`` or ``gru`` layer.

    Args:
        kind: of cell.
        weights: ``weight_ih``, ``weight_hh``, ``bias_ih`` and ``bias_hh`` as PyTorch has them.
    """
    width = weights["weight_hh"].shape[1]
    order = {name: _update_first(w) if kind == "gru" else w for name, w in weights.items()}
    biases: Any = (order["bias_ih"] + order["bias_hh"]).tolist()
    if kind == "gru":
        biases = [order["bias_ih"].tolist(), order["bias_hh"].tolist()]
    return {
        "type": kind,
        "activation": "",
        "shape": [None, None, width],
        "weights": [order["weight_ih"].T.tolist(), order["weight_hh"].T.tolist(), biases],
    }


def dense(weight: Weights, bias: Weights, activation: str = "") -> dict[str, Any]:
    """A ``dense`` layer of ``weight`` ``(out, in)`` and ``bias`` ``(out,)``."""
    return {
        "type": "dense",
        "activation": activation,
        "shape": [None, None, len(bias)],
        "weights": [weight.T.tolist(), bias.tolist()],
    }


def conv(weight: Weights, bias: Weights, dilation: int, activation: str = "") -> dict[str, Any]:
    """A ``conv1d`` layer of ``weight`` ``(out, in, taps)`` and ``bias`` ``(out,)``."""
    return {
        "type": "conv1d",
        "activation": activation,
        "shape": [None, None, len(bias)],
        "kernel_size": [weight.shape[2]],
        "dilation": [dilation],
        "groups": 1,
        "weights": [weight.transpose(2, 1, 0).tolist(), bias.tolist()],
    }


def read_cell(
    kind: str, layer: dict[str, Any], inputs: int, width: int, what: str, path: Path
) -> dict[str, Weights]:
    """The inverse of `cell`.

    Raises:
        DrywetError: weights that don't fit.
    """
    found = _weights(layer, 3, what, path)
    rows = {"lstm": 4, "gru": 3}[kind] * width
    weights = {
        "weight_ih": tensor(found[0], (inputs, rows), f"weights of {what}", path).T,
        "weight_hh": tensor(found[1], (width, rows), f"weights of {what}", path).T,
    }
    if kind == "gru":
        both = tensor(found[2], (2, rows), f"bias of {what}", path)
        weights |= {"bias_ih": both[0], "bias_hh": both[1]}
        weights = {name: _update_first(w) for name, w in weights.items()}  # its own inverse
    else:
        weights["bias_ih"] = tensor(found[2], (rows,), f"bias of {what}", path)
        weights["bias_hh"] = np.zeros(rows, np.float32)
    return {name: np.ascontiguousarray(w) for name, w in weights.items()}


def read_dense(
    layer: dict[str, Any], inputs: int, width: int, what: str, path: Path
) -> dict[str, Weights]:
    """The inverse of `dense`; one without a bias gets zeros.

    Raises:
        DrywetError: weights that don't fit.
    """
    found = _weights(layer, 2, what, path)
    weight = tensor(found[0], (inputs, width), f"weights of {what}", path).T
    return {"weight": np.ascontiguousarray(weight), "bias": _bias(found, width, what, path)}


def read_conv(
    layer: dict[str, Any], inputs: int, width: int, what: str, path: Path
) -> tuple[dict[str, Weights], int, int]:
    """The inverse of `conv`: weights, taps and dilation; groups become zeros between them.

    Raises:
        DrywetError: sizes out of bounds, or weights that don't fit them.
    """
    taps = whole(_last(layer.get("kernel_size")), 1, 4096, f"kernel_size of {what}", path)
    dilation = whole(_last(layer.get("dilation")), 1, 1 << 18, f"dilation of {what}", path)
    groups = whole(layer.get("groups", 1), 1, 512, f"groups of {what}", path)
    if inputs % groups or width % groups:
        raise DrywetError(
            f"{path}: {groups} groups of {inputs} inputs and {width} outputs", "groups that divide",
            FIX,
        )  # fmt: skip
    if width * inputs * taps > _MOST_WEIGHTS:
        raise DrywetError(
            f"{path}: {what} has {taps} taps of {inputs} inputs and {width} outputs",
            f"at most {_MOST_WEIGHTS} weights", FIX,
        )  # fmt: skip
    found = _weights(layer, 2, what, path)
    inside, out = inputs // groups, width // groups
    narrow = tensor(found[0], (taps, inside, width), f"weights of {what}", path)
    weight = np.zeros((width, inputs, taps), np.float32)
    for g in range(groups):
        rows = slice(g * out, (g + 1) * out)
        weight[rows, g * inside : (g + 1) * inside] = narrow[:, :, rows].transpose(2, 1, 0)
    return {"weight": weight, "bias": _bias(found, width, what, path)}, taps, dilation


def _weights(layer: dict[str, Any], most: int, what: str, path: Path) -> list[Any]:
    found = listed(layer.get("weights"), f"weights of {what}", path, most)
    if most == 3 and len(found) != most:
        raise DrywetError(f"{path}: {what} has {len(found)} weights", "3 lists", FIX)
    return found


def _bias(found: list[Any], width: int, what: str, path: Path) -> Weights:
    if len(found) == 1:
        return np.zeros(width, np.float32)
    return tensor(found[1], (width,), f"bias of {what}", path)


def _last(value: Any) -> Any:
    """RTNeural takes the last of a list of sizes."""
    return value[-1] if isinstance(value, list) and value else value


def _update_first(weights: Weights) -> Weights:
    """A GRU's rows from r, z, n to z, r, n, and back."""
    first, second, new = np.split(weights, 3)
    return np.concatenate((second, first, new))
