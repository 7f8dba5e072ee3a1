"""What a study costs besides its trainings: the time in which a worker had nothing to do.

    python -m benchmarks.scheduling

Eight trainings of ten seconds each on the workers that a study takes here. From the end of a
training, when its outcome is written, to the beginning of the same worker's next one, its result
travels, is journalled, and the next job comes: that is scheduling. Starting the workers is told
apart.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import yaml

from drywet.studies.outcome import read_outcome
from drywet.studies.run import study
from drywet.verbs.process import process
from drywet.verbs.signal import signal

JOBS = 8
SECONDS = 10


def declare(folder: Path) -> Path:
    dry, wet = folder / "dry.wav", folder / "wet.wav"
    signal(dry, seconds=30, rate=22_050)
    process("sd1", dry, wet)
    content = {
        "name": "scheduling",
        "pairs": [{"name": "SD-1", "dry": "dry.wav", "wet": "wet.wav"}],
        "settings": {"training": {"seconds": SECONDS}},
        "evaluation": "scores",
        "seeds": JOBS,
        "grids": [{"name": "g", "axes": {"model": [{"hidden": 8}]}}],
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        path = declare(folder)
        began = time.time()
        study(path, folder / "out")
        files = sorted(
            (folder / "out").glob("points/*/study.json"), key=lambda p: p.stat().st_mtime
        )
        trained = busy = between = 0.0
        last: dict[str, float] = {}
        starts = []
        for file in files:
            outcome = read_outcome(file.parent)
            assert outcome is not None
            ended = file.stat().st_mtime
            handed = ended - outcome.busy_seconds
            if outcome.worker in last:
                between += handed - last[outcome.worker]
            else:
                starts.append(handed - began)
            last[outcome.worker] = ended
            trained += outcome.train_seconds
            busy += outcome.busy_seconds
        assert len(files) == JOBS
        wall = max(last.values()) - began
        print(f"{JOBS} trainings of {SECONDS} s on {len(last)} workers: {wall:.1f} s")
        print(f"trained {trained:.1f} s, prepared and scored {busy - trained:.1f} s")
        print(f"until a worker was at work: {max(starts):.1f} s (checks, start of Python, imports)")
        share = between / (busy + between)
        gaps = JOBS - len(last)
        print(f"between trainings: {between:.3f} s in {gaps} gaps, {share:.2%} of the time")


if __name__ == "__main__":
    main()
