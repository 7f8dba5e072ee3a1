"""What teaches a WaveNet most in the same arithmetic: optimiser, rate and windows; test ESR.

    python -m benchmarks.wavenet_recipe ../shared/audio
    python -m benchmarks.wavenet_recipe ../shared/audio --preset standard --captures ts9 --seeds 3

Windows of 2048 outputs behind a receptive field of 4093 waste two samples for each that is learned
from, those of 8192 half of one: with as many epochs as make up for that all recipes go through
about as many samples.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import drywet
from drywet import CaptureConfig, TrainingConfig, WaveNetConfig

CAPTURES = ("sd1-nam", "ts9", "ds1")
RECIPES = (
    ("soap", 32e-3, 4, 8192), ("soap", 16e-3, 4, 8192), ("soap", 8e-3, 4, 8192),
    ("adam", 8e-3, 8, 2048),
    ("soap", 8e-3, 8, 2048), ("adam", 8e-3, 4, 8192), ("adam", 4e-3, 4, 8192),
)  # fmt: skip


def outcome(place: Path, capture: Path, config: WaveNetConfig, recipe, samples: int, seed: int):
    optimizer, rate, batch, segment = recipe
    window = segment + config.receptive_field - 1
    training = TrainingConfig(
        optimizer=optimizer, learning_rate=rate, batch=batch, segment=segment, seed=seed,
        epochs=samples * segment / window, restarts=1,
    )  # fmt: skip
    run = drywet.train(
        capture / "dry.flac", capture / "wet.flac", model=config, training=training,
        capture=CaptureConfig(force=True), out=place / "run", overwrite=True,
    )  # fmt: skip
    return run.evaluation.esr, run.fit.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path)
    parser.add_argument("--preset", default="feather")
    parser.add_argument("--captures", nargs="+", default=CAPTURES)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--passes", type=float, default=45.0, help="epochs, the past counted")
    chosen = parser.parse_args()
    config = WaveNetConfig(preset=chosen.preset)
    print(f"{config.title}, mean ESR of {chosen.seeds} seeds (seconds)\n")
    print("| optimiser | rate | batch | segment | " + " | ".join(chosen.captures) + " |")
    print("|---" * (4 + len(chosen.captures)) + "|")
    with tempfile.TemporaryDirectory() as place:
        for recipe in RECIPES:
            cells = []
            for name in chosen.captures:
                found = [
                    outcome(Path(place), chosen.audio / name, config, recipe, chosen.passes, seed)
                    for seed in range(chosen.seeds)
                ]
                esr, seconds = (statistics.mean(part) for part in zip(*found, strict=True))
                cells.append(f"{esr:.2e} ({seconds:.0f})")
            print(
                "| " + " | ".join(map(str, recipe)) + " | " + " | ".join(cells) + " |", flush=True
            )


if __name__ == "__main__":
    main()
