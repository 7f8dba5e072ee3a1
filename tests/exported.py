"""Models of every kind for the formats, and what PyTorch makes of them in float64."""

from __future__ import annotations

from itertools import product
from typing import get_args

import numpy as np
import torch

from drywet.models.activation import Activation, Name
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import build
from drywet.models.stack.config import CellLayer, ConvLayer, DenseLayer, StackConfig
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig, WaveNetLayer
from drywet.models.windowed.config import WindowedConfig
from drywet.trained.model_file import ModelCard, TrainedModel
from tests.support import random_model

RATE = 4_000  # so that a second of silence is short
EVERY = [Activation(name=name, slope=0.2) for name in get_args(Name)]
TANH = Activation(name="tanh")

RECURRENT = [
    RecurrentConfig(cell=cell, hidden=hidden, layers=layers, skip=skip)
    for cell, (hidden, layers, skip) in product(
        ("lstm", "gru", "rnn", "ssm"), ((8, 1, False), (5, 2, True), (3, 4, False))
    )
]
KNOBS = RecurrentConfig(cell="gru", hidden=6, layers=2, skip=True, knobs=("drive", "tone */ \\"))
WAVENETS = [
    WaveNetConfig(preset="nano"),
    WaveNetConfig(  # two arrays with heads of their own memory; every activation, all gatings
        arrays=(
            WaveNetArray(
                channels=5, bottleneck=3, head=4, head_kernel=3, head_bias=True, layer_head=6,
                layers=tuple(
                    WaveNetLayer(
                        kernel=1 + i % 3, dilation=1 + i, activation=activation, gate=EVERY[-1 - i],
                        gating=("none", "gated", "blended")[i % 3],
                    )
                    for i, activation in enumerate(EVERY)
                ),
            ),
            WaveNetArray(
                channels=2, bottleneck=4, head=1, head_kernel=2, residual=False,
                layers=(
                    WaveNetLayer(kernel=2, dilation=7),
                    WaveNetLayer(kernel=1, dilation=3, gating="gated"),
                ),
            ),
        )
    ),
]  # fmt: skip
STACKS = [
    StackConfig(
        layers=(
            DenseLayer(width=4, activation=TANH),
            CellLayer(cell="gru", width=5),
            ConvLayer(width=3, kernel=3, dilation=2, activation=EVERY[-1]),
            CellLayer(cell="lstm", width=4),
            DenseLayer(width=1),
        ),
        skip=True,
    ),
    StackConfig(
        layers=(
            *(ConvLayer(width=3, kernel=1 + i % 3, activation=a) for i, a in enumerate(EVERY)),
            DenseLayer(width=1),
        )
    ),
]  # fmt: skip
KNOBS_WAVENET = WAVENETS[1].model_copy(update={"knobs": KNOBS.knobs})
LINEAR = [LinearConfig(taps=1, bias=True), LinearConfig(taps=333)]
WINDOWED = [
    *(WindowedConfig(cell=cell, frame=9, hidden=4, layers=2) for cell in ("lstm", "gru", "rnn")),
    WindowedConfig(cell="dense", frame=16, hidden=5, layers=2),
    WindowedConfig(cell="rnn", frame=1, hidden=4),
]
CONFIGS = [*RECURRENT, *WAVENETS, *STACKS, *LINEAR, *WINDOWED]

DEEP = [RECURRENT[2], RECURRENT[5], RECURRENT[8], STACKS[1]]
"""Many layers, which would let nothing through with weights of the usual size."""


def trained(config) -> TrainedModel:
    """A model with gains."""
    model = random_model(config, 1.9, 0.31)
    if isinstance(config, WaveNetConfig):
        model.head_scale.fill_(0.4)
        with torch.no_grad():  # or an offset that the knobs make hides all else
            for name, parameter in model.named_parameters():
                if name.endswith(("mixer.weight", "arrays.0.rechannel.weight")):
                    parameter[:, 1:] *= 0.1
    if config in DEEP:
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.mul_(2.0 if "weight" in name else 1.0)
    return TrainedModel.of(model, ModelCard(model=config, rate=RATE, output_latency=3))


def reference(model: TrainedModel, x: np.ndarray, knobs: dict | None = None) -> np.ndarray:
    """PyTorch in float64, from settled silence; knobs, 0 to 1, are at noon if nothing is said."""
    net = build(model.card.model)
    net.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in model.weights.items()})
    net = net.double().eval()
    stood = [(knobs or {}).get(name, 0.5) for name in model.card.model.controls]
    silence = np.zeros(model.card.rate // 4)
    with torch.no_grad():
        state = tuple(part.double() for part in net.init_state(1))
        for signal in (silence, x):
            columns = [signal, *(np.full(len(signal), position) for position in stood)]
            y, state = net(torch.from_numpy(np.stack(columns, axis=1)).double()[None], state)
    return y[0, :, 0].numpy()


def close(y: np.ndarray, want: np.ndarray) -> bool:
    """Within 1e-5 of full scale, and of what moves within 1%."""
    gap = np.max(np.abs(y - want)) if len(y) == len(want) else np.inf
    return bool(gap <= min(1e-5 * max(np.max(np.abs(want)), 0.1), 0.01 * np.std(want)))
