"""How close the stand-in for the Black '65 comes to the real pedal's clip.

    python -m benchmarks.black65 [--fit]

The clip of ``../shared/audio/seed`` is quiet guitar with one burst. What full scale is in volts is
not known, nor how the knobs stood: ``--fit`` looks for the input's level and for all knobs by
Nelder and Mead's method, from several starts; without it the defaults stand
and only the level is looked for. What is made small is the ESR plus a penalty where the share of
the energy that no filter explains is another than the real pedal's. The output's level
is always the one that fits best.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.signal import csd, welch

from drywet.audio.read import Samples, read
from drywet.devices.catalog import find
from drywet.models.linear import fit_fir

SEED = Path(__file__).resolve().parents[2] / "shared" / "audio" / "seed"
NAMES = ("gain", "treble", "mids", "bass", "boost")
BANDS = ((60, 200), (200, 600), (600, 2000), (2000, 5000), (5000, 10_000))
TRIES = 130
PENALTY = 0.02  # for a tenfold share
STARTS = ((0.75, 0.4, 0.8, 0.35, 0.05), (0.6, 0.8, 0.1, 0.5, 0.05), (0.5, 0.6, 0.3, 0.7, 0.5))


def played(device, dry: Samples, rate: int, at: np.ndarray) -> np.ndarray:
    """At an input level in dB and knobs through which any number goes to 0 to 1."""
    knobs = dict(zip(NAMES, 0.5 - 0.5 * np.cos(np.pi * at[1:]), strict=True))
    scaled = (dry * 10 ** (np.clip(at[0], -24, 24) / 20)).astype(np.float32)
    return device.process(scaled, rate, knobs).astype(float)


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
    defaults = [device.knobs[name].default for name in NAMES]
    fits = "--fit" in sys.argv
    share = bent(dry[part], wet[part])
    best = None
    for knobs in STARTS if fits else (defaults,):
        start = np.array([0.0, *(np.arccos(1 - 2 * np.clip(knobs, 0.02, 0.98)) / np.pi)])
        free = len(start) if fits else 1

        def objective(moved: np.ndarray, start: np.ndarray = start, free: int = free) -> float:
            ours = played(device, dry[part], rate, np.append(moved, start[free:]))
            off = np.log10(bent(dry[part], ours) / share)
            return esr(ours, wet[part]) + PENALTY * off**2

        corners = np.tile(start[:free], (free + 1, 1))
        corners[1:] += np.diag([6.0, *(0.2,) * (free - 1)][:free])
        found = minimize(
            objective, start[:free], method="Nelder-Mead",
            options={"maxfev": TRIES if fits else 30, "initial_simplex": corners, "xatol": 1e-3},
        )  # fmt: skip
        if best is None or found.fun < best[0]:
            best = found.fun, np.append(found.x, start[free:])
    assert best is not None
    at = best[1]
    ours = played(device, dry, rate, at)
    ours *= ours @ wet / (ours @ ours)
    print(f"input {np.clip(at[0], -24, 24):+.1f} dB; " + ", ".join(
        f"{name} {0.5 - 0.5 * np.cos(np.pi * x):.2f}" for name, x in zip(NAMES, at[1:], strict=True)
    ))  # fmt: skip
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
