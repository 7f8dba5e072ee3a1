"""The state of a WaveNet after silence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.models.config import Samples, Weights
from drywet.models.numpy_activation import apply
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig

Values = NDArray[np.float64]


def settled_state(
    config: WaveNetConfig, weights: Weights, knobs: NDArray[np.float32]
) -> list[Samples]:
    """The past input of every convolution: of the layers, and of each array's head.

    Silence is the same sample again and again, so every layer's past input is one column repeated.

    Args:
        config: of the model.
        weights: of the model.
        knobs: where they stand, 0 to 1.
    """
    wide = {name: part.astype(np.float64) for name, part in weights.items()}
    found: list[Samples] = []
    condition = np.append(0.0, knobs)
    x, head = condition, np.zeros(())
    for a, array in enumerate(config.arrays):
        at = f"arrays.{a}"
        x = wide[f"{at}.rechannel.weight"].sum(2) @ x
        for i, layer in enumerate(array.layers):
            found += _repeated(x, (layer.kernel - 1) * layer.dilation)
            own = {
                name.removeprefix(f"{at}.layers.{i}."): part
                for name, part in wide.items()
                if name.startswith(f"{at}.layers.{i}.")
            }
            z = own["conv.weight"].sum(2) @ x + own["conv.bias"]
            z = _activated(array, i, z + own["mixer.weight"][..., 0] @ condition)
            part = own["head.weight"][..., 0] @ z + own["head.bias"] if array.layer_head else z
            head = head + part
            if array.residual:
                x = x + own["residual.weight"][..., 0] @ z + own["residual.bias"]
        found += _repeated(head, array.head_kernel - 1)
        head = wide[f"{at}.head.weight"].sum(2) @ head
        if array.head_bias:
            head = head + wide[f"{at}.head.bias"]
    return found


def _repeated(column: Values, samples: int) -> list[Samples]:
    shape = (len(column), samples)
    return [np.broadcast_to(column.astype(np.float32)[:, None], shape)] if samples else []


def _activated(array: WaveNetArray, i: int, z: Values) -> Values:
    layer = array.layers[i]
    first = z[: array.bottleneck]
    active = apply(layer.activation, first)
    if layer.gating == "none":
        return active
    gate = apply(layer.gate, z[array.bottleneck :])
    return gate * active if layer.gating == "gated" else gate * active + (1 - gate) * first
