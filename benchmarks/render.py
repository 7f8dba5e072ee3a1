"""Speed of rendering a long file, as a whole process on one core.

    python -m benchmarks.render

Ten minutes at 48 kHz through an LSTM of 16 units: starting Python, reading, playing and writing
included. Multiples of real time by wall clock, the median of several runs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from drywet.audio.write import write
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import build
from drywet.trained.model_file import ModelCard, TrainedModel, save_model

RATE = 48_000
SECONDS = 600
RUNS = 5


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rng = np.random.default_rng(0)
    print("| model | seconds | x real time |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        source, model = Path(scratch) / "in.wav", Path(scratch) / "model.safetensors"
        write(source, 0.1 * rng.standard_normal(RATE * SECONDS).astype(np.float32), RATE)
        for config in (RecurrentConfig(hidden=16), RecurrentConfig(hidden=32)):
            torch.manual_seed(0)
            card = ModelCard(model=config, rate=RATE, output_latency=0)
            save_model(model, TrainedModel.of(build(config), card))
            command = [sys.executable, "-m", "drywet.cli.app", "render", model, source]
            times = []
            for _ in range(RUNS):
                began = time.perf_counter()
                target = Path(scratch) / "out.wav"
                subprocess.run([*map(str, command), target], check=True, capture_output=True)
                times.append(time.perf_counter() - began)
            took = statistics.median(times)
            print(f"| {config.title} | {took:.2f} | {SECONDS / took:.0f} |")


if __name__ == "__main__":
    main()
