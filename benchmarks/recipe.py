"""How the default recipe was chosen: variants trained on the real captures.

    python -m benchmarks.recipe ../shared/audio > recipe.md

Every variant of a capture trains an LSTM of 16 units for the same number of seconds, in one cycle
from one start, one after the other on all cores of a machine that does nothing else. Scores are
geometric means over the seeds.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import drywet
from drywet.verbs.scored_run import Run


@dataclass(frozen=True)
class Capture:
    """A recording: its files, the seconds held out, the model's rate, and the budget."""

    dry: str
    wet: str
    test: tuple[float, float | None] | None = None
    rate: int | None = None
    seconds: float | None = None

    def train(self, folder: Path, capture: dict[str, Any] | None = None, **settings: Any) -> Run:
        """Train on it, in a place that is gone afterwards.

        Args:
            folder: of all recordings.
            capture: more settings of it.
            settings: of `drywet.train`.
        """
        with tempfile.TemporaryDirectory() as place:
            return drywet.train(
                folder / self.dry, folder / self.wet, out=Path(place) / "run",
                capture=drywet.CaptureConfig(test=self.test, rate=self.rate, **capture or {}),
                **settings,
            )  # fmt: skip


CAPTURES = {
    "SD-1": Capture("seed/dry.mp3", "seed/sd1.mp3", (8.0, None), 22_050, 10),
    "TS9": Capture("ts9/dry.flac", "ts9/wet.flac", (26.4, None), None, 20),
    "DS-1": Capture("ds1/dry.flac", "ds1/wet.flac", (33.74, None), None, 20),
}


@dataclass(frozen=True)
class Variant:
    """What is changed from the defaults."""

    training: dict[str, Any] = field(default_factory=dict)
    capture: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    loss: dict[str, Any] = field(default_factory=dict)


ADAM = {"optimizer": "adam", "batch": 16, "segment": 2048, "learning_rate": 16e-3}

VARIANTS = {
    "default": Variant(),
    "Adam batch 16": Variant(training=ADAM),
    "Adam batch 64": Variant(training=ADAM | {"batch": 64}),
    "SOAP batch 16": Variant(training={"batch": 16}),
    "segment 2048": Variant(training={"segment": 2048}),
    "learning rate 0.016": Variant(training={"learning_rate": 16e-3}),
    "learning rate 0.064": Variant(training={"learning_rate": 64e-3}),
    "weight decay 0.01": Variant(training={"weight_decay": 0.01}),
    "bptt 256": Variant(training={"bptt": 256}),
    "bptt 1024": Variant(training={"bptt": 1024}),
    "margin 0": Variant(capture={"margin": 0}),
    "margin 2": Variant(capture={"margin": 2}),
    "input skip": Variant(model={"skip": True}),
    "pre-emphasis 0": Variant(loss={"pre_emphasis": 0.0}),
    "pre-emphasis 0.85": Variant(loss={"pre_emphasis": 0.85}),
    "MR-STFT 0.01": Variant(loss={"mrstft": 0.01}),
}


def mean(values: list[float]) -> float:
    """Geometric."""
    return math.exp(fmean(map(math.log, values)))


def score(folder: Path, point: tuple[str, str], seeds: int) -> str:
    """Train one variant on one capture, seed after seed; returns a row of the table."""
    name, capture_name = point
    chosen, capture = VARIANTS[name], CAPTURES[capture_name]
    scores = [
        capture.train(
            folder, chosen.capture, model=drywet.RecurrentConfig(**chosen.model),
            loss=drywet.LossConfig(**chosen.loss),
            training=drywet.TrainingConfig(seconds=capture.seconds, seed=seed, **chosen.training),
        ).evaluation
        for seed in range(seeds)
    ]  # fmt: skip
    each = " ".join(f"{one.esr:.2e}" for one in scores)
    return (
        f"| {capture_name} | {name} | {mean([one.esr for one in scores]):.2e} ({each}) "
        f"| {mean([one.esr_pre_emphasised for one in scores]):.2e} "
        f"| {mean([one.mrstft or 1.0 for one in scores]):.3f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("--captures", default=",".join(CAPTURES))
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    names = chosen.variants.split(",")
    points = [(name, capture) for capture in chosen.captures.split(",") for name in names]
    print("| capture | variant | ESR (of each seed) | ESR, pre-emphasised | MR-STFT |")
    print("|---|---|---|---|---|")
    for point in points:
        print(score(chosen.folder, point, chosen.seeds), flush=True)


if __name__ == "__main__":
    main()
