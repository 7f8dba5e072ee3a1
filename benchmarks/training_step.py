"""Cost of a training step by batch, hidden size and threads, and of a busy core.

    python -m benchmarks.training_step

Prints nanoseconds of wall time per learned sample (forward, backward, update), the median
of several steps. "busy" is with another process spinning on every core.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time

import torch

from drywet.losses.terms import ESRLoss
from drywet.models.config import Cell, RecurrentConfig
from drywet.models.registry import build

LENGTH = 512
STEPS = 7


def nanoseconds(hidden: int, batch: int, threads: int, cell: Cell = "lstm") -> float:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = build(RecurrentConfig(cell=cell, hidden=hidden))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
    loss_function = ESRLoss()
    x, y = torch.randn(batch, LENGTH, 1), torch.randn(batch, LENGTH, 1)
    times = []
    for _ in range(STEPS):
        began = time.perf_counter()
        prediction, _ = model(x, model.init_state(batch))
        optimizer.zero_grad()
        loss_function(prediction, y).backward()
        optimizer.step()
        times.append(time.perf_counter() - began)
    return statistics.median(times) / (batch * LENGTH) * 1e9


def spin() -> None:
    while True:
        pass


def main() -> None:
    cores = os.cpu_count() or 1
    counts = sorted({1, cores})
    others = [multiprocessing.Process(target=spin, daemon=True) for _ in range(cores)]
    rows = [(h, b) for h in (16, 32) for b in (8, 16, 32, 64)]
    measured = {(h, b, t): nanoseconds(h, b, t) for h, b in rows for t in counts}
    for other in others:
        other.start()
    busy = {(h, 16, t): nanoseconds(h, 16, t) for h in (16, 32) for t in counts}
    for other in others:
        other.terminate()
    heads = [f"{t} thread" + "s" * (t > 1) for t in counts]
    print(
        "| LSTM | batch | "
        + " | ".join(heads)
        + " | "
        + " | ".join(f"{h}, busy" for h in heads)
        + " |"
    )
    print("|---" * (2 + 2 * len(counts)) + "|")
    for h, b in rows:
        quiet = [f"{measured[h, b, t]:.0f}" for t in counts]
        loaded = [f"{busy[h, b, t]:.0f}" if (h, b, t) in busy else "" for t in counts]
        print(f"| {h} | {b} | " + " | ".join(quiet + loaded) + " |")
    print()
    print("| cell, 16 units, batch 8, 1 thread | ns |")
    print("|---|---|")
    cells: tuple[Cell, ...] = ("lstm", "gru", "rnn")
    for cell in cells:
        print(f"| {cell.upper()} | {nanoseconds(16, 8, 1, cell):.0f} |")


if __name__ == "__main__":
    main()
