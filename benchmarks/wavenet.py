"""Cost of streaming NAM's WaveNets on one core in blocks of 64, beside NAM Core.

    python -m benchmarks.wavenet
    benchmarks/peers/build.sh FOLDER
    python -m benchmarks.wavenet --peer FOLDER/namcore_native --peer FOLDER/namcore_inline

Builds and runs ``kernels/bench.cpp``. A peer is called with ``NAME=FILE.nam`` for each preset and
prints lines ``engine build NAME nanoseconds``. All take turns for several rounds; the table shows
the medians, for a peer that of the best of its builds. Last, a minute through the largest A1 from
the shell, Python's start and files included.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

from benchmarks.streaming import built
from drywet.audio.write import write
from drywet.formats.nam import write as nam
from drywet.models.registry import build
from drywet.models.wavenet.config import PRESETS, WaveNetConfig
from drywet.trained.model_file import ModelCard, TrainedModel

RATE = 48_000
SECONDS = 60
RUNS = 5


def files(folder: Path) -> dict[str, Path]:
    """A ``.nam`` of each preset with PyTorch's first weights, by the names of ``bench.cpp``."""
    found = {}
    for preset in PRESETS:
        name = {"a2": "a2-full", "a2-lite": "a2-lite"}.get(preset, f"a1-{preset}")
        torch.manual_seed(0)
        config = WaveNetConfig(preset=preset)
        card = ModelCard(model=config, rate=RATE, output_latency=0)
        found[name] = folder / f"{name}.nam"
        found[name].write_bytes(
            nam.encode(TrainedModel.of(build(config), card), name, datetime.now())
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as scratch:
        models = files(Path(scratch))
        named = [f"{name}={path}" for name, path in models.items()]
        commands = [[str(built()), "wavenet", "7"], *([peer, *named] for peer in chosen.peer)]
        for _ in range(chosen.rounds):
            for command in commands:
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                for line in done.stdout.splitlines():
                    engine, target, net, ns = line.split()
                    times[f"{engine} {target}"][net].append(float(ns))
        shell = _from_the_shell(Path(scratch), models["a1-standard"])
    medians = {
        column: {net: statistics.median(values) for net, values in nets.items()}
        for column, nets in times.items()
    }
    ours = [column for column in medians if column.startswith("drywet")]
    peers = [column for column in medians if column not in ours]
    print("| WaveNet | " + " | ".join([*ours, "best peer"][: len(ours) + bool(peers)]) + " |")
    print("|---" * (1 + len(ours) + bool(peers)) + "|")
    for net in medians[ours[0]]:
        cells = [f"{medians[column][net]:.0f}" for column in ours]
        theirs = [medians[column][net] for column in peers if net in medians[column]]
        cells += [f"{min(theirs):.0f}"] if theirs else []
        print(f"| {net} | " + " | ".join(cells) + " |")
    print(f"\n{SECONDS} s through standard from the shell: {shell:.2f} s, median of {RUNS}")


def _from_the_shell(folder: Path, model: Path) -> float:
    source, target = folder / "in.wav", folder / "out.wav"
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, RATE * SECONDS).astype(np.float32)
    write(source, noise, RATE)
    command = [sys.executable, "-m", "drywet.cli.app", "render", model, source, target]
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
