"""A WaveNet's weights with its gains folded in: full-scale samples in and out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.models.wavenet_config import WaveNetConfig, wavenet_shapes
from drywet.runs.model_file import TrainedModel


def fold_wavenet(trained: TrainedModel, config: WaveNetConfig) -> dict[str, NDArray[np.float32]]:
    """The weights in the order in which a ``.nam`` lists them.

    The input gain goes into what the dry sample meets, the output gain into the scale of the head.

    Args:
        trained: the model.
        config: its configuration, from its card.
    """
    gain_in, gain_out = trained.weights["input_gain"], trained.weights["output_gain"]
    folded = {name: trained.weights[name] for name in wavenet_shapes(config)}
    for name, weights in folded.items():
        if name.endswith("mixer.weight") or name == "arrays.0.rechannel.weight":
            folded[name] = weights * gain_in
    folded["head_scale"] = np.asarray(folded["head_scale"] * gain_out, np.float32)
    return folded
