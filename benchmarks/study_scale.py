"""A study of a thousand points on a Dask cluster that loses workers and gains one.

    python -m benchmarks.study_scale [--points 1024]

A scheduler and four workers on this machine, processes of their own. After a quarter of the
trainings one worker is killed, after half another one, and one is added. Every training is as small
as one can be (two seconds of audio, a net of 1 to 4 units, a few updates, eight lengths), so that
what a study costs besides shows: the time of all workers less what they were busy. At the end the
journal, the tables and the CSV must hold every point once, and what the report takes is told.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

from drywet.studies.export import export_csv
from drywet.studies.journal import Journal
from drywet.studies.outcome import read_outcome
from drywet.studies.report import report
from drywet.studies.run import study
from drywet.studies.tables import tables
from drywet.verbs.process import process
from drywet.verbs.signal import signal

WORKERS = 4
SIZES = 4
LENGTHS = 8


def declare(folder: Path, points: int) -> Path:
    """A study of that many points on one recording."""
    dry, wet = folder / "dry.wav", folder / "wet.wav"
    signal(dry, seconds=30, rate=16_000)
    process("sd1", dry, wet)
    content = {
        "name": "scale",
        "pairs": [{"name": "SD-1", "dry": "dry.wav", "wet": "wet.wav"}],
        "settings": {
            "capture": {"test": [20, 22], "train_seconds": 2},
            "loss": {"esr": 0, "mae": 1},
            "training": {
                "examples": 256, "batch": 64, "segment": 1, "final_rate": 1,
            },
        },
        "evaluation": "scores",
        "seeds": points // (SIZES * LENGTHS),
        "grids": [
            {
                "name": "g",
                "axes": {
                    "model": [
                        {"kind": "windowed", "hidden": hidden, "frame": 8}
                        for hidden in range(1, SIZES + 1)
                    ],
                    "training.epochs": list(range(1, LENGTHS + 1)),
                },
            }
        ],
    }  # fmt: skip
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


class Cluster:
    """A scheduler and its workers; some are killed and one is added as a study goes on."""

    def __init__(self, folder: Path) -> None:
        place = folder / "scheduler.json"
        self.folder, self.log = folder, (folder / "dask.log").open("w")
        self.processes = [
            self._start(
                "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file",
                str(place),
            )
        ]  # fmt: skip
        while not place.is_file():
            time.sleep(0.1)
        self.address = json.loads(place.read_text())["address"]
        self.processes += [self.worker() for _ in range(WORKERS)]

    def _start(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *words, "--no-dashboard"],
            stdout=self.log, stderr=self.log,
        )  # fmt: skip

    def worker(self) -> subprocess.Popen[bytes]:
        return self._start(
            "dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory",
            str(self.folder),
        )  # fmt: skip

    def disturb(self, out: Path, trainings: int) -> None:
        """Kill two workers and add one, at a quarter and at half of the trainings."""
        for number, share in ((1, 0.25), (2, 0.5)):
            while sum(1 for _ in out.glob("points/*/study.json")) < share * trainings:
                time.sleep(0.5)
            self.processes[number].kill()
        self.processes.append(self.worker())

    def close(self) -> None:
        for one in self.processes:
            one.kill()
            one.wait()
        self.log.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1024)
    points = parser.parse_args().points // (SIZES * LENGTHS) * SIZES * LENGTHS
    trainings = points // LENGTHS
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        path, out = declare(folder, points), folder / "out"
        cluster = Cluster(folder)
        try:
            threading.Thread(target=cluster.disturb, args=(out, trainings), daemon=True).start()
            began = time.perf_counter()
            done = study(path, out, on=cluster.address.replace("tcp", "dask"))
            wall = time.perf_counter() - began
        finally:
            cluster.close()
        assert done.states == {"done": trainings}, (done.states, done.errors)
        files = list(out.glob("points/*/study.json"))
        outcomes = [read_outcome(file.parent) for file in files]
        busy = sum(one.busy_seconds for one in outcomes if one is not None)
        trained = sum(one.train_seconds for one in outcomes if one is not None)
        with Journal(out) as journal:
            jobs = journal.jobs()
        assert len(files) == len(jobs) == trainings
        rows = export_csv(out, folder / "out.csv")
        with (folder / "out.csv").open() as file:
            assert len(list(csv.DictReader(file))) == rows == points
        by_length = tables(out).tables[1]
        assert [len(row) for row in by_length.rows] == [1 + LENGTHS] * SIZES, by_length
        began = time.perf_counter()
        report(out)
        reporting = time.perf_counter() - began
        workers = len({one.worker for one in outcomes if one is not None})
        print(f"{trainings} trainings, {points} points in {wall:.0f} s")
        print(f"{workers} workers did them: {WORKERS} to begin with, two killed, one added")
        print("none lost; journal, tables and CSV hold every point")
        print(f"busy {busy:.0f} s, of which trained {trained:.0f} s")
        # Four for a quarter of the trainings, then three: one was killed, another replaced.
        lived = wall * (WORKERS * 0.25 + (WORKERS - 1) * 0.75)
        print(f"besides: {(lived - busy) / trainings * 1e3:.0f} ms of a worker for each training")
        print(f"a result every {wall / trainings * 1e3:.0f} ms; the report took {reporting:.1f} s")


if __name__ == "__main__":
    main()
