"""What a model costs to run, measured as a plugin would run it: block by block."""

from __future__ import annotations

from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from drywet.evaluation.result import Cost
from drywet.inference.players import engine
from drywet.inference.stream import Stream
from drywet.models.registry import multiply_adds, parameter_count
from drywet.trained.model_file import TrainedModel

BLOCK = 64
_SECONDS = 0.5
_LEAST_BLOCKS = 200
_MOST_NS = 2_000_000_000


def cost(trained: TrainedModel, dry: NDArray[np.float32], oversample: int = 1) -> Cost:
    """Stream half a second and time every block, Python's part of the call included.

    Args:
        trained: the model.
        dry: what to play, shape ``(samples,)``; repeated where it is too short.
        oversample: as for `drywet.inference.stream.Stream`.
    """
    config, rate = trained.card.model, trained.card.rate
    wanted = max(int(_SECONDS * rate) // BLOCK, _LEAST_BLOCKS) * BLOCK
    blocks = np.resize(dry, wanted).reshape(-1, BLOCK)
    stream = Stream(trained, oversample)
    stream.process(blocks[0])
    times = np.empty(len(blocks))
    started = perf_counter_ns()
    for i, block in enumerate(blocks):
        began = perf_counter_ns()
        stream.process(block)
        times[i] = perf_counter_ns() - began
        if perf_counter_ns() - started > _MOST_NS:
            times = times[: i + 1]
            break
    median = float(np.median(times))
    return Cost(
        parameters=parameter_count(config),
        multiply_adds=multiply_adds(config) * oversample,
        ns_per_sample=median / BLOCK,
        block_p99_us=float(np.quantile(times, 0.99)) / 1e3,
        real_time_share=median * 1e-9 * rate / BLOCK,
        engine=engine(trained),
    )
