"""Aliasing of models at their own rate and oversampled, and what each costs.

    python -m benchmarks.aliasing demo/run ../shared/models/nam/BossLSTM-1x16.nam ...

A model is a run's folder or a file of any format that drywet reads. Aliasing is that of the grid of
sines of `drywet.metrics.sines` (36 of them, 65 Hz to 4.2 kHz, 0 to -36 dBFS): what is no harmonic
against what is, mean and worst. The ESR is that of a run on its held-out audio. Nanoseconds per
sample are of streams in blocks of 64 on one core, from Python.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import drywet
from drywet.dsp.oversampling import FACTORS
from drywet.evaluation.by_ear import up_the_neck
from drywet.evaluation.cost import cost
from drywet.evaluation.probes import player_of, settling
from drywet.kernels.choice import choice
from drywet.metrics import aliasing, sines


def row(path: Path, factor: int) -> str:
    """A model at one factor."""
    trained = drywet.load(path)
    rate = trained.card.rate
    play, settle = player_of(trained, factor), settling(trained, factor)
    found = aliasing.evaluate(sines.measure(play, rate, settle))
    ns = cost(trained, up_the_neck(rate, -6.0), factor).ns_per_sample
    esr = ""
    if path.is_dir():
        scores = drywet.evaluate(path, oversample=factor)
        treble = [band.esr for band in scores.bands if band.low >= 4_000 and band.esr is not None]
        esr = f"{scores.esr:.2e} | " + " ".join(f"{e:.3f}" for e in treble)
    return f"{found.mean_db:.0f} | {found.worst_db:.0f} | {esr or ' | '} | {ns:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    chosen = parser.parse_args()
    print(f"kernels: {choice().target}\n")
    print("| model | oversampled | aliasing, mean dB | worst | ESR | by band from 4 kHz up | ns |")
    print("|---|---|---|---|---|---|---|")
    for path in chosen.models:
        for factor in FACTORS:
            print(f"| {path.name} | {factor} | {row(path, factor)} |", flush=True)


if __name__ == "__main__":
    main()
