"""What the checks find in real captures, and in the same captures with faults put in.

Run from the top of the repository; prints the tables of docs/captures.md::

    python -m benchmarks.captures ../shared/audio real
    python -m benchmarks.captures ../shared/audio faults [--only NAME,...] [--faults delay,...]
    python -m benchmarks.captures ../shared/audio confidence

``faults`` takes the delay that is found in the capture as it is for the right one. ``confidence``
cuts captures short and makes them noisy: how often is the delay within two samples of
that of the whole capture, by the confidence that is stated?
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.real_pairs import load_real, real_pairs
from drywet.audio.resample import at_clock
from drywet.pair.examine import Examination, examine
from drywet.pair.findings import Finding, Severity
from drywet.pair.load import Pair

_CLOSE = 2  # samples
_HUM_HZ = 50.0
_NAMED = 11  # in a cell of a table
ALARMS = {"latency", "drift", "takes", "wander", "swapped", "dependence"}
"""Findings that would be false where nothing is put in, if they warn."""


def _spoken(found: Examination) -> dict[str, Finding]:
    return {f.check: f for f in found.findings if f.severity is not Severity.NOTE}


def _moved(pair: Pair, samples: int) -> Pair:
    """The wet later, or where negative earlier."""
    if samples >= 0:
        return Pair(pair.dry, np.concatenate([np.zeros(samples, "f4"), pair.wet]), pair.rate)
    return Pair(np.concatenate([np.zeros(-samples, "f4"), pair.dry]), pair.wet, pair.rate)


def _joined(pair: Pair, samples: int) -> Pair:
    half = len(pair.wet) // 2
    gap = np.zeros(samples, "f4")
    return Pair(pair.dry, np.concatenate([pair.wet[:half], gap, pair.wet[half:]]), pair.rate)


def _under(pair: Pair, noise: NDArray[np.floating], db: float) -> Pair:
    """Something added to the wet, so many dB below it."""
    level = np.std(pair.wet) / np.std(noise) * 10 ** (db / 20)
    return Pair(pair.dry, (pair.wet + level * noise).astype("f4"), pair.rate)


def _hiss(pair: Pair, db: float, seed: int = 0) -> Pair:
    return _under(pair, np.random.default_rng(seed).standard_normal(len(pair.wet)), db)


def _hum(pair: Pair) -> Pair:
    turn = 2 * np.pi * _HUM_HZ * np.arange(len(pair.wet)) / pair.rate
    return _under(pair, np.sin(turn) + 0.5 * np.sin(3 * turn), -30.0)


def _clipped(pair: Pair) -> Pair:
    top = float(np.quantile(np.abs(pair.wet), 0.98))
    return Pair(pair.dry, np.clip(pair.wet / top, -1, 1), pair.rate)


Judge = Callable[[Examination, Examination], bool]


def _at(shift: int) -> Judge:
    return lambda was, now: abs(now.latency - was.latency - shift) <= _CLOSE


def _drifts(ppm: float) -> Judge:
    def right(was: Examination, now: Examination) -> bool:
        drift = _spoken(now).get("drift")
        if drift is None or drift.value is None:
            return False
        wanted = ppm * 1e-6 * len(was.pair.dry)
        return abs(drift.value - wanted) <= max(2.0, 0.1 * abs(wanted))

    return right


def _says(check: str) -> Judge:
    return lambda was, now: check in _spoken(now)


Fault = tuple[Callable[[Pair], Pair], Judge, set[str]]


def _delay(samples: int) -> Fault:
    return (lambda pair: _moved(pair, samples), _at(samples), set())


def _drift(ppm: float) -> Fault:
    clock = 1 / (1 + ppm * 1e-6)
    due = {"drift", "latency", "dependence"}
    return (lambda pair: Pair(pair.dry, at_clock(pair.wet, clock), pair.rate), _drifts(ppm), due)


FAULTS: dict[str, Fault] = {
    **{f"delay {n:+d}": _delay(n) for n in (-20_000, -700, 33, 5_000, 20_000)},
    "inverted": (lambda pair: Pair(pair.dry, -pair.wet, pair.rate), _at(0), set()),
    "swapped": (
        lambda pair: Pair(pair.wet, pair.dry, pair.rate), _says("swapped"), {"swapped", "latency"},
    ),
    **{f"drift {ppm:+d} ppm": _drift(ppm) for ppm in (-200, -20, 5, 50, 200)},
    "joined, 9 later": (lambda pair: _joined(pair, 9), _says("takes"), {"takes", "latency"}),
    "joined, 300 later": (lambda pair: _joined(pair, 300), _says("takes"), {"takes", "latency"}),
    "hum at -30 dB": (_hum, _at(0), set()),
    "noise at -30 dB": (lambda pair: _hiss(pair, -30.0), _at(0), set()),
    "clipped, 2 %": (_clipped, _says("clipping"), {"clipping"}),
}  # fmt: skip
"""Name: what is done to a capture, whether it was found, and findings that are no false alarm."""


def real(audio: Path, names: list[str]) -> None:
    print("| capture | seconds | delay | confidence | findings | s |")
    print("|---|---|---|---|---|---|")
    for name in names:
        pair = load_real(audio, name)
        began = time.process_time()
        found = examine(pair)
        took = time.process_time() - began
        words = [f.check for f in _spoken(found).values()]
        words += [
            f"{f.check}: {f.message}" for f in found.findings
            if f.check == "device" and f.severity is Severity.NOTE
        ]  # fmt: skip
        errors = [f.check for f in found.findings if f.severity is Severity.ERROR]
        said = ", ".join(f"**{word}**" if word in errors else word for word in words) or "none"
        print(
            f"| {name} | {pair.seconds:.1f} | {found.latency} | {found.confidence:.2f} | {said} "
            f"| {took:.1f} |",
            flush=True,
        )


def faults(audio: Path, names: list[str], wanted: list[str]) -> None:
    chosen = {f: FAULTS[f] for f in FAULTS if not wanted or f.split(",")[0].split()[0] in wanted}
    right: dict[str, list[str]] = defaultdict(list)
    missed: dict[str, list[str]] = defaultdict(list)
    false: dict[str, list[str]] = defaultdict(list)
    for name in names:
        pair = load_real(audio, name)
        was = examine(pair)
        already = set(_spoken(was))
        for fault, (make, judge, due) in chosen.items():
            now = examine(make(pair))
            (right if judge(was, now) else missed)[fault].append(name)
            alarms = (set(_spoken(now)) & ALARMS) - due - already
            false[fault] += [f"{name}: {alarm}" for alarm in alarms]
            print(name, fault, judge(was, now), sorted(alarms), now.latency, flush=True)
    print("\n| put in | found | false alarms | not found in |")
    print("|---|---|---|---|")
    for fault in chosen:
        print(
            f"| {fault} | {len(right[fault])} of {len(names)} "
            f"| {'; '.join(false[fault]) or 'none'} | {_some(missed[fault])} |"
        )


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _worse(pair: Pair) -> Iterator[Pair]:
    """A capture cut short at places, noisy, and moved."""
    rng = np.random.default_rng(0)
    length = min(len(pair.dry), len(pair.wet))
    for seconds in (3, 6, 12):
        size = seconds * pair.rate
        if size > length:
            continue
        for start in rng.integers(0, length - size + 1, 3):
            yield Pair(pair.dry[start : start + size], pair.wet[start : start + size], pair.rate)
    yield _hiss(pair, -40.0)
    yield _hiss(pair, -20.0)


def confidence(audio: Path, names: list[str]) -> None:
    kept: dict[float, list[bool]] = defaultdict(list)
    for name in names:
        pair = load_real(audio, name)
        right = examine(pair).latency
        for worse in _worse(pair):
            found = examine(worse)
            if found.tried:
                kept[round(found.confidence, 2)].append(abs(found.latency - right) <= _CLOSE)
        print(name, {c: f"{sum(k)}/{len(k)}" for c, k in sorted(kept.items())}, flush=True)
    print("\n| stated confidence | delays | within two samples |")
    print("|---|---|---|")
    for stated, close in sorted(kept.items()):
        print(f"| {stated:.2f} | {len(close)} | {sum(close) / len(close):.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path, help="the captures, ../shared/audio")
    parser.add_argument("what", choices=("real", "faults", "confidence"))
    parser.add_argument("--only", help="names of captures")
    parser.add_argument("--faults", default="", help="delay, inverted, swapped, drift, ...")
    chosen = parser.parse_args()
    names = chosen.only.split(",") if chosen.only else list(real_pairs(chosen.audio))
    if chosen.what == "real":
        real(chosen.audio, names)
    elif chosen.what == "faults":
        faults(chosen.audio, names, [f for f in chosen.faults.split(",") if f])
    else:
        confidence(chosen.audio, names)


if __name__ == "__main__":
    main()
