"""RTNeural's JSON: a list of layers, each with its weights.

An LSTM's gates are in PyTorch's order; a GRU's are z, r, n where PyTorch has r, z, n,
and its two biases stay apart. Matrices are written transposed, inputs first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from drywet.formats.limits import folded_for
from drywet.runs.folded import Layer, Weights
from drywet.runs.model_file import TrainedModel

SUFFIX = ".rtneural.json"
CELLS = ("lstm", "gru")


def _update_gate_first(weights: Weights) -> Weights:
    """Reorder a GRU's rows from r, z, n to z, r, n."""
    reset, update, new = np.split(weights, 3)
    return np.concatenate((update, reset, new))


def _layer(cell: str, layer: Layer) -> list[Any]:
    if cell == "lstm":
        return [
            layer.input.T.tolist(),
            layer.hidden.T.tolist(),
            (layer.input_bias + layer.hidden_bias).tolist(),
        ]
    return [
        _update_gate_first(layer.input).T.tolist(),
        _update_gate_first(layer.hidden).T.tolist(),
        [
            _update_gate_first(layer.input_bias).tolist(),
            _update_gate_first(layer.hidden_bias).tolist(),
        ],
    ]


def document(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """The whole RTNeural document, with the sample rate in ``metadata``.

    Args:
        trained: an LSTM or GRU without skip.
        name: for the metadata.
        made: date for the metadata.

    Raises:
        DrywetError: RTNeural cannot hold this model.
    """
    net = folded_for(trained, "RTNeural", CELLS)
    hidden = net.config.hidden
    layers: list[dict[str, Any]] = [
        {
            "type": net.config.cell,
            "activation": "",
            "shape": [None, None, hidden],
            "weights": _layer(net.config.cell, layer),
        }
        for layer in net.layers
    ]
    layers.append(
        {
            "type": "dense",
            "activation": "",
            "shape": [None, None, 1],
            "weights": [[[weight] for weight in net.head.tolist()], [net.head_bias]],
        }
    )
    return {
        "in_shape": [None, None, 1],
        "layers": layers,
        "metadata": {
            "name": name,
            "modeled_by": "drywet",
            "date": made.isoformat(timespec="seconds"),
            "samplerate": trained.card.rate,
            "output_latency_samples": trained.card.output_latency,
        },
    }
