"""Cost of a training step: the kernels beside PyTorch at its best.

    python -m benchmarks.training_step

A step is forward, backward and all weight gradients of torch.nn's layers and a Linear over
``(batch, 512, 1)``; the same weights, data and result for both, which is checked. PyTorch is tried
with every batch and number of threads first; then its best and the kernels take turns.
Nanoseconds of wall time per sample, the median of all turns. "of the peak" is the share of the
multiply-adds per second that the same cores reach doing nothing else (``kernels/bench.cpp``),
counting only those that the net's matrices call for.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.streaming import built
from drywet.kernels import recurrent as fused
from drywet.models.layers import Cell
from drywet.models.recurrent.net import recurrent_layers

STEPS = 512
BATCHES = (16, 32, 64, 128, 256)
NETS: list[tuple[Cell, int, int]] = [
    ("lstm", 1, 16), ("lstm", 1, 32), ("lstm", 2, 16), ("lstm", 1, 8), ("lstm", 1, 64),
    ("gru", 1, 16), ("rnn", 1, 16),
]  # fmt: skip
TRIES = 3
ROUNDS = 5
IN_A_TURN = 5
SETTLE = 0.25  # seconds
SLOW = 3_000  # nanoseconds: no need to try a batch again that costs more


class Step:
    """One net and one batch, by PyTorch or by the kernels."""

    def __init__(self, cell: Cell, layers: int, hidden: int, batch: int) -> None:
        torch.manual_seed(0)
        self.rec, self.head = recurrent_layers(cell, hidden, layers), nn.Linear(hidden, 1)
        self.x, self.dy = torch.randn(batch, STEPS, 1), torch.randn(batch, STEPS, 1)
        self.parameters = [*self.rec.parameters(), *self.head.parameters()]

    def gradients(self, y: Tensor) -> list[Tensor]:
        for parameter in self.parameters:
            parameter.grad = None
        y.backward(self.dy)
        return [p.grad for p in self.parameters if p.grad is not None]

    def by_torch(self) -> list[Tensor]:
        return self.gradients(self.head(self.rec(self.x)[0]))

    def by_kernels(self) -> list[Tensor]:
        return self.gradients(fused.run(self.rec, self.head, self.x)[0])

    def check(self) -> None:
        for ours, theirs in zip(self.by_kernels(), self.by_torch(), strict=True):
            assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-4 * float(theirs.abs().max()))

    def nanoseconds(self, run: Callable[[], list[Tensor]]) -> float:
        began = time.perf_counter()
        run()
        return (time.perf_counter() - began) / self.x.numel() * 1e9

    def turn(self, run: Callable[[], list[Tensor]]) -> list[float]:
        """Some steps, after others until the other's threads have gone to sleep."""
        until = time.perf_counter() + SETTLE
        while time.perf_counter() < until:
            run()
        return [self.nanoseconds(run) for _ in range(IN_A_TURN)]


def torchs_best(cell: Cell, layers: int, hidden: int, threads: list[int]) -> tuple[int, int]:
    """The batch and number of threads where PyTorch is fastest."""
    times: dict[tuple[int, int], float] = {}
    for batch in BATCHES:
        step = Step(cell, layers, hidden, batch)
        for count in threads:
            torch.set_num_threads(count)
            tries = [step.nanoseconds(step.by_torch)]
            if tries[0] < SLOW:
                tries += [step.nanoseconds(step.by_torch) for _ in range(TRIES)]
            times[batch, count] = min(tries)
    return min(times, key=lambda key: times[key])


def peak(cores: int) -> float:
    """Multiply-adds per nanosecond that the cores reach when they do nothing else."""
    command = [str(built()), "peak", str(cores)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def multiply_adds(cell: Cell, layers: int, hidden: int) -> int:
    """Per sample: forward, back through the hidden weights, and the weights' gradients."""
    rows = {"lstm": 4, "gru": 3, "rnn": 1}[cell] * hidden
    inner = layers * rows * hidden  # hidden weights
    between = (layers - 1) * rows * hidden  # input weights that also go back
    return 3 * (inner + between) + 2 * (rows + hidden)


def main() -> None:
    cores = os.cpu_count() or 1
    threads = sorted({1, cores})
    print("| net | PyTorch at its best | ns | kernels, same batch | | kernels' best batch | | "
          "of the peak |")  # fmt: skip
    print("|---" * 8 + "|")
    for cell, layers, hidden in NETS:
        batch, count = torchs_best(cell, layers, hidden, threads)
        same = Step(cell, layers, hidden, batch)
        same.check()
        ours = {b: Step(cell, layers, hidden, b) for b in BATCHES[1:]}
        theirs: list[float] = []
        at_same: list[float] = []
        at: dict[int, list[float]] = {b: [] for b in ours}
        peaks: list[float] = []
        for _ in range(ROUNDS):
            peaks.append(peak(cores))
            torch.set_num_threads(count)
            theirs += same.turn(same.by_torch)
            torch.set_num_threads(1)  # the kernels have threads of their own
            at_same += same.turn(same.by_kernels)
            for b, step in ours.items():
                at[b] += step.turn(step.by_kernels)
        torchs, here = statistics.median(theirs), statistics.median(at_same)
        best = min(at, key=lambda b: statistics.median(at[b]))
        ns = statistics.median(at[best])
        share = multiply_adds(cell, layers, hidden) / ns / statistics.median(peaks)
        threads_used = f"{count} thread{'s' * (count > 1)}"
        print(
            f"| {cell.upper()} {layers}x{hidden} | batch {batch}, {threads_used} "
            f"| {torchs:.0f} | {here:.1f} ns | {torchs / here:.1f}x | batch {best}: {ns:.1f} ns "
            f"| {torchs / ns:.1f}x | {share:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
