"""Cost of an update of the 2022 study's nets: 64 frames, MAE, clipped gradients, AdamW.

    python -m benchmarks.windowed

Side by side: the kernels' frames on one thread and on all cores (`FrameLearner`), PyTorch's
autograd, clipping and optimiser over the kernels (`TorchLearner`), and nn.LSTM, nn.Linear and Adam
without the kernels, with whichever number of threads is fastest. Milliseconds of wall time per
update, everything included: the median of all turns. "of the peak" is the share, by the frames on
one thread, of the multiply-adds per second that one core reaches doing nothing else, counting only
those that the net's matrices call for.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmarks.training_step import multiply_adds, peak
from drywet.data.segments import SegmentSampler
from drywet.data.split import Span
from drywet.kernels import threads as thread_count
from drywet.models.layers import Cell
from drywet.models.registry import build
from drywet.models.windowed.config import WindowedConfig
from drywet.models.windowed.net import WindowedModel
from drywet.runs.config import Settings
from drywet.training.kernel_learners import FrameLearner
from drywet.training.learner import Learner, TorchLearner

BATCH = 64
SAMPLES = 400_000
EXAMPLES = 100_000
RATE = 1e-3
NETS: list[tuple[Cell, int, int, int]] = [
    ("lstm", 1, 16, 32), ("lstm", 2, 16, 32), ("lstm", 1, 16, 64), ("lstm", 1, 32, 64),
    ("lstm", 2, 32, 64),
]  # fmt: skip
DENSE = (2, 16, 32)  # layers, units, frame
ROUNDS = 15
TURN = 0.2  # seconds
SETTLE = 20  # updates, until another's threads have gone to sleep

Way = Callable[[int], None]  # does so many updates


def settings_of(cell: str, layers: int, hidden: int, frame: int) -> Settings:
    model = {"kind": "windowed", "cell": cell, "layers": layers, "hidden": hidden, "frame": frame}
    training = {"batch": BATCH, "segment": 1, "examples": EXAMPLES}
    return Settings.model_validate(
        {"model": model, "loss": {"esr": 0, "mae": 1}, "training": training}
    )


class Case:
    """One net of the study and the signal that it learns from."""

    def __init__(self, cell: str, layers: int, hidden: int, frame: int) -> None:
        self.settings = settings_of(cell, layers, hidden, frame)
        self.frame = frame
        rng = np.random.default_rng(0)
        self.dry = rng.standard_normal(SAMPLES).astype(np.float32)
        self.wet = np.tanh(self.dry)
        self.sampler = SegmentSampler(
            self.dry, self.wet, [Span(0, SAMPLES)], frame - 1, 1, BATCH, 0, EXAMPLES
        )

    def learner(self, by_frames: bool) -> Learner:
        torch.manual_seed(0)
        model = build(self.settings.model)
        assert isinstance(model, WindowedModel)
        optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad], weight_decay=0, fused=True
        )
        if by_frames:
            return FrameLearner(model, optimizer, self.sampler, self.settings, self.frame - 1)
        device = torch.device("cpu")
        return TorchLearner(model, optimizer, self.sampler, self.settings, self.frame - 1, device)

    def kernels(self, by_frames: bool, threads: int) -> Way:
        learner, done = self.learner(by_frames), 0

        def run(updates: int) -> None:
            nonlocal done
            torch.set_num_threads(1)  # beside the kernels, as in a run
            thread_count.set_threads(threads)
            learner.learn(done, [RATE] * updates)
            done += updates

        return run

    def torchs(self, threads: int) -> Way:
        """What a script with PyTorch alone would do."""
        config, done = self.settings.model, 0
        assert isinstance(config, WindowedConfig)
        rec = nn.LSTM(1, config.hidden, config.layers, batch_first=True)
        head = nn.Linear(config.hidden, 1)
        parameters = [*rec.parameters(), *head.parameters()]
        optimizer = torch.optim.Adam(parameters, lr=RATE, fused=True)

        def run(updates: int) -> None:
            nonlocal done
            torch.set_num_threads(threads)
            for _ in range(updates):
                dry, wet = self.sampler.batch(done)
                loss = (head(rec(dry)[0][:, -1]) - wet[:, -1]).abs().mean()
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                done += 1

        return run


def turn(way: Way, updates: int) -> float:
    """Milliseconds per update."""
    way(SETTLE)
    began = time.perf_counter()
    way(updates)
    return (time.perf_counter() - began) / updates * 1e3


def medians(ways: dict[str, Way]) -> dict[str, float]:
    """Milliseconds per update of each way, all in turns."""
    each = {name: max(int(TURN * 1e3 / turn(way, SETTLE)), 5) for name, way in ways.items()}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(turn(way, each[name]))
    return {name: statistics.median(times) for name, times in found.items()}


def multiply_adds_of_an_update(cell: Cell, layers: int, hidden: int, frame: int) -> int:
    """The dense layer is gone through once in a frame."""
    steps = multiply_adds(cell, layers, hidden) - 2 * hidden
    return BATCH * (frame * steps + 2 * hidden)


def main() -> None:
    cores = os.cpu_count() or 1
    print(f"| net | frames, 1 thread | frames, {cores} threads | autograd over the kernels | | "
          "PyTorch alone | | of the peak |")  # fmt: skip
    print("|---" * 8 + "|")
    for cell, layers, hidden, frame in NETS:
        case = Case(cell, layers, hidden, frame)
        best = min(sorted({1, cores}), key=lambda n: turn(case.torchs(n), SETTLE))
        peaks = [peak(1)]
        found = medians(
            {
                "one": case.kernels(True, 1),
                "all": case.kernels(True, cores),
                "autograd": case.kernels(False, cores),
                "torch": case.torchs(best),
            }
        )
        peaks.append(peak(1))
        one, autograd, torchs = found["one"], found["autograd"], found["torch"]
        count = multiply_adds_of_an_update(cell, layers, hidden, frame)
        share = count / (one * 1e6) / max(peaks)
        print(
            f"| {cell.upper()} {layers}x{hidden}, frames of {frame} | {one:.3f} ms "
            f"| {found['all']:.3f} ms | {autograd:.2f} ms | {autograd / one:.1f}x "
            f"| {torchs:.2f} ms, {best} thread{'s' * (best > 1)} | {torchs / one:.1f}x "
            f"| {share:.0%} |",
            flush=True,
        )
    layers, hidden, frame = DENSE
    ms = medians({"dense": Case("dense", layers, hidden, frame).kernels(False, 1)})["dense"]
    print(f"\nFeed-forward {layers}x{hidden}, frames of {frame}, by PyTorch: {ms:.2f} ms")


if __name__ == "__main__":
    main()
