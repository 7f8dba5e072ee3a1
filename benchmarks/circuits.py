"""The built-in circuits: speed, aliasing, and ngspice beside them.

    python -m benchmarks.circuits

Everything on one core (the solver has one thread). Speed is seconds of audio per second, at
48 kHz and 8 times oversampled: an electric guitar of ten seconds peaking at 0.5 V
(``../shared/audio/di``, or a synthetic one where that is absent). Aliasing is of the SD-1 at
half drive, a sine of 1 V near 5 kHz: energy between the harmonics over the harmonics'. ngspice
gets the same half second of guitar, with its default accuracy (the first line) and finer; the
error is against ngspice itself with steps of 0.5 us. "ESR" is the worst against ngspice over 27
sines (3 levels, 3 frequencies, knobs at 0.15, default and 0.9), as in ``tests/test_circuits.py``.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from tests.spice import ngspice
from tests.support import SHARED
from tests.test_circuits import SETTINGS, SINES, aliasing, compare, knobs_at, swelling

from drywet.audio.read import read
from drywet.audio.resample import resample
from drywet.circuits.netlist import read_netlist
from drywet.circuits.simulate import Simulation
from drywet.devices.circuit import CircuitDevice, built_in
from drywet.dsp.plucked import strum

RATE = 48_000
ROUNDS = 3
OVERSAMPLINGS = (1, 2, 4, 8, 16, 32)


def guitar(seconds: float) -> np.ndarray:
    if SHARED.is_dir():
        dry, rate = read(SHARED / "audio" / "di" / "mayer_guitar.flac")
        assert rate == RATE
    else:
        dry = strum([110, 164.8, 220], seconds, RATE, np.random.default_rng(0)).astype(np.float32)
    loud = int(np.argmax(np.abs(dry)))
    start = min(max(loud - RATE // 10, 0), max(len(dry) - round(seconds * RATE), 0))
    part = dry[start : start + round(seconds * RATE)]
    return (0.5 * part / np.abs(part).max()).astype(np.float32)


def seconds_of(run) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    dry = guitar(10.0)
    print(
        "| circuit | ports solved together | capacitors | times real time | samples divided | ESR |"
    )
    print("|---|---|---|---|---|---|")
    for name, path in built_in().items():
        simulation = Simulation(read_netlist(path), RATE)
        simulation.process(dry, last=True)
        spent = seconds_of(lambda p=path: CircuitDevice(p).process(dry, RATE))
        equations, at, ports = simulation.equations, 0, []
        for count in equations.blocks:
            ports.append(sum(len(part.ports) for part in equations.parts[at : at + count]))
            at += count
        divided = simulation.refined / (len(dry) * 8)
        print(f"| {name} | {', '.join(map(str, ports))} | {equations.capacitors} | "
              f"{len(dry) / RATE / spent:.1f} | {divided:.2%} | "
              f"{worst(name):.1e} |", flush=True)  # fmt: skip
    print("\n| oversampling | aliasing | times real time, that sine | guitar |\n|---|---|---|---|")
    sine = np.sin(2 * np.pi * 5000 * np.arange(4 * RATE) / RATE).astype(np.float32)
    for times in OVERSAMPLINGS:
        device = CircuitDevice(built_in()["sd1"], times)
        found = [
            len(x) / RATE / seconds_of(lambda d=device, x=x: d.process(x, RATE))
            for x in (sine, dry)
        ]
        print(f"| {times} | {aliasing(times, {'drive': 0.5}):.1f} dB | {found[0]:.1f} | "
              f"{found[1]:.1f} |", flush=True)  # fmt: skip
    against_ngspice(guitar(0.5))


def worst(name: str) -> float:
    """The largest ESR against ngspice."""
    netlist, found = read_netlist(built_in()[name]), [0.0]
    with tempfile.TemporaryDirectory() as folder:
        for position in SETTINGS.values():
            for hertz, volts in SINES:
                text, samples = swelling(hertz, volts, 0.02 if hertz < 500 else 0.006)
                knobs = knobs_at(netlist, position)
                found.append(compare(name, knobs, text, samples, Path(folder)))
    return max(found)


def against_ngspice(dry: np.ndarray) -> None:
    """Time and error of both, the SD-1 over half a second."""
    text = built_in()["sd1"].read_text()
    t = np.arange(len(dry)) / RATE
    fast = np.interp(np.arange((len(dry) - 1) * 8) / (8 * RATE), t, dry * np.minimum(1, t / 0.01))
    netlist = read_netlist(built_in()["sd1"])
    points = (t, dry * np.minimum(1, t / 0.01))

    def at_rate(times: np.ndarray, volts: np.ndarray) -> np.ndarray:
        grid = np.arange(len(fast) * 8) / (64 * RATE)
        return resample(np.interp(grid, times, volts).astype(np.float32), 64 * RATE, RATE)[16:-96]

    plain = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth = at_rate(*ngspice(text, points, t[-1], 5e-7, folder, reltol=1e-5))
        for step, reltol in ((1, 1e-3), (4, 1e-4), (16, 1e-4), (16, 1e-5)):
            began = time.perf_counter()
            found = ngspice(text, points, t[-1], 1 / (step * RATE), folder, reltol=reltol)
            plain.append((step, reltol, time.perf_counter() - began, at_rate(*found)))
    ours = seconds_of(lambda: Simulation(netlist, 8 * RATE, oversampling=1).process(
        fast.astype(np.float32), last=True))  # fmt: skip
    wet = Simulation(netlist, 8 * RATE, oversampling=1).process(fast.astype(np.float32), last=True)
    wet = resample(wet, 8 * RATE, RATE)[16 : 16 + len(truth)]

    def esr(y: np.ndarray) -> float:
        return float(np.sum((y[: len(truth)] - truth) ** 2) / np.sum(truth**2))

    print(
        "\n| SD-1, half a second of guitar | seconds of one core per second | ESR |\n|---|---|---|"
    )
    for step, reltol, spent, found in plain:
        print(f"| ngspice, steps of 1/{step} sample or less, reltol {reltol:g} | "
              f"{spent / t[-1]:.2f} | {esr(found):.1e} |")  # fmt: skip
    print(f"| drywet | {ours / t[-1]:.3f} | {esr(wet):.1e} |")


if __name__ == "__main__":
    main()
