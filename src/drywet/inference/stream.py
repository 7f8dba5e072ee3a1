"""A model as a stateful processor of blocks, the way a plugin runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.data.split import Span
from drywet.dsp.oversampling import Phase, filters, require_factor
from drywet.inference.players import player
from drywet.trained.model_file import TrainedModel

BLOCK = 8_192
"""Samples handed to a model at once when a whole file is rendered."""


class Stream:
    """One mono stream through a model, starting from settled silence.

    The joined output does not depend on how the input is cut into blocks,
    beyond float32 rounding.

    Args:
        trained: a trained model.
        oversample: how many times its rate it runs at: 1, 2, 4 or 8. Aliasing falls by
            10 dB and more for every doubling (docs/aliasing.md).
        phase: of the filters that takes: linear, or minimum, which delays less.

    Attributes:
        latency: samples by which the filters delay the output, on top of what the model has
            learned; whole for linear phase.

    Raises:
        DrywetError: another oversampling, or a model that cannot be played here.
    """

    def __init__(self, trained: TrainedModel, oversample: int = 1, phase: Phase = "linear") -> None:
        require_factor(oversample)
        around = None if oversample == 1 else filters(trained.card.rate, oversample, phase)
        self.latency = 0.0 if around is None else around.latency
        self._player = player(trained, around)

    def process(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Process the next ``(samples,)`` of the stream; returns as many.

        Raises:
            ValueError: another shape.
        """
        block = np.asarray(block, np.float32)
        if block.ndim != 1:
            raise ValueError(f"a block of shape {block.shape}, not (samples,)")
        return self._player.process(block) if len(block) else block

    def reset(self) -> None:
        """Go back to settled silence."""
        self._player.reset()


def in_time(stream: Stream, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """What a stream of linear phase makes of some blocks, without its filters' latency.

    As many samples in all; blocks of other lengths where there is a latency.
    """
    latency = round(stream.latency)
    early = latency
    for block in blocks:
        played = stream.process(block)
        yield played[min(early, len(played)) :]
        early -= min(early, len(played))
    yield stream.process(np.zeros(latency, np.float32))[early:]


def predict(
    trained: TrainedModel,
    dry: NDArray[np.float32],
    oversample: int = 1,
    on_progress: Callable[[float], None] = lambda done: None,
) -> NDArray[np.float32]:
    """Whole-file prediction: shape ``(samples,)`` in, the same out, in time whatever the filters.

    Args:
        trained: the model.
        dry: what to play.
        oversample: as for `Stream`.
        on_progress: called with the share done.
    """

    def told() -> Iterator[NDArray[np.float32]]:
        for first in range(0, len(dry), BLOCK):
            on_progress(first / len(dry))
            yield dry[first : first + BLOCK]

    blocks = told()
    return np.concatenate(list(in_time(Stream(trained, oversample), blocks)))


def predict_spans(
    trained: TrainedModel, dry: NDArray[np.float32], spans: Sequence[Span]
) -> list[NDArray[np.float32]]:
    """What a model makes of some stretches of ``dry``, as if it had played all of it.

    A net with a memory of its own goes through everything before; one of finite memory, which
    costs much more a sample, only through what it has to.

    Args:
        trained: the model.
        dry: shape ``(samples,)``.
        spans: where the stretches lie.
    """
    reach = trained.card.model.receptive_field
    if reach is None:
        whole = predict(trained, dry)
        return [whole[start:stop] for start, stop in spans]
    memory = reach - 1
    stream = Stream(trained)
    found = []
    for start, stop in spans:
        first = max(start - memory, 0)
        stream.reset()
        found.append(stream.process(dry[first:stop])[start - first :])
    return found
