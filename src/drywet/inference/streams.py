"""Many mono streams through one recurrent model at once, side by side in the kernel's lanes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.kernels.cells import state_count
from drywet.kernels.choice import choice
from drywet.kernels.stream import run
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import fold
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel
from drywet.words import with_article

Blocks = NDArray[np.float32]


class Streams:
    """The channels of a track, or the files of a folder; each as `Stream` would play it.

    Sixteen streams cost little more than one. They start from settled silence.

    Args:
        trained: a recurrent model.
        count: how many streams.
        threads: of the CPU.

    Raises:
        DrywetError: another kind of model, or a machine without the kernels.
    """

    def __init__(self, trained: TrainedModel, count: int, threads: int = 1) -> None:
        trained = with_knobs(trained)
        config, target = trained.card.model, choice().target
        if not isinstance(config, RecurrentConfig) or target is None:
            raise DrywetError(
                f"many streams of {with_article(config.title)} at once on {target or 'PyTorch'}",
                "a recurrent model and the compiled kernels",
                "Play them one by one with drywet.inference.stream.Stream.",
            )
        net = fold(config, trained.weights)
        self._cell, self._skip = config.cell, net.skip
        self._parameters, self._threads = net.parameters(), threads
        zeros = np.zeros((config.layers, 1, config.hidden), np.float32)
        self._state: tuple[Blocks, ...] = (zeros,) * state_count(config.cell)
        self.process(np.zeros((1, trained.card.rate), np.float32))
        self._start = tuple(np.repeat(part, count, axis=1) for part in self._state)
        self.reset()

    def process(self, blocks: Blocks) -> Blocks:
        """Process the next ``(streams, samples)``; returns as many."""
        if blocks.shape[1] == 0:
            return blocks
        x = np.ascontiguousarray(blocks)[..., None]
        y, self._state = run(
            self._cell, self._skip, self._parameters, x, self._state, self._threads
        )
        return y[..., 0]

    def reset(self) -> None:
        """Go back to settled silence."""
        self._state = self._start
