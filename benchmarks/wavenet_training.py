"""Forward and backward of WaveNets in the kernels, beside PyTorch, on all cores.

    python -m benchmarks.wavenet_training
    DRYWET_KERNELS=avx2 python -m benchmarks.wavenet_training

Batches of 8 windows of 8192 outputs behind the receptive field, as NAM's trainer has them; both
take turns; the best of some rounds. Multiply-adds are three times those of playing, those over
the past of a window not counted.
"""

from __future__ import annotations

import argparse
import time

import torch

from drywet.kernels.choice import target
from drywet.kernels.threads import set_threads, threads
from drywet.models.registry import build, kind_of
from drywet.models.wavenet.config import WaveNetConfig

PRESETS = ("standard", "lite", "feather", "nano", "a2", "a2-lite")
OUTPUTS, BATCH = 8192, 8


def seconds(net, x: torch.Tensor, in_kernels: bool) -> float:
    net.trains_in_kernels = in_kernels
    net.zero_grad()
    began = time.perf_counter()
    y, _ = net.core(x[:, net.warm_up :], (x[:, : net.warm_up],))
    y.square().mean().backward()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=threads())
    chosen = parser.parse_args()
    set_threads(chosen.threads)
    torch.set_num_threads(chosen.threads)
    print(f"{target()}, {chosen.threads} threads\n")
    print("| net | drywet, ms | PyTorch, ms | ratio | ns an output sample | GMAC/s |")
    print("|---|---|---|---|---|---|")
    for preset in PRESETS:
        config = WaveNetConfig(preset=preset)
        torch.manual_seed(0)
        net = build(config)
        x = torch.randn(BATCH, OUTPUTS + net.warm_up, 1).mul_(0.3)
        ours, theirs = [], []
        for turn in range(chosen.rounds):
            ours += [seconds(net, x, True), seconds(net, x, True)]
            if turn < 2:
                theirs.append(seconds(net, x, False))
        work = 3 * kind_of(config).multiply_adds(config) * BATCH * OUTPUTS
        print(f"| {config.title} | {1e3 * min(ours):.1f} | {1e3 * min(theirs):.0f} | "
              f"{min(theirs) / min(ours):.1f} | {1e9 * min(ours) / BATCH / OUTPUTS:.0f} | "
              f"{work / min(ours) / 1e9:.0f} |")  # fmt: skip


if __name__ == "__main__":
    main()
