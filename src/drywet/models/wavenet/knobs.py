"""A WaveNet whose knobs stand still, as one without knobs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.models.config import Weights
from drywet.models.wavenet.config import FIRST, WaveNetConfig, meets_inputs, wavenet_shapes


def fixed(
    config: WaveNetConfig, weights: Weights, knobs: NDArray[np.float32]
) -> tuple[WaveNetConfig, Weights]:
    """The same function without knobs: what never changes is a part of the layers' biases.

    What the first array makes of the knobs goes with its channels from layer to layer, and into
    the arrays behind it, without a bias on the way: so each convolution takes what comes of it.

    Args:
        config: of the model.
        weights: of the model.
        knobs: where they stand, 0 to 1.
    """
    plain = config.model_copy(update={"knobs": ()})
    found = {
        name: np.ascontiguousarray(part[:, :1]) if meets_inputs(name) else part
        for name, part in weights.items()
    }
    wide = {name: part.astype(np.float64) for name, part in weights.items()}
    offset = wide[FIRST][:, 1:, 0] @ knobs
    for a, array in enumerate(config.arrays):
        if a:
            offset = wide[f"arrays.{a}.rechannel.weight"][..., 0] @ offset
        for i in range(len(array.layers)):
            at = f"arrays.{a}.layers.{i}"
            through = wide[f"{at}.conv.weight"].sum(2) @ offset
            added = through + wide[f"{at}.mixer.weight"][:, 1:, 0] @ knobs
            found[f"{at}.conv.bias"] = np.asarray(wide[f"{at}.conv.bias"] + added, np.float32)
    return plain, found


def ignoring(config: WaveNetConfig, weights: Weights, names: Sequence[str]) -> Weights:
    """The weights with which some knobs do nothing."""
    columns = [1 + config.knobs.index(name) for name in names]
    found = dict(weights)
    for name in filter(meets_inputs, wavenet_shapes(config)):
        found[name] = weights[name].copy()
        found[name][:, columns] = 0
    return found
