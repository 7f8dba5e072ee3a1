"""Nets compared, each by its default training: the table of docs/recipe.md.

    python -m benchmarks.nets ../shared/audio > nets.md

Recordings of distortions and fuzzes, and built-in circuits (with the capture signal of a minute).
Test ESR, geometric mean and each seed. The cost is that of a stream in blocks of 64 from Python, on
one core, as it was when the first seed was scored; the seconds are those of its training.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import drywet
from benchmarks.recipe import CAPTURES, mean
from drywet.models.config import Config

NETS: dict[str, Config] = {
    "LSTM 16": drywet.RecurrentConfig(hidden=16),
    "SSM 4x8": drywet.RecurrentConfig(cell="ssm"),
    "LSTM 32": drywet.RecurrentConfig(hidden=32),
    "SSM 4x16": drywet.RecurrentConfig(cell="ssm", hidden=16),
    "A1 nano": drywet.WaveNetConfig(preset="nano"),
    "A1 feather": drywet.WaveNetConfig(preset="feather"),
}
RECORDED = {
    "Big Muff": ("bigmuff_dry", "bigmuff_wet"),
    "RAT": ("egfx_dry", "egfx_wet_RAT"),
    "a fuzz": ("facebender3_dry", "facebender3_wet"),
}
CIRCUITS = {"Big Muff (circuit)": "bigmuff", "Fuzz Face (circuit)": "fuzzface"}


@dataclass(frozen=True)
class Source:
    """What is learned: trains a net with a seed, in a folder."""

    name: str
    learn: Callable[[Config, int, Path], drywet.Run]


def sources(audio: Path) -> list[Source]:
    """All there are; captures of circuits are made once."""

    def recorded(dry: str, wet: str, capture: drywet.CaptureConfig) -> Callable[..., drywet.Run]:
        def learn(net: Config, seed: int, place: Path) -> drywet.Run:
            return drywet.train(
                audio / dry, audio / wet, out=place / "run", model=net, capture=capture,
                training=drywet.TrainingConfig(seed=seed),
            )  # fmt: skip

        return learn

    def played(device: str) -> Callable[..., drywet.Run]:
        def learn(net: Config, seed: int, place: Path) -> drywet.Run:
            return drywet.train_device(
                device, out=place / "run", model=net, training=drywet.TrainingConfig(seed=seed)
            )

        return learn

    found = [
        Source(name, recorded(one.dry, one.wet, drywet.CaptureConfig(test=one.test, rate=one.rate)))
        for name, one in CAPTURES.items()
    ]
    for name, (dry, wet) in RECORDED.items():
        files = f"real/{dry}.flac", f"real/{wet}.flac"
        found.append(Source(name, recorded(*files, drywet.CaptureConfig())))
    return found + [Source(name, played(device)) for name, device in CIRCUITS.items()]


def row(source: Source, net: str, seeds: int) -> str:
    """Train one on one; returns a row of the table."""
    runs = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            runs.append(source.learn(NETS[net], seed, Path(place)))
    errors = [run.evaluation.esr for run in runs]
    each = " ".join(f"{error:.2e}" for error in errors)
    first = runs[0]
    return (
        f"| {source.name} | {net} | {mean(errors):.2e} ({each}) "
        f"| {first.evaluation.esr_a_weighted:.2e} | {first.evaluation.aliasing_db:.0f} dB "
        f"| {first.evaluation.cost.ns_per_sample:.0f} | {first.fit.seconds:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("--sources", help="some of them, divided by ;")
    parser.add_argument("--nets", default="LSTM 16;SSM 4x8", help="divided by ;")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    wanted = given.sources.split(";") if given.sources else None
    print("| source | net | ESR (of each seed) | A-weighted | aliasing | ns a sample | s |")
    print("|---|---|---|---|---|---|---|")
    for source in sources(given.audio):
        if wanted is None or source.name in wanted:
            for net in given.nets.split(";"):
                print(row(source, net, given.seeds), flush=True)


if __name__ == "__main__":
    main()
