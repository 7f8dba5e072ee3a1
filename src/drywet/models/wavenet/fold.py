"""A WaveNet's weights with its gains folded in: full-scale samples in and out."""

from __future__ import annotations

import numpy as np

from drywet.models.config import Weights
from drywet.models.wavenet.config import WaveNetConfig, meets_inputs, wavenet_shapes


def fold(config: WaveNetConfig, weights: Weights) -> Weights:
    """The weights in the order in which a ``.nam`` lists them.

    The input gain goes into what the dry sample meets (knobs have no gain), the output gain into
    the scale of the head.

    Args:
        config: of the model.
        weights: of the model.
    """
    gain_in, gain_out = weights["input_gain"], weights["output_gain"]
    folded = {name: weights[name] for name in wavenet_shapes(config)}
    for name, tensor in folded.items():
        if meets_inputs(name):
            folded[name] = tensor.copy()
            folded[name][:, 0] *= gain_in
    folded["head_scale"] = np.asarray(folded["head_scale"] * gain_out, np.float32)
    return folded
