"""What `drywet clean` does to models, beside their own students where others have made them.

    python -m benchmarks.cleaning runs/ts9 runs/ds1 ...
    python -m benchmarks.cleaning --student STUDENT.json --pair DRY WET TEACHER.json

Each model, a run or a file of any format that drywet reads, is cleaned into a temporary folder;
a file learns from its own oversampled self. Aliasing is that of the grid of sines of
`drywet.metrics.sines` (36 of them, 65 Hz to 4.2 kHz, 0 to -36 dBFS, of a run those up to its
recording's peak), mean and worst. The ESR is to a run's device on its held-out audio; of a file to
the device of ``--pair``, all of it, where one is given. ``--student`` is scored beside it: the
same model after another's treatment, such as those of a-carson/dafx25_antialiasing_neural (Carson,
Wright and Bilbao, DAFx 2025). Seconds are of training.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import drywet
from drywet.evaluation.probes import player_of, settling
from drywet.metrics import aliasing, sines
from drywet.runs.folder import RunFolder


def row(name: str, path: Path, loudest: float | None, esr: float | None, seconds: float) -> None:
    """A model's line of the table."""
    trained = drywet.load(path)
    grid = sines.measure(player_of(trained, 1), trained.card.rate, settling(trained, 1))
    found = aliasing.evaluate(grid)
    worst = aliasing.worst_taught(found.points, loudest).asr_db
    said = "" if esr is None else f"{esr:.2e}"
    mean = aliasing.up_to(found, loudest)
    print(f"| {name} | {mean:.1f} | {worst:.1f} | {said} | {seconds:.0f} |", flush=True)


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
    print("| model | aliasing, mean dB | worst | ESR | seconds |\n|---|---|---|---|---|")
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
