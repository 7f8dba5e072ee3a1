"""By which validation score should the best weights be chosen?

Trains the same net on real captures with each of the scores; the weights go the same way, so
that all that differs is which of them are kept. Run from the top of the repository::

    python -m benchmarks.selection ../shared/audio [--captures SD-1,TS9,DS-1] [--seeds 0,1]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import get_args

import drywet
from drywet.runs.config import Select

CAPTURES = {
    "SD-1": ("seed/dry.mp3", "seed/sd1.mp3", 22_050, (8.0, None)),
    "TS9": ("ts9/dry.flac", "ts9/wet.flac", None, (26.4, None)),
    "DS-1": ("ds1/dry.flac", "ds1/wet.flac", None, (33.74, None)),
}


def row(audio: Path, name: str, select: str, seed: int) -> str:
    dry, wet, rate, test = CAPTURES[name]
    with tempfile.TemporaryDirectory() as scratch:
        run = drywet.train(
            audio / dry,
            audio / wet,
            out=Path(scratch) / "run",
            training=drywet.TrainingConfig(select=select, seed=seed, threads=1),
            capture=drywet.CaptureConfig(rate=rate, test=test),
        )
    found = run.evaluation
    high = [b.excess_db for b in found.bands if b.low >= 8000 and b.excess_db is not None]
    return (
        f"| {name} | {seed} | {select} | {run.fit.best_step if run.fit else 0} | {found.esr:.2e} "
        f"| {found.esr_pre_emphasised:.2e} | {found.mrstft:.3f} | {found.log_spectral_db:.2f} "
        f"| {max(high, default=0.0):+.1f} | {found.predicted_mushra:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("--captures", default=",".join(CAPTURES))
    parser.add_argument("--seeds", default="0,1")
    chosen = parser.parse_args()
    print(
        "| capture | seed | chosen by | best step | ESR | ESR, pre-emphasised | MR-STFT "
        "| log-spectral, dB | excess over 8 kHz, dB | MUSHRA, predicted |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in chosen.captures.split(","):
        for seed in map(int, chosen.seeds.split(",")):
            for select in get_args(Select):
                print(row(chosen.audio, name, select, seed), flush=True)


if __name__ == "__main__":
    main()
