"""What a short training makes of a capture at every delay about the one that drywet finds.

Run from the top of the repository; trainings that are in the file already are not done again::

    python -m benchmarks.delay_curves ../shared/audio out/delays.json [--only NAME,...]
        [--seeds 0,1] [--steps 600] [--figure docs/figures/delays.png]

``name@25`` is the first 25 s of a capture. Table and figure take the geometric mean of the seeds:
trainings at one and the same delay lie some 10 % apart.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.real_pairs import load_real
from drywet.data.prepare import at_model_rate
from drywet.data.split import split, total
from drywet.dsp.causal_fit import CausalFit
from drywet.models.registry import build
from drywet.pair.delay import find_delay
from drywet.pair.load import Pair
from drywet.runs.config import Settings
from drywet.runs.folder import RunFolder
from drywet.trained.metadata import Metadata
from drywet.trained.model_file import ModelCard
from drywet.training.control import Control
from drywet.training.data import TrainingCapture, TrainingData
from drywet.training.gains import set_gains
from drywet.training.hardware import use_threads
from drywet.training.trainer import Trainer

CAPTURES = (
    "jvm410h-knobs/B1_M3_T7@25", "ts9", "ds1", "honeybee", "sd1-nam", "seed/sd1",
    "jvm410h-knobs/B10_M0_T0", "real/ht1", "real/bigmuff", "real/facebender3",
    "hrd3-drive/drive10_master1", "real/egfx_TubeScreamer",
)  # fmt: skip
REACH = 8
SECONDS = 25.0
MARGIN = 1  # as `drywet train` has it


def trained_esr(pair: Pair, delay: int, steps: int, seed: int) -> float:
    """Validation ESR of the default net after so many steps, the wet taken as so late."""
    aligned = pair.aligned(delay)
    stop = int(SECONDS * pair.rate)
    cut = Pair(aligned.dry[:stop], aligned.wet[:stop], pair.rate)
    prepared = at_model_rate(cut, pair.rate, MARGIN)
    parts = split(len(prepared.dry), pair.rate, ())
    data = TrainingData((TrainingCapture(prepared.dry, prepared.wet, parts),), pair.rate)
    settings = Settings()
    epochs = steps * settings.batch * settings.segment / total(parts.train)
    training = {"epochs": epochs, "seed": seed, "threads": 1, "validate_every": steps // 10}
    settings = Settings.model_validate({"training": training})
    torch.manual_seed(seed)
    model = build(settings.model)
    set_gains(model, data)
    cpu = torch.device("cpu")
    use_threads(1, settings.model, cpu)
    card = ModelCard(
        model=settings.model, rate=pair.rate, output_latency=MARGIN, metadata=Metadata()
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        return Trainer(model, card, data, settings, folder, cpu, Control()).run().best_esr


def curve(done: dict[str, float], name: str, seeds: list[int], steps: int) -> dict[int, float]:
    """Geometric mean over the seeds at every delay where all of them are done, by delay."""
    delays = sorted({int(key.split()[-3]) for key in done if key.split()[0] == name})
    found = {}
    for delay in delays:
        each = [done.get(f"{name} {delay} {seed} {steps}") for seed in seeds]
        if None not in each:
            found[delay] = float(np.exp(np.mean(np.log(np.array(each, float)))))
    return found


def picture(curves: dict[str, tuple[int, dict[int, float]]], target: Path) -> None:
    from drywet.figures.canvas import PREDICTION, TARGET, new_figure, save

    columns = 4
    lines = -(-len(curves) // columns)
    figure = new_figure(12, 2.4 * lines)
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for plot, (name, (found, errors)) in zip(axes, curves.items(), strict=False):
        plot.semilogy(list(errors), list(errors.values()), color=TARGET, marker=".", lw=1)
        plot.axvline(found, color=PREDICTION, lw=1)
        plot.set_title(name, loc="left", fontsize=8)
        plot.tick_params(labelsize=7, which="both")
    for plot in axes[len(curves) :]:
        plot.remove()
    figure.supxlabel("delay in samples; the line is the one that drywet finds", fontsize=9)
    figure.supylabel("validation ESR", fontsize=9)
    save(figure, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("results", type=Path, help="JSON file of what is done")
    parser.add_argument("--only", default=",".join(CAPTURES))
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/delays.png"))
    chosen = parser.parse_args()
    seeds = [int(text) for text in chosen.seeds.split(",")]
    done = json.loads(chosen.results.read_text()) if chosen.results.exists() else {}
    curves = {}
    for name in chosen.only.split(","):
        pair = load_real(chosen.audio, name)
        centre = find_delay(pair, CausalFit(pair.dry, pair.rate)).samples
        for delay in range(centre - REACH, centre + REACH + 1):
            for seed in seeds:
                key = f"{name} {delay} {seed} {chosen.steps}"
                if key not in done:
                    done[key] = trained_esr(pair, delay, chosen.steps, seed)
                    chosen.results.parent.mkdir(parents=True, exist_ok=True)
                    chosen.results.write_text(json.dumps(done, indent=0))
                    print(f"{key}: {done[key]:.5f}", flush=True)
        errors = curve(done, name, seeds, chosen.steps)
        curves[name] = (centre, {d: e for d, e in errors.items() if abs(d - centre) <= REACH})
    print("| capture | delay found | its ESR | best ESR | at | ESR 4 less | 4 more |")
    print("|---|---|---|---|---|---|---|")
    for name, (found, errors) in curves.items():
        best = min(errors, key=lambda delay: errors[delay])
        print(
            f"| {name} | {found} | {errors[found]:.2e} | {errors[best]:.2e} | {best} "
            f"| {errors[found - 4]:.2e} | {errors[found + 4]:.2e} |"
        )
    picture(curves, chosen.figure)


if __name__ == "__main__":
    main()
