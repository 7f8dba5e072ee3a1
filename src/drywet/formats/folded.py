"""A recurrent model's weights with its gains folded in, ready to be written down.

The input gain goes into the first layer's input weights and the output gain into the
dense layer: the exported net sees full-scale samples and gives full-scale samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.models.recurrent import RecurrentConfig, RecurrentModel
from drywet.runs.model_file import TrainedModel

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Layer:
    """One recurrent layer in PyTorch's layout and gate order.

    Attributes:
        input: ``(gates * hidden, inputs)``.
        hidden: ``(gates * hidden, hidden)``.
        input_bias: ``(gates * hidden,)``.
        hidden_bias: ``(gates * hidden,)``.
    """

    input: Weights
    hidden: Weights
    input_bias: Weights
    hidden_bias: Weights


@dataclass(frozen=True)
class FoldedNet:
    """Layers and dense layer of a recurrent net.

    Attributes:
        config: of the model.
        layers: first to last.
        head: ``(hidden,)``.
        head_bias: the dense layer's bias.
    """

    config: RecurrentConfig
    layers: list[Layer]
    head: Weights
    head_bias: float


def fold(trained: TrainedModel, target: str, cells: tuple[str, ...]) -> FoldedNet:
    """Fold a model for a format.

    Args:
        trained: the model.
        target: the format's name, for messages.
        cells: recurrent cells that the format knows.

    Raises:
        DrywetError: the format cannot hold this model.
    """
    model = trained.model
    able = f"a recurrent net of {' or '.join(cell.upper() for cell in cells)} without skip"
    if not isinstance(model, RecurrentModel):
        raise DrywetError(
            f"{target} cannot hold a {trained.card.model.title}",
            able,
            "Train one: drywet train DRY WET --model recurrent.",
        )
    if model.config.cell not in cells:
        raise DrywetError(
            f"{target} knows no {model.config.cell.upper()} cell",
            able,
            f"Train with --cell {cells[0]}.",
        )
    if model.config.skip:
        raise DrywetError(
            f"{target} has no input skip and this model was trained with one",
            able,
            "Train without --skip.",
        )
    gain_in, gain_out = float(model.input_gain), float(model.output_gain)
    layers = []
    for i in range(model.config.layers):
        taken = {
            name: getattr(model.rec, f"{name}_l{i}").detach().numpy().astype(np.float32)
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        scale = np.float32(gain_in if i == 0 else 1.0)
        layers.append(
            Layer(
                taken["weight_ih"] * scale,
                taken["weight_hh"],
                taken["bias_ih"],
                taken["bias_hh"],
            )
        )
    return FoldedNet(
        model.config,
        layers,
        model.head.weight.detach().numpy()[0] * np.float32(gain_out),
        float(model.head.bias.detach()[0]) * gain_out,
    )
