"""From which level on a net is chaotic on steady sines.

    python -m benchmarks.chaos runs/my-pedal runs/my-pedal-clean ...

A sine has an odd number of periods in 4096 samples. Once a net has settled on it (half a second),
its answer over two such frames holds nothing between the bins of one, unless the net goes its own
way: over a thousandth of the energy there counts as chaos. Levels rise by 3 dB from -24 to 12 dBFS,
peak; knobs are in the middle.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import drywet
from drywet.inference.stream import Stream
from drywet.trained.model_file import TrainedModel

FREQUENCIES_HZ = (110, 440, 1500, 4000)
LEVELS_DB = range(-24, 13, 3)
_FRAME = 4096
_OWN_WAY = 1e-3  # of the energy


def begins(trained: TrainedModel, hz: float) -> int | None:
    """The lowest level, in dBFS, at which a net is chaotic; ``None`` where it never is."""
    rate = trained.card.rate
    turns = 2 * np.pi * (round(hz * _FRAME / rate) | 1) / _FRAME
    n = np.arange(rate // 2 + 2 * _FRAME)
    for level in LEVELS_DB:
        sine = (10 ** (level / 20) * np.sin(turns * n)).astype(np.float32)
        power = np.abs(np.fft.rfft(Stream(trained).process(sine)[-2 * _FRAME :])) ** 2
        if power[3::2].sum() > _OWN_WAY * power[2::2].sum():
            return level
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path, help="runs, or models of any format")
    print("| net | " + " | ".join(f"{hz} Hz" for hz in FREQUENCIES_HZ) + " |")
    print("|---|" + "---|" * len(FREQUENCIES_HZ))
    for path in parser.parse_args().models:
        found = [begins(drywet.load(path), hz) for hz in FREQUENCIES_HZ]
        cells = ("none" if level is None else f"{level}" for level in found)
        print(f"| {path.name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
