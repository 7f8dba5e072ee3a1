"""Many mono streams through one recurrent model at once, side by side in the kernel's lanes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.inference.players import kernel_parameters
from drywet.kernels.choice import choice
from drywet.models.config import RecurrentConfig
from drywet.runs.folded import fold
from drywet.runs.knobs import at_knobs
from drywet.runs.model_file import TrainedModel

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
        trained = at_knobs(trained)
        config, target = trained.card.model, choice().target
        if not isinstance(config, RecurrentConfig) or target is None:
            raise DrywetError(
                f"many streams of a {config.title} at once on {target or 'PyTorch'}",
                "a recurrent model and the compiled kernels",
                "Play them one by one with drywet.inference.stream.Stream.",
            )
        net = fold(trained, config)
        self._target, self._config, self._skip = target, config, net.skip
        self._parameters, self._threads = kernel_parameters(net), threads
        nothing = np.zeros((config.layers, 1, config.hidden), np.float32)
        self._h, self._c = nothing, nothing if config.cell == "lstm" else None
        self.process(np.zeros((1, trained.card.rate), np.float32))
        h, c = self._h, self._c
        self._start = (
            np.repeat(h, count, axis=1),
            None if c is None else np.repeat(c, count, axis=1),
        )
        self.reset()

    def process(self, blocks: Blocks) -> Blocks:
        """Process the next ``(streams, samples)``; returns as many."""
        from drywet.kernels import _native

        if blocks.shape[1] == 0:
            return blocks
        x = np.ascontiguousarray(blocks)[..., None]
        y, h = np.empty_like(x), np.empty_like(self._h)
        c = None if self._c is None else np.empty_like(self._c)
        _native.forward(
            self._target, self._config.cell, self._skip, self._parameters, x, self._h, self._c,
            y, h, c, False, self._threads,
        )  # fmt: skip
        self._h, self._c = h, c
        return y[..., 0]

    def reset(self) -> None:
        """Go back to settled silence."""
        self._h, self._c = self._start
