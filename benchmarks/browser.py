"""Cost of a sample in the page's kernels (WebAssembly in Node), beside NAM Core's own WebAssembly.

    npm install --prefix tests/nam_core
    python -m benchmarks.browser ../shared/models/nam

A second of an electric guitar in blocks of 128, as an audio worklet has them; the median of some
rounds in which all take turns. "Dying away" is a second of silence after its first samples:
WebAssembly cannot flush subnormal numbers to zero.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from base64 import b64encode
from pathlib import Path

import drywet
from benchmarks.circuits import guitar
from drywet.browser import playable
from drywet.formats.load import load

ROOT = Path(__file__).resolve().parent.parent
MODELS = {
    "LSTM 16": "BossLSTM-1x16", "A1 standard": "BossWN-standard", "A1 feather": "BossWN-feather",
    "A1 nano": "BossWN-nano", "A2": "BossWN-a2",
}  # fmt: skip
OVERSAMPLED = ("LSTM 16", "A1 standard")
CIRCUITS = ("sd1", "ts808", "ds1", "rat", "bigmuff", "fuzzface", "black65", "triode")
SECOND = 48_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    jobs = {}
    for name, file in MODELS.items():
        path = (chosen.models / f"{file}.nam").resolve()
        model = playable.model(load(path))
        jobs[name] = {"model": model, "file": str(path)}
        if name in OVERSAMPLED:
            for factor in (2, 4):
                around = playable.oversampler(model["rate"], factor)
                jobs[f"{name}, {factor} times"] = {"model": model, "filters": around}
    for name in CIRCUITS:
        jobs[f"circuit {name}, 2 times"] = {
            "model": playable.circuit(name, SECOND, 2, {}),
            "filters": playable.oversampler(SECOND, 2),
        }
    done = subprocess.run(
        ["node", Path(__file__).with_suffix(".mjs")], text=True, check=True, capture_output=True,
        input=json.dumps({
            "wasm": str(Path(drywet.__file__).parent / "browser" / "kernels.wasm"),
            "core": str(ROOT / "tests" / "nam_core"), "jobs": list(jobs.values()),
            "rounds": chosen.rounds, "x": b64encode(guitar(1.0).tobytes()).decode(),
        }),
    )  # fmt: skip
    print("| | drywet, ns | NAM Core, ns | share of real time | dying away, ns |")
    print("|---|---|---|---|---|")
    for name, found in zip(jobs, json.loads(done.stdout), strict=True):
        theirs = "" if found["theirs"] is None else f"{found['theirs']:.0f}"
        share = found["ours"] * 1e-9 * SECOND
        print(f"| {name} | {found['ours']:.0f} | {theirs} | {share:.0%} | {found['silence']:.0f} |")


if __name__ == "__main__":
    main()
