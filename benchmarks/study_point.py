"""What the study of 2022 would cost in PyTorch and in Keras, from the cost of an update.

    python -m benchmarks.study_point --keras PYTHON

The study's grid is five windowed LSTMs, two devices and five sizes of training set, 200 epochs
each in batches of 64 frames. Here each net trains on random frames (the cost does not depend on
the values) for some updates by mean absolute error and Adam: in PyTorch with torch.nn's layers
and the batches as slices, in Keras by ``model.fit``. PYTHON is an interpreter that has
TensorFlow, for instance of a virtual environment of its own.

Both run with one thread and with all cores, and the faster by the wall clock counts: medians of
turns. Other work on the machine makes them too long; the fastest turn and the CPU time, of all
threads together, suffer less and stand beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

BATCH = 64
EPOCHS = 200
DEVICES = 2
FRAMES = (20_000, 50_000, 100_000, 200_000, 500_000)
UPDATES = 100
TURNS = 5
PEER = Path(__file__).parent / "peers" / "keras_point.py"


@dataclass(frozen=True)
class Structure:
    """A windowed LSTM of the study: units per layer, layers, and samples per frame."""

    hidden: int
    layers: int
    frame: int

    def __str__(self) -> str:
        return f"LSTM {','.join([str(self.hidden)] * self.layers)} FS{self.frame}"


STRUCTURES = (
    Structure(16, 1, 32),
    Structure(16, 2, 32),
    Structure(16, 1, 64),
    Structure(32, 1, 64),
    Structure(32, 2, 64),
)


@dataclass(frozen=True)
class Cost:
    """Of an update, in milliseconds: medians of wall and CPU time, the fastest turn's wall time."""

    threads: int
    wall: float
    cpu: float
    fastest: float


def per_update(threads: int, turns: list[tuple[float, float]]) -> Cost:
    """From turns, each given in seconds of wall and of CPU time."""
    walls, cpus = (
        [seconds / UPDATES * 1e3 for seconds in part] for part in zip(*turns, strict=True)
    )
    return Cost(threads, statistics.median(walls), statistics.median(cpus), min(walls))


class Windowed(nn.Module):
    """Layers over a frame, and a dense layer on what they say at its end."""

    def __init__(self, structure: Structure) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, structure.hidden, structure.layers, batch_first=True)
        self.head = nn.Linear(structure.hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


def torch_turn(structure: Structure) -> Callable[[], tuple[float, float]]:
    """A turn of updates in PyTorch, which tells its seconds of wall and of CPU time."""
    torch.manual_seed(0)
    model, loss = Windowed(structure), nn.L1Loss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = torch.randn(UPDATES * BATCH, structure.frame, 1)
    y = torch.randn(UPDATES * BATCH, 1)

    def turn() -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.process_time()
        for inputs, targets in zip(x.split(BATCH), y.split(BATCH), strict=True):
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
        return time.perf_counter() - wall, time.process_time() - cpu

    return turn


def by_torch(structure: Structure, threads: list[int]) -> list[Cost]:
    """With each number of threads, in turns; the first turn of each is not counted."""
    turn = torch_turn(structure)
    turns: dict[int, list[tuple[float, float]]] = {count: [] for count in threads}
    for _ in range(TURNS + 1):
        for count in threads:
            torch.set_num_threads(count)
            turns[count].append(turn())
    return [per_update(count, turns[count][1:]) for count in threads]


def by_keras(structure: Structure, threads: list[int], python: str) -> tuple[list[Cost], str]:
    """With each number of threads, each in a process of its own; and the versions."""
    costs, versions = [], ""
    for count in threads:
        numbers = (structure.hidden, structure.layers, structure.frame, count, UPDATES, TURNS)
        command = [python, str(PEER), *map(str, numbers)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        answer = json.loads(done.stdout.splitlines()[-1])
        versions = answer["versions"]
        costs.append(per_update(count, answer["turns"]))
    return costs, versions


def updates(frames: int) -> int:
    """In an epoch; the last batch may be short."""
    return -(-frames // BATCH)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keras", required=True, help="an interpreter that has TensorFlow")
    python = parser.parse_args().keras
    threads = sorted({1, os.cpu_count() or 1})
    in_grid = DEVICES * EPOCHS * sum(map(updates, FRAMES))  # of one structure
    print("| net | | threads | ms per update | fastest turn | CPU ms | seconds per epoch of 500k "
          "frames | hours of its part of the grid |")  # fmt: skip
    print("|---" * 8 + "|")
    totals: dict[str, list[Cost]] = {}
    for structure in STRUCTURES:
        from_torch = by_torch(structure, threads)
        from_keras, versions = by_keras(structure, threads, python)
        for name, costs in ((f"PyTorch {torch.__version__}", from_torch), (versions, from_keras)):
            best = min(costs, key=lambda cost: cost.wall)
            totals.setdefault(name, []).append(best)
            print(
                f"| {structure} | {name} | {best.threads} | {best.wall:.2f} | {best.fastest:.2f} "
                f"| {best.cpu:.2f} | {best.wall * updates(500_000) / 1e3:.0f} "
                f"| {best.wall * in_grid / 3.6e6:.1f} |",
                flush=True,
            )
    for name, costs in totals.items():
        wall, fastest, cpu = (
            sum(getattr(cost, part) for cost in costs) * in_grid / 3.6e6
            for part in ("wall", "fastest", "cpu")
        )
        print(f"\nWhole grid, {name}: {wall:.0f} hours, {fastest:.0f} at the fastest turn's speed, "
              f"{cpu:.0f} of CPU time")  # fmt: skip


if __name__ == "__main__":
    main()
