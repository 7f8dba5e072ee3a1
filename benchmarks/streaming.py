"""Cost of streaming one LSTM on one core in blocks of 64, beside other engines.

    python -m benchmarks.streaming
    benchmarks/peers/build.sh FOLDER
    python -m benchmarks.streaming --peer FOLDER/rtneural_eigen --peer FOLDER/neuralaudio_native ...

Builds and runs ``kernels/bench.cpp``. A peer is a program that prints lines
``engine build LxH nanoseconds``; those for RTNeural and NeuralAudio are in ``benchmarks/peers``.
All take turns for several rounds; the table shows the medians, for a peer's engine that of the
best of its builds, net by net.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
Net = tuple[int, int]


def built() -> Path:
    """The benchmark of the kernels."""
    for command in (
        ["cmake", "-S", ROOT / "kernels", "-B", BUILD],
        ["cmake", "--build", BUILD, "--target", "bench", "--parallel"],
    ):
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return BUILD / "bench"


def measure(commands: list[list[str]], rounds: int) -> dict[tuple[str, str], dict[Net, float]]:
    """Median nanoseconds by engine and build, and net."""
    found: dict[tuple[str, str], dict[Net, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(rounds):
        for command in commands:
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            for line in done.stdout.splitlines():
                engine, build, net, ns = line.split()
                layers, hidden = map(int, net.split("x"))
                found[engine, build][layers, hidden].append(float(ns))
    return {
        name: {net: statistics.median(times) for net, times in nets.items()}
        for name, nets in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    commands = [[str(built()), "7"], *(shlex.split(peer) for peer in chosen.peer)]
    measured = measure(commands, chosen.rounds)
    ours = {build: nets for (engine, build), nets in measured.items() if engine == "drywet"}
    peers: dict[str, dict[Net, float]] = defaultdict(dict)
    for (engine, _), nets in measured.items():
        for net, ns in nets.items():
            if engine != "drywet":
                peers[engine][net] = min(ns, peers[engine].get(net, ns))
    columns = [*(f"drywet {build}" for build in ours), *peers]
    print("| LSTM | " + " | ".join(columns) + " |")
    print("|---" * (1 + len(columns)) + "|")
    for net in next(iter(ours.values())):
        row = [nets[net] for nets in (*ours.values(), *peers.values())]
        print(f"| {net[0]}x{net[1]} | " + " | ".join(f"{ns:.0f}" for ns in row) + " |")


if __name__ == "__main__":
    main()
