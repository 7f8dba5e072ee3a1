"""Cost of a whole update: warm-up, forward, loss, backward, clipping, optimiser, in one call.

    python -m benchmarks.training_updates

Nanoseconds of wall time per sample that is learned from, warm-up and all; the settings are the
defaults of a recurrent net (windows of 1024 + 2048 samples, an update for every 512). Beside it
the same updates through PyTorch's autograd with the kernels' forward and backward, as they were
done before; all take turns, medians. ``DRYWET_KERNELS`` picks the kernels.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from drywet.data.segments import SegmentSampler
from drywet.data.split import Span
from drywet.kernels.choice import choice
from drywet.kernels.threads import set_threads
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import build
from drywet.optimizers.choose import Name, optimizer_of
from drywet.runs.config import Settings, TrainingConfig
from drywet.training.kernel_learners import SequenceLearner
from drywet.training.learner import Learner, TorchLearner

NETS = [("lstm", 1, 16), ("lstm", 1, 32), ("lstm", 2, 16), ("gru", 1, 16), ("rnn", 1, 16)]
SAMPLES = 400_000
ROUNDS = 7
STEPS = 8


def trained(kind: type[Learner], net: tuple[str, int, int], batch: int, name: Name) -> Learner:
    """Something that trains a net of its own."""
    torch.manual_seed(0)
    config = dict(zip(("cell", "layers", "hidden"), net, strict=True))
    model = build(RecurrentConfig.model_validate(config))
    settings = Settings(training=TrainingConfig(batch=batch, segment=2048, optimizer=name))
    rng = np.random.default_rng(0)
    dry = rng.standard_normal(SAMPLES).astype(np.float32)
    sampler = SegmentSampler(
        dry, np.tanh(dry), [Span(0, SAMPLES)], model.warm_up, settings.segment, batch, 0
    )
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = optimizer_of(name, parameters, 1e-3, 0.0)
    rest = (torch.device("cpu"),) if kind is TorchLearner else ()
    return kind(model, optimizer, sampler, settings, model.warm_up, *rest)  # type: ignore[call-arg]


def nanoseconds(learner: Learner, batch: int) -> Callable[[], float]:
    """A turn of some steps; the first is not counted."""

    def turn() -> float:
        learner.learn(0, [1e-3])
        began = time.perf_counter()
        learner.learn(1, [1e-3] * STEPS)
        return (time.perf_counter() - began) / (STEPS * batch * 2048) * 1e9

    return turn


def main() -> None:
    torch.set_num_threads(1)
    cores = os.cpu_count() or 1
    print(f"kernels: {choice().target}; {cores} cores\n")
    print("| net | before: autograd, Adam, batch 16 | whole updates, Adam, 16 | Adam, 64 "
          "| SOAP, 64 | SOAP, 64, one thread | speed-up by the cores |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for net in NETS:
        rows: list[tuple[Callable[[], float], int]] = []
        for kind, batch, name, threads in (
            (TorchLearner, 16, "adam", cores),
            (SequenceLearner, 16, "adam", cores),
            (SequenceLearner, 64, "adam", cores),
            (SequenceLearner, 64, "soap", cores),
            (SequenceLearner, 64, "soap", 1),
        ):
            learner = trained(kind, net, batch, name)  # type: ignore[arg-type]
            rows.append((nanoseconds(learner, batch), threads))
        times: list[list[float]] = [[] for _ in rows]
        for _ in range(ROUNDS):
            for found, (turn, threads) in zip(times, rows, strict=True):
                set_threads(threads)
                found.append(turn())
        medians = [statistics.median(found) for found in times]
        cells = " | ".join(f"{ns:.1f} ns" for ns in medians)
        cell, layers, hidden = net
        print(f"| {cell.upper()} {layers}x{hidden} | {cells} | {medians[4] / medians[3]:.2f} |",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
