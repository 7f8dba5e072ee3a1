"""A model whose knobs turn while it plays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from drywet.errors import DrywetError
from drywet.inference.stream import Stream
from drywet.kernels.cells import state_count
from drywet.kernels.choice import choice
from drywet.models.config import Samples
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import fold
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel
from drywet.words import with_article


class TurningStream(Stream):
    """One mono stream through a net with knobs that turn evenly, sample by sample.

    The joined output does not depend on how the input is cut into blocks.

    Args:
        trained: a recurrent net with knobs.
        ways: from where to where each turns, in its own units; those left out stay in the middle.
        samples: over how many they turn; behind them they stand.

    Raises:
        DrywetError: a knob that the model hasn't got or out of range, or a model that cannot be
            played so here.
    """

    def __init__(
        self, trained: TrainedModel, ways: Mapping[str, tuple[float, float]], samples: int
    ) -> None:
        config, ranges = trained.card.model, trained.card.ranges
        starts = {name: way[0] for name, way in ways.items()}
        with_knobs(trained, starts)
        with_knobs(trained, {name: way[1] for name, way in ways.items()})
        if not isinstance(config, RecurrentConfig) or choice().target is None:
            raise DrywetError(
                f"knobs that turn and {with_article(config.title)}",
                "a recurrent net, and the compiled kernels ('drywet doctor')",
                "Give one position for the whole file.",
            )
        self.latency = 0.0
        net = fold(config, trained.weights)
        self._cell, self._skip, self._parameters = config.cell, net.skip, net.parameters()
        self._samples = max(samples, 1)
        whole = {name: ways.get(name, (knob.middle, knob.middle)) for name, knob in ranges.items()}
        self._from, self._to = (
            np.array([ranges[name].share(way[end]) for name, way in whole.items()])
            for end in (0, 1)
        )
        shape = (config.layers, 1, config.hidden)
        zeros = tuple(np.zeros(shape, np.float32) for _ in range(state_count(config.cell)))
        self._done = 0
        self._state: tuple[Samples, ...] = zeros
        self._settled = self._run(np.zeros(trained.card.rate, np.float32), zeros, still=True)[1]
        self.reset()

    def process(self, block: Samples) -> Samples:
        """See `Stream`."""
        if not len(block):
            return block
        played, self._state = self._run(np.asarray(block, np.float32), self._state)
        self._done += len(block)
        return played

    def reset(self) -> None:
        """Go back to settled silence, the knobs where they began."""
        self._state, self._done = self._settled, 0

    def _run(
        self, block: Samples, state: tuple[Samples, ...], still: bool = False
    ) -> tuple[Samples, tuple[Samples, ...]]:
        from drywet.kernels.stream import run

        at = np.zeros(len(block)) if still else self._done + np.arange(len(block))
        share = np.clip(at / self._samples, 0, 1)[:, None]
        knobs = self._from + share * (self._to - self._from)
        x = np.concatenate([block[:, None], knobs], axis=1).astype(np.float32)[None]
        y, after = run(self._cell, self._skip, self._parameters, x, state, cores=1)
        return y[0, :, 0], after
