"""How close the stand-in for the Black '65 comes to the real pedal's clip.

    python -m benchmarks.black65 [--fit]

The clip of ``../shared/audio/seed`` is quiet guitar with one burst; how the knobs stood is not
known. ``--fit`` looks for gain, treble, mids and bass by Nelder and Mead's method, from
several starts, with 0 dBFS at 1 V and the boost off; without it the netlist's defaults stand. What
is made small is the ESR plus a penalty where the share of the energy that no filter explains is
another than the real pedal's. The output's level is always the one that fits best.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.signal import csd, welch

from drywet.audio.read import Samples, read
from drywet.devices.catalog import find
from drywet.devices.device import Device
from drywet.models.linear.fit import fit_fir

SEED = Path(__file__).resolve().parents[2] / "shared" / "audio" / "seed"
NAMES = ("gain", "treble", "mids", "bass")
BANDS = ((60, 200), (200, 600), (600, 2000), (2000, 5000), (5000, 10_000))
TRIES = 90
PENALTY = 0.02  # for a tenfold share
STARTS = ((0.75, 0.4, 0.8, 0.35), (0.6, 0.8, 0.1, 0.5), (0.5, 0.6, 0.3, 0.7))


def played(device: Device, dry: Samples, rate: int, at: np.ndarray) -> np.ndarray:
    """With knobs through which any number goes to 0 to 1."""
    knobs = dict(zip(NAMES, positions(at), strict=True))
    return device.process(dry, rate, knobs).astype(float)


def positions(at: np.ndarray) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(np.pi * at)


def esr(prediction: np.ndarray, wet: np.ndarray) -> float:
    """At the level that fits best."""
    level = prediction @ wet / (prediction @ prediction)
    return float(np.sum((level * prediction - wet) ** 2) / np.sum(wet**2))


def response(x: np.ndarray, y: np.ndarray, rate: int) -> list[float]:
    """Gain from x to y in dB, band by band."""
    f, both = csd(x, y, rate, nperseg=4096)
    _, own = welch(x, rate, nperseg=4096)
    return [
        float(20 * np.log10(np.abs(both[(f >= a) & (f < b)]).sum() / own[(f >= a) & (f < b)].sum()))
        for a, b in BANDS
    ]


def bent(dry: np.ndarray, wet: np.ndarray) -> float:
    """Share of the energy that no filter of the dry signal explains."""
    taps = fit_fir(dry.astype(np.float32), wet.astype(np.float32), [(0, len(dry))], 512)
    linear = np.convolve(dry, taps)[: len(dry)]
    return float(np.sum((wet - linear)[512:] ** 2) / np.sum(wet[512:] ** 2))


def main() -> None:
    dry, rate = read(SEED / "dry.mp3")
    wet, _ = read(SEED / "black65.mp3")
    count = min(len(dry), len(wet))
    dry, wet = dry[:count], wet[:count].astype(float)
    loud = int(np.argmax(np.abs(dry)))
    part = slice(max(loud - rate, 0), loud + 2 * rate)  # with the burst
    device = find("black65")
    share = bent(dry[part], wet[part])

    def objective(at: np.ndarray) -> float:
        ours = played(device, dry[part], rate, at)
        off = np.log10(bent(dry[part], ours) / share)
        return esr(ours, wet[part]) + PENALTY * off**2

    at = np.arccos(1 - 2 * np.array([device.knobs[name].default for name in NAMES])) / np.pi
    if "--fit" in sys.argv:
        found = []
        for knobs in STARTS:
            start = np.arccos(1 - 2 * np.array(knobs)) / np.pi
            corners = np.vstack([start, start + 0.2 * np.eye(len(NAMES))])
            options = {"maxfev": TRIES, "initial_simplex": corners, "xatol": 1e-3}
            found.append(minimize(objective, start, method="Nelder-Mead", options=options))
        at = min(found, key=lambda result: result.fun).x
    ours = played(device, dry, rate, at)
    ours *= ours @ wet / (ours @ ours)
    print(", ".join(f"{n} {x:.2f}" for n, x in zip(NAMES, positions(at), strict=True)))
    print(f"ESR of the whole clip, at the best level: {esr(ours, wet):.4f}")
    print("| band, Hz | real, dB | stand-in, dB |\n|---|---|---|")
    real, mine = response(dry, wet, rate), response(dry, ours, rate)
    for (low, high), a, b in zip(BANDS, real, mine, strict=True):
        print(f"| {low}-{high} | {a:.1f} | {b:.1f} |")
    for name, where in (
        ("whole clip", slice(None)),
        ("second of the burst", slice(max(loud - rate // 2, 0), loud + rate // 2)),
    ):
        print(
            f"not explained by any filter, {name}: real {bent(dry[where], wet[where]):.2e}, "
            f"stand-in {bent(dry[where], ours[where]):.2e}"
        )


if __name__ == "__main__":
    main()
