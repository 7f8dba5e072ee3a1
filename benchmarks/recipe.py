"""How the default recipe was chosen: variants trained on the real captures.

    python -m benchmarks.recipe ../shared/audio > recipe.md

Every variant of a capture trains for the same number of seconds, one after the other on all
cores of a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import drywet


@dataclass(frozen=True)
class Capture:
    """A recording: its files, the seconds held out, the model's rate and size, and the budget."""

    dry: str
    wet: str
    test: tuple[float, float | None]
    rate: int | None
    hidden: int
    seconds: float


CAPTURES = {
    "SD-1": Capture("seed/dry.mp3", "seed/sd1.mp3", (8.0, None), 22_050, 16, 30),
    "TS9": Capture("ts9/dry.flac", "ts9/wet.flac", (26.4, None), None, 32, 60),
    "DS-1": Capture("ds1/dry.flac", "ds1/wet.flac", (33.74, None), None, 32, 60),
}


@dataclass(frozen=True)
class Variant:
    """What is changed from the defaults."""

    training: dict[str, Any] = field(default_factory=dict)
    capture: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    loss: dict[str, Any] = field(default_factory=dict)


VARIANTS = {
    "default": Variant(),
    "default seed 1": Variant(training={"seed": 1}),
    "batch 8": Variant(training={"batch": 8}),
    "batch 32": Variant(training={"batch": 32}),
    "batch 32 seed 1": Variant(training={"batch": 32, "seed": 1}),
    "learning rate 0.008": Variant(training={"learning_rate": 8e-3}),
    "learning rate 0.004": Variant(training={"learning_rate": 4e-3}),
    "learning rate 0.032": Variant(training={"learning_rate": 32e-3}),
    "bptt 256": Variant(training={"bptt": 256}),
    "bptt 1024": Variant(training={"bptt": 1024}),
    "margin 0": Variant(capture={"margin": 0}),
    "margin 2": Variant(capture={"margin": 2}),
    "input skip": Variant(model={"skip": True}),
    "pre-emphasis 0.85": Variant(loss={"pre_emphasis": 0.85}),
    "MR-STFT 0.01": Variant(loss={"mrstft": 0.01}),
}


def score(folder: Path, point: tuple[str, str]) -> str:
    """Train one variant on one capture; returns a row of the table."""
    name, capture_name = point
    chosen, capture = VARIANTS[name], CAPTURES[capture_name]
    with tempfile.TemporaryDirectory() as scratch:
        run = drywet.train(
            folder / capture.dry,
            folder / capture.wet,
            out=Path(scratch) / "run",
            model=drywet.RecurrentConfig(hidden=capture.hidden, **chosen.model),
            loss=drywet.LossConfig(**chosen.loss),
            training=drywet.TrainingConfig(seconds=capture.seconds, **chosen.training),
            capture=drywet.CaptureConfig(rate=capture.rate, test=capture.test, **chosen.capture),
        )
    result = run.evaluation
    return (
        f"| {capture_name} | {name} | {result.esr:.5f} | {result.esr_pre_emphasised:.4f} "
        f"| {result.mrstft:.3f} | {run.fit.steps if run.fit else 0} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("--captures", default=",".join(CAPTURES))
    parser.add_argument("--variants", default=",".join(VARIANTS))
    chosen = parser.parse_args()
    names = chosen.variants.split(",")
    points = [(name, capture) for capture in chosen.captures.split(",") for name in names]
    print("| capture | variant | ESR | ESR, pre-emphasised | MR-STFT | steps |")
    print("|---|---|---|---|---|---|")
    for point in points:
        print(score(chosen.folder, point), flush=True)


if __name__ == "__main__":
    main()
