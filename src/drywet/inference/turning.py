"""A model whose knobs turn while it plays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from drywet.errors import DrywetError
from drywet.inference.stream import Stream
from drywet.kernels.cells import state_count
from drywet.kernels.choice import choice
from drywet.models.config import Samples
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import fold
from drywet.models.wavenet.config import WaveNetConfig
from drywet.models.wavenet.kind import runs_in_kernels
from drywet.trained.knobs import shares
from drywet.trained.model_file import TrainedModel
from drywet.words import with_article


class TurningStream(Stream):
    """One mono stream through a net with knobs that turn evenly, sample by sample.

    The joined output does not depend on how the input is cut into blocks.

    Args:
        trained: a recurrent net or a WaveNet with knobs.
        ways: from where to where each turns, in its own units; those left out stay in the middle.
        samples: over how many they turn; behind them they stand.

    Raises:
        DrywetError: a knob that the model hasn't got or out of range, or a model that cannot be
            played so here.
    """

    def __init__(
        self, trained: TrainedModel, ways: Mapping[str, tuple[float, float]], samples: int
    ) -> None:
        self.latency = 0.0
        self._samples = max(samples, 1)
        self._from, self._to = (
            np.array([*shares(trained, {name: way[end] for name, way in ways.items()}).values()])
            for end in (0, 1)
        )
        self._done = 0
        self._net = _net(trained, self._from.astype(np.float32))

    def process(self, block: Samples) -> Samples:
        """See `Stream`."""
        if not len(block):
            return block
        share = np.clip((self._done + np.arange(len(block))) / self._samples, 0, 1)[:, None]
        knobs = self._from + share * (self._to - self._from)
        self._done += len(block)
        return self._net.process(np.concatenate([block[:, None], knobs], axis=1).astype(np.float32))

    def reset(self) -> None:
        """Go back to settled silence, the knobs where they began."""
        self._net.reset()
        self._done = 0


class _Net(Protocol):
    """Plays ``(samples, 1 + knobs)``, from silence with the knobs where they begin."""

    def process(self, block: Samples) -> Samples: ...

    def reset(self) -> None: ...


class _Recurrent:
    def __init__(self, config: RecurrentConfig, trained: TrainedModel, knobs: Samples) -> None:
        net = fold(config, trained.weights)
        self._cell, self._skip, self._parameters = config.cell, net.skip, net.parameters()
        zeros = np.zeros((config.layers, 1, config.hidden), np.float32)
        self._state: tuple[Samples, ...] = (zeros,) * state_count(config.cell)
        still = np.tile(np.append(np.float32(0), knobs), (trained.card.rate, 1))
        self.process(still)
        self._settled = self._state

    def process(self, block: Samples) -> Samples:
        from drywet.kernels.stream import run

        y, self._state = run(
            self._cell, self._skip, self._parameters, block[None], self._state, cores=1
        )
        return y[0, :, 0]

    def reset(self) -> None:
        self._state = self._settled


def _net(trained: TrainedModel, knobs: Samples) -> _Net:
    config = trained.card.model
    if isinstance(config, RecurrentConfig) and choice().target is not None:
        return _Recurrent(config, trained, knobs)
    if isinstance(config, WaveNetConfig) and runs_in_kernels(config):
        from drywet.models.wavenet.player import stream

        made = stream(config, trained.weights)
        made.settle(knobs)
        return made
    raise DrywetError(
        f"knobs that turn and {with_article(config.title)}",
        "a recurrent net or a WaveNet, and the compiled kernels ('drywet doctor')",
        "Give one position for the whole file.",
    )
