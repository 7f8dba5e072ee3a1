"""Nets compared, each by its default training: the table of docs/recipe.md.

    python -m benchmarks.nets ../shared/audio > nets.md

Recordings of distortions and fuzzes, and built-in circuits (with the capture signal of a minute).
Test ESR, geometric mean and each seed. The cost is that of a stream in blocks of 64 from Python, on
one core, as it was when the first seed was scored; the seconds are those of its training.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import drywet
from benchmarks.recipe import CAPTURES, Capture, mean
from drywet.models.config import Config
from drywet.verbs.scored_run import Run

NETS: dict[str, Config] = {
    "LSTM 16": drywet.RecurrentConfig(hidden=16),
    "SSM 4x8": drywet.RecurrentConfig(cell="ssm"),
    "LSTM 32": drywet.RecurrentConfig(hidden=32),
    "SSM 4x16": drywet.RecurrentConfig(cell="ssm", hidden=16),
    "A1 nano": drywet.WaveNetConfig(preset="nano"),
    "A1 feather": drywet.WaveNetConfig(preset="feather"),
}
RECORDED = CAPTURES | {
    "Big Muff": Capture("real/bigmuff_dry.flac", "real/bigmuff_wet.flac"),
    "RAT": Capture("real/egfx_dry.flac", "real/egfx_wet_RAT.flac"),
    "a fuzz": Capture("real/facebender3_dry.flac", "real/facebender3_wet.flac"),
}
CIRCUITS = {"Big Muff (circuit)": "bigmuff", "Fuzz Face (circuit)": "fuzzface"}


def learned(audio: Path, source: str, net: str, seed: int) -> Run:
    """One on one."""
    settings = {"model": NETS[net], "training": drywet.TrainingConfig(seed=seed)}
    if source in RECORDED:
        return RECORDED[source].train(audio, **settings)
    with tempfile.TemporaryDirectory() as place:
        return drywet.train_device(CIRCUITS[source], out=Path(place) / "run", **settings)


def row(audio: Path, source: str, net: str, seeds: int) -> str:
    """Train one on one; returns a row of the table."""
    runs = [learned(audio, source, net, seed) for seed in range(seeds)]
    errors = [run.evaluation.esr for run in runs]
    each = " ".join(f"{error:.2e}" for error in errors)
    first = runs[0]
    return (
        f"| {source} | {net} | {mean(errors):.2e} ({each}) "
        f"| {first.evaluation.esr_a_weighted:.2e} | {first.evaluation.aliasing_db:.0f} dB "
        f"| {first.evaluation.cost.ns_per_sample:.0f} | {first.fit.seconds:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    every = ";".join((*RECORDED, *CIRCUITS))
    parser.add_argument("--sources", default=every, help="divided by ;")
    parser.add_argument("--nets", default="LSTM 16;SSM 4x8", help="divided by ;")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    print("| source | net | ESR (of each seed) | A-weighted | aliasing | ns a sample | s |")
    print("|---|---|---|---|---|---|---|")
    for source in given.sources.split(";"):
        for net in given.nets.split(";"):
            print(row(given.audio, source, net, given.seeds), flush=True)


if __name__ == "__main__":
    main()
