"""What stateful recurrent nets decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from drywet.kernels.cells import state_count
from drywet.kernels.choice import choice
from drywet.models.config import Samples, Shape, Weights
from drywet.models.kind import STATE_SPACES, STATEFUL, Kind, TrainingDefaults
from drywet.models.layers import dense_shapes, recurrent_multiply_adds, recurrent_shapes
from drywet.models.player import KernelPlayer, Player
from drywet.models.recurrent.config import RecurrentConfig

if TYPE_CHECKING:
    from drywet.kernels.stream import RecurrentStream
    from drywet.models.base import EffectModel


class Recurrent(Kind[RecurrentConfig]):
    """LSTM, GRU, RNN, state-space layers."""

    config = RecurrentConfig
    training = STATEFUL

    def net_shapes(self, config: RecurrentConfig) -> dict[str, Shape]:
        """See `Kind`."""
        inputs = 1 + len(config.knobs)
        net = recurrent_shapes("rec", config.cell, config.hidden, config.layers, inputs)
        return net | dense_shapes("head", config.hidden, 1)

    def defaults(self, config: RecurrentConfig) -> TrainingDefaults:
        """See `Kind`."""
        return STATE_SPACES if config.cell == "ssm" else super().defaults(config)

    def parameters(self, config: RecurrentConfig) -> int:
        """See `Kind`; an LSTM's and an RNN's second bias is fixed at zero."""
        free = config.cell in ("gru", "ssm")
        shapes = self.net_shapes(config).items()
        return sum(prod(shape) for name, shape in shapes if free or ".bias_hh" not in name)

    def multiply_adds(self, config: RecurrentConfig) -> int:
        """See `Kind`."""
        inputs = 1 + len(config.knobs)
        step = recurrent_multiply_adds(config.cell, config.hidden, config.layers, inputs)
        return step + config.hidden

    def trains_in_kernels(self, config: RecurrentConfig) -> bool:
        """See `Kind`."""
        return choice().target is not None

    def build(self, config: RecurrentConfig) -> EffectModel:
        """See `Kind`."""
        from drywet.models.recurrent.net import RecurrentModel

        return RecurrentModel(config)

    def ignoring_knobs(
        self, config: RecurrentConfig, weights: Weights, names: Sequence[str]
    ) -> Weights:
        """See `Kind`."""
        matrix = weights["rec.weight_ih_l0"].copy()
        matrix[:, [1 + config.knobs.index(name) for name in names]] = 0
        return weights | {"rec.weight_ih_l0": matrix}

    def with_knobs(
        self, config: RecurrentConfig, weights: Weights, positions: Mapping[str, float]
    ) -> tuple[RecurrentConfig, Weights]:
        """See `Kind`: an input that never changes is a part of the biases."""
        if not config.knobs:
            return config, weights
        values = np.array([positions[name] for name in config.knobs], np.float32)
        matrix = weights["rec.weight_ih_l0"]
        fixed = {
            "rec.weight_ih_l0": np.ascontiguousarray(matrix[:, :1]),
            "rec.bias_ih_l0": weights["rec.bias_ih_l0"] + matrix[:, 1:] @ values,
        }
        return config.model_copy(update={"knobs": ()}), weights | fixed

    def engine(self, config: RecurrentConfig) -> str:
        """See `Kind`."""
        return choice().target or "torch"

    def player(self, config: RecurrentConfig, weights: Weights, rate: int, graph: bytes) -> Player:
        """See `Kind`."""
        if choice().target is None:
            from drywet.models.torch_player import TorchPlayer, with_weights

            return TorchPlayer(with_weights(self.build(config), weights), rate)
        return KernelPlayer(_stream(config, weights, rate, 1))

    def copies(
        self, config: RecurrentConfig, weights: Weights, rate: int, graph: bytes, count: int
    ) -> Player:
        """See `Kind`."""
        if choice().target is None:
            return super().copies(config, weights, rate, graph, count)
        return KernelPlayer(_stream(config, weights, rate, count))

    def settled_state(
        self, config: RecurrentConfig, weights: Weights, rate: int, positions: Mapping[str, float]
    ) -> list[Samples]:
        """See `Kind`."""
        config, weights = self.with_knobs(config, weights, positions)
        _, state = from_zero(config, weights, np.zeros(rate, np.float32))
        return [part[i, 0] for i in range(config.layers) for part in state]


def _stream(config: RecurrentConfig, weights: Weights, rate: int, copies: int) -> RecurrentStream:
    from drywet.kernels.stream import RecurrentStream
    from drywet.models.recurrent.fold import fold

    net = fold(config, weights)
    stream = RecurrentStream(config.cell, net.skip, net.parameters(), copies)
    stream.settle(rate)
    return stream


def from_zero(
    config: RecurrentConfig, weights: Weights, dry: Samples
) -> tuple[Samples, tuple[Samples, ...]]:
    """What a net makes of ``(samples,)`` from zero state, and the state after it.

    Args:
        config: of the model, without knobs.
        weights: of the model.
        dry: at full scale.

    Returns:
        The output ``(samples,)``, and the parts of the state, each ``(layers, 1, hidden)``.
    """
    if choice().target is not None:
        from drywet.kernels.stream import run
        from drywet.models.recurrent.fold import unfolded_parameters

        zeros = np.zeros((config.layers, 1, config.hidden), np.float32)
        start = (zeros,) * state_count(config.cell)
        x = (dry * weights["input_gain"])[None, :, None]
        parameters = unfolded_parameters(config, weights)
        y, state = run(config.cell, float(config.skip), parameters, x, start)
        return y[0, :, 0] * weights["output_gain"], state
    import torch

    from drywet.models.recurrent.net import RecurrentModel
    from drywet.models.threads import one_thread
    from drywet.models.torch_player import with_weights

    model = with_weights(RecurrentModel(config), weights)
    with torch.no_grad(), one_thread():
        played, after = model(torch.from_numpy(dry)[None, :, None], model.init_state(1))
    return played[0, :, 0].numpy(), tuple(part.numpy() for part in after)
