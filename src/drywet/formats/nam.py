"""Neural Amp Modeler's ``.nam``: an LSTM as JSON with one flat list of weights.

Per layer ``[W_ih | W_hh]`` row by row (gates i, f, g, o), the sum of the two biases,
then the state to start from, ``h0`` and ``c0``; last the dense layer. The start state is
the one after a second of silence, as NAM's own trainer writes it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from drywet.formats.limits import folded_for
from drywet.runs.model_file import TrainedModel

SUFFIX = ".nam"
CELLS = ("lstm",)

_VERSION = "0.5.4"


def document(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """The whole ``.nam`` document.

    Args:
        trained: an LSTM without skip.
        name: shown in the plugin.
        made: date for the metadata.

    Raises:
        DrywetError: NAM cannot hold this model.
    """
    net = folded_for(trained, "NAM", CELLS)
    h, c = trained.model.settled_state(1, trained.card.rate)
    weights: list[float] = []
    for i, layer in enumerate(net.layers):
        weights += np.concatenate((layer.input, layer.hidden), axis=1).ravel().tolist()
        weights += (layer.input_bias + layer.hidden_bias).tolist()
        weights += h[i, 0].tolist() + c[i, 0].tolist()
    weights += [*net.head.tolist(), net.head_bias]
    return {
        "version": _VERSION,
        "metadata": {
            "date": {
                "year": made.year,
                "month": made.month,
                "day": made.day,
                "hour": made.hour,
                "minute": made.minute,
                "second": made.second,
            },
            "name": name,
            "modeled_by": "drywet",
            "training": {"output_latency_samples": trained.card.output_latency},
        },
        "architecture": "LSTM",
        "config": {
            "input_size": 1,
            "hidden_size": net.config.hidden,
            "num_layers": net.config.layers,
        },
        "weights": weights,
        "sample_rate": trained.card.rate,
    }
