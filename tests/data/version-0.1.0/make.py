"""Makes the files of this folder with the drywet that is installed (see README.md)."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import lfilter

HERE = Path(__file__).resolve().parent
PLACE = Path("/tmp/made-by-0.1.0")  # runs keep the paths of their recordings: tests replace this
DRYWET = [sys.executable, "-m", "drywet.cli.app"]
PAIR = ["recordings/dry.flac", "recordings/wet.flac"]
SHORT = ["--segment", "1024", "--batch", "8"]
LEFT_OUT = ("figures", "audio", ".*", "*.lock", "low.flac", "wet.wav")

STUDY = """\
name: small
pairs:
  - {name: overdrive, dry: recordings/dry.flac, wet: recordings/wet.flac}
settings:
  loss: {esr: 0, mae: 1}
  training: {batch: 16, segment: 1, learning_rate: 0.001, final_rate: 1, threads: 1}
evaluation: scores
grids:
  - name: sizes
    axes:
      model: [{kind: windowed, hidden: 2, frame: 8}, {kind: windowed, hidden: 3, frame: 8}]
      training.examples: [300]
      training.epochs: [1, 3]
  - name: long
    axes:
      model: [{kind: windowed, hidden: 2, frame: 8}]
      training.examples: [8000]
      training.epochs: [45]
"""


def playing(seconds: float, rate: int) -> np.ndarray:
    """Decaying notes with pauses."""
    rng = np.random.default_rng(0)
    x = np.zeros(round(seconds * rate))
    at = 0
    while at < len(x):
        length = int(rng.uniform(0.15, 0.5) * rate)
        t = np.arange(min(length, len(x) - at)) / rate
        f = 82.4 * 2 ** (rng.integers(0, 36) / 12)
        note = sum(np.exp(-t * (3 + k)) * np.sin(2 * np.pi * k * f * t) / k for k in range(1, 7))
        x[at : at + len(t)] += rng.uniform(0.05, 0.3) * note * np.minimum(t / 0.002, 1)
        at += length
    return x


def save(path: Path, samples: np.ndarray, rate: int) -> None:
    """Of 10 bits: enough to learn from, and small."""
    soundfile.write(path, np.round(samples * 512) / 512, rate, subtype="PCM_16")


def drywet(*args: str) -> None:
    subprocess.run([*DRYWET, *args], cwd=PLACE, check=True, stdout=subprocess.DEVNULL)


def until(condition, *args: str) -> None:
    """Start it, and stop it by Ctrl-C once the condition holds."""
    process = subprocess.Popen([*DRYWET, *args], cwd=PLACE, stdout=subprocess.DEVNULL)
    while not condition():
        assert process.poll() is None, "it ended before"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130


def lines(path: Path) -> int:
    return path.read_text().count("\n") if path.is_file() else 0


def main() -> None:
    shutil.rmtree(PLACE, ignore_errors=True)
    (PLACE / "recordings").mkdir(parents=True)
    dry = playing(6, 16_000)
    wet = 0.4 * lfilter([0.2], [1, -0.8], np.tanh(6 * dry + 0.2) - np.tanh(0.2))
    save(PLACE / "recordings" / "dry.flac", dry, 16_000)
    save(PLACE / "recordings" / "wet.flac", wet, 16_000)
    save(PLACE / "recordings" / "low.flac", playing(5, 8_000), 8_000)
    (PLACE / "study.yaml").write_text(STUDY)
    (PLACE / "milestones.json").write_text('{"training": {"milestones": [1, 2], "final_rate": 1}}')

    drywet("train", *PAIR, "-o", "finished", "--hidden", "3", "--epochs", "3", *SHORT)
    drywet("train", "--device", "sd1", "--drive", "0.7", "--signal", "recordings/low.flac",
           "-o", "device", "--hidden", "2", "--epochs", "1", *SHORT)  # fmt: skip
    until(
        lambda: lines(PLACE / "interrupted" / "history.jsonl") >= 20,
        "train", *PAIR, "-o", "interrupted", "--hidden", "2", "--epochs", "40", *SHORT,
    )  # fmt: skip
    drywet("train", *PAIR, "-o", "seeds", "--hidden", "2", "--epochs", "1", "--seeds", "2", *SHORT)
    drywet("train", *PAIR, "-o", "windowed", "--model", "windowed", "--hidden", "3", "--frame", "8",
           "--epochs", "2", "--examples", "400", "--config", "milestones.json")  # fmt: skip
    points = PLACE / "study" / "points"
    until(
        lambda: len(list(points.glob("*/study.json"))) == 2
        and any(
            (run / "checkpoint.pt").exists() and not (run / "study.json").exists()
            for run in points.glob("*")
        ),
        "study", "study.yaml", "-o", "study", "--jobs", "1",
    )  # fmt: skip
    for path in HERE.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    for path in PLACE.iterdir():
        if path.is_dir() and path.name != "device-capture":
            shutil.copytree(path, HERE / path.name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    shutil.copy(PLACE / "study.yaml", HERE)
    # Small: what one run has is left out of the others.
    for name in ("interrupted", "windowed", "seeds/seed-0", "seeds/seed-1"):
        (HERE / name / "scores.json").unlink()
    for path in (*HERE.glob("seeds/*/checkpoint.pt"), HERE / "device" / "checkpoint.pt"):
        path.unlink()
    for path in HERE.glob("study/points/*/study.json"):
        path.with_name("checkpoint.pt").unlink()
    for path in (*HERE.rglob("scores.json"), *HERE.rglob("device.json")):  # no longer indented
        path.write_text(json.dumps(json.loads(path.read_bytes()), separators=(",", ":")))


main()
