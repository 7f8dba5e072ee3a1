"""Speed of streaming a model, by block size.

    python -m benchmarks.render

Prints nanoseconds of CPU time per sample and multiples of real time at 48 kHz, one thread,
the median of several passes.
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from drywet.inference.stream import Stream
from drywet.models.config import RecurrentConfig
from drywet.models.registry import build

RATE = 48_000
PASSES = 5


def main() -> None:
    x = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.1
    print("| model | block | ns per sample | x real time |")
    print("|---|---|---|---|")
    for config in (RecurrentConfig(hidden=16), RecurrentConfig(hidden=32)):
        stream = Stream(build(config), RATE)
        for block in (64, 512, 8192):
            times = []
            for _ in range(PASSES):
                began = time.process_time()
                for first in range(0, len(x), block):
                    stream.process(x[first : first + block])
                times.append(time.process_time() - began)
            cost = statistics.median(times) / len(x)
            print(f"| {config.title} | {block} | {cost * 1e9:.0f} | {1 / cost / RATE:.0f} |")


if __name__ == "__main__":
    main()
