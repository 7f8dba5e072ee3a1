"""What `drywet clean` does to models, beside their own students where others have made them.

    python -m benchmarks.cleaning runs/ts9 runs/ds1 ...
    python -m benchmarks.cleaning --student STUDENT.json --pair DRY WET TEACHER.json

Each model, a run or a file of any format that drywet reads, is cleaned into a temporary folder;
a file learns from its own oversampled self. Aliasing is that of the grid of sines of
`drywet.metrics.sines` (36 of them, 65 Hz to 4.2 kHz, 0 to -36 dBFS, of a run those up to its
recording's peak), mean and worst. The ESR is to a run's device on its held-out audio; of a file to
the device of ``--pair``, all of it, where one is given. "Played" is the error of notes up the first
string and of strummed chords against the same model 8 times oversampled, in dB: aliases and, less,
what the higher rate changes otherwise. ``--student`` is scored beside it: the
same model after another's treatment, such as those of a-carson/dafx25_antialiasing_neural (Carson,
Wright and Bilbao, DAFx 2025). Seconds are of training.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

import drywet
from drywet.dsp.passages import strummed
from drywet.evaluation.by_ear import up_the_neck
from drywet.evaluation.probes import player_of, settling
from drywet.inference.stream import predict
from drywet.metrics import aliasing, sines
from drywet.runs.folder import RunFolder
from drywet.trained.model_file import TrainedModel


def row(name: str, path: Path, loudest: float | None, esr: float | None, seconds: float) -> None:
    """A model's line of the table."""
    trained = drywet.load(path)
    grid = sines.measure(player_of(trained, 1), trained.card.rate, settling(trained, 1))
    found = aliasing.evaluate(grid)
    worst = aliasing.worst_taught(found.points, loudest).asr_db
    said = "" if esr is None else f"{esr:.2e}"
    mean = aliasing.up_to(found, loudest)
    notes = played(trained, loudest)
    print(
        f"| {name} | {mean:.1f} | {worst:.1f} | {notes:.1f} | {said} | {seconds:.0f} |", flush=True
    )


def played(trained: TrainedModel, loudest: float | None) -> float:
    """How far notes and chords are from those of the model oversampled, in dB."""
    rate, peak = trained.card.rate, min(loudest or -1.0, -1.0)
    chords = strummed(10.0, rate, np.random.default_rng(0)) * 10 ** (peak / 20)
    dry = np.concatenate((up_the_neck(rate, peak), chords)).astype(np.float32)
    own, clean = (predict(trained, dry, factor).astype(np.float64) for factor in (1, 8))
    return float(10 * np.log10(np.sum((own - clean) ** 2) / np.sum(clean**2)))


def score(path: Path, pair: list[Path] | None) -> float | None:
    """ESR of a run on its held-out audio, of a file on all of a pair."""
    if path.is_dir() and pair is None:
        return drywet.evaluate(path).esr
    return None if pair is None else drywet.evaluate(path, *pair).esr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--student", type=Path)
    parser.add_argument("--pair", nargs=2, type=Path)
    chosen = parser.parse_args()
    print("| model | aliasing, mean dB | worst | played, dB | ESR | seconds |")
    print("|---|---|---|---|---|---|")
    for path in chosen.models:
        is_run = path.is_dir()
        loudest = RunFolder.open(path).config().trained_peak_dbfs if is_run else None
        row(path.stem, path, loudest, score(path, chosen.pair), 0)
        with tempfile.TemporaryDirectory() as folder:
            run = drywet.clean(path, out=Path(folder) / "clean")
            model = run.path / "model.safetensors"
            esr = run.evaluation.esr if is_run else score(model, chosen.pair)
            assert run.fit is not None
            row(f"{path.stem}, cleaned", run.path, loudest, esr, run.fit.seconds)
    if chosen.student is not None:
        row(f"{chosen.student.stem}", chosen.student, None, score(chosen.student, chosen.pair), 0)


if __name__ == "__main__":
    main()
