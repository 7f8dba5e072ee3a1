"""Seconds of training until the ESR that another version of drywet ends with.

    python -m benchmarks.time_to_esr ../shared/audio --before OLD/bin/python [--only NAME,...]

Both versions train by their defaults, as processes of their own, one after the other, seed after
seed. The time is that of training, validation included; checks, scores and figures come on top of
both. ``to it`` is when the validation ESR of the new one first was at most the old one's best;
the ESR is that of the held-out test audio. Geometric means over the seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean

CAPTURES = {
    "SD-1": ("seed/dry.mp3", "seed/sd1.mp3", "8:", ("--rate", "22050")),
    "TS9": ("ts9/dry.flac", "ts9/wet.flac", "26.4:", ()),
    "DS-1": ("ds1/dry.flac", "ds1/wet.flac", "33.74:", ()),
}
POINTS = [("SD-1", 16), ("TS9", 16), ("DS-1", 16), ("TS9", 32), ("DS-1", 32)]


def trained(
    python: str, audio: Path, point: tuple[str, int], seed: int
) -> tuple[float, list[tuple[float, float]]]:
    """Test ESR, and the seconds and the best validation ESR of all starts, row by row."""
    name, hidden = point
    dry, wet, test, more = CAPTURES[name]
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch).resolve() / "run"
        command = [
            python, "-c", "from drywet.cli.app import main; main()", "train",
            str(audio.resolve() / dry), str(audio.resolve() / wet),
            "-o", str(run), "--test", test, "--hidden", str(hidden), "--seed", str(seed), *more,
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd=scratch)
        esr = json.loads((run / "scores.json").read_text())["esr"]
        lines = (run / "history.jsonl").read_text().splitlines()
    spent: dict[int, float] = {}
    rows, best = [], math.inf
    for row in map(json.loads, lines):
        spent[row.get("start") or 0] = row["seconds"]
        best = min(best, row["best_esr"])
        rows.append((sum(spent.values()), best))
    return esr, rows


def mean(values: list[float]) -> float:
    """Geometric."""
    return math.exp(fmean(map(math.log, values)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("--before", required=True, help="Python that has the other version")
    parser.add_argument("--only", default="", help="such as SD-1/16,DS-1/32")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    wanted = [one for one in chosen.only.split(",") if one]
    print("| capture, net | before: ESR | s | after: ESR | s | s to it | ratio |")
    print("|---|---|---|---|---|---|---|")
    for point in POINTS:
        if wanted and f"{point[0]}/{point[1]}" not in wanted:
            continue
        old, new, old_s, new_s, to_it = [], [], [], [], []
        for seed in range(chosen.seeds):
            esr, rows = trained(chosen.before, chosen.audio, point, seed)
            old.append(esr)
            old_s.append(rows[-1][0])
            goal = rows[-1][1]
            esr, rows = trained(sys.executable, chosen.audio, point, seed)
            new.append(esr)
            new_s.append(rows[-1][0])
            to_it.append(next((at for at, best in rows if best <= goal), math.inf))
        ratio = mean(old_s) / mean(to_it) if max(to_it) < math.inf else 0.0
        print(
            f"| {point[0]}, LSTM {point[1]} | {mean(old):.2e} | {fmean(old_s):.1f} "
            f"| {mean(new):.2e} | {fmean(new_s):.1f} | {fmean(to_it):.1f} "
            f"| {f'{ratio:.1f}' if ratio else 'not reached by every seed'} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
