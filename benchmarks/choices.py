"""What ``--quality`` and ``--cpu`` come to on real captures: the table of docs/recipe.md.

    python -m benchmarks.choices ../shared/audio > choices.md

One training of each, seed 0. The seconds are those of the CPU, of all cores together: half of
them pass on two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import drywet
from benchmarks.recipe import CAPTURES
from drywet.runs.choices import CPU, QUALITY


def row(folder: Path, capture_name: str, cpu: str, quality: str) -> str:
    """Train one; returns a row of the table."""
    began = time.process_time()
    run = CAPTURES[capture_name].train(
        folder, model=drywet.RecurrentConfig(**CPU[cpu]),
        training=drywet.TrainingConfig(**QUALITY[quality]),
    )  # fmt: skip
    spent = time.process_time() - began
    found = run.evaluation
    return (
        f"| {capture_name} | {cpu} | {quality} | {found.esr:.2e} | {found.esr_a_weighted:.2e} "
        f"| {found.aliasing_db:.0f} dB | {run.fit.steps} | {spent:.0f} "
        f"| {found.cost.ns_per_sample:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("--only", choices=CAPTURES, help="one of them")
    given = parser.parse_args()
    heads = ("capture", "--cpu", "--quality", "ESR", "A-weighted", "aliasing", "steps", "CPU s",
             "ns a sample")  # fmt: skip
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in [given.only] if given.only else CAPTURES:
        for cpu in CPU:
            for quality in QUALITY:
                print(row(given.audio, name, cpu, quality), flush=True)


if __name__ == "__main__":
    main()
