"""Checks of time: latency, polarity, clock drift, and the pedal against itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.latency import Latency, estimate
from drywet.dsp.repeats import Repeat
from drywet.metrics.time import esr
from drywet.pair.findings import Finding, Severity, grade
from drywet.pair.load import Pair

_LOW_CONFIDENCE = 0.5
_DRIFT = (1.5, 8.0)  # samples between the start and the end
_STRETCHES = 16
_STRETCH_SECONDS = 2.5
_STRETCH_CONFIDENCE = 0.3  # the median bears a few wrong ones
_REPLICATE = (0.01, 0.3)
_SETTLE_SECONDS = 0.05  # the state at the start of a repeat is still that of what came before


def latency_findings(found: Latency, given: int | None, rate: int) -> Iterator[Finding]:
    """The measured latency and polarity, and how sure they are."""
    used = round(found.samples) if given is None else given
    unsure = found.confidence < _LOW_CONFIDENCE and given is None
    lies = "lags" if used >= 0 else "leads"
    yield Finding(
        check="latency",
        severity=Severity.WARNING if unsure else Severity.NOTE,
        message=f"the wet file {lies} the dry one by {abs(used)} samples "
        f"({abs(used) / rate * 1000:.2f} ms)"
        + (f", given; measured {found.samples:+.1f}" if given is not None else "")
        + f", confidence {found.confidence:.2f}",
        value=used,
        limit=_LOW_CONFIDENCE,
        fix="Measure it with a click and give --latency N." if unsure else "",
    )
    if not unsure:
        inverted = found.polarity < 0
        yield Finding(
            check="polarity",
            severity=Severity.NOTE,
            message="the device inverts the signal" if inverted else "not inverted",
            value=found.polarity,
        )


def drift(pair: Pair, latency: int) -> Iterator[Finding]:
    """Latency at the start against the end of a pair that was aligned by ``latency``.

    Measured in short stretches all along, through which the median line is laid
    (Theil 1950, Sen 1968), so that a stretch without a clear answer does no harm.
    """
    length = len(pair.dry)
    size = int(_STRETCH_SECONDS * pair.rate)
    places, delays = [], []
    for start in np.linspace(0, max(length - size, 0), _STRETCHES, dtype=int):
        part = slice(start, start + size)
        found = estimate(pair.dry[part], pair.wet[part], pair.rate)
        if found.confidence >= _STRETCH_CONFIDENCE:
            places.append(start + size / 2)
            delays.append(found.samples)
    if len(delays) < _STRETCHES // 3 or places[-1] - places[0] < length / 3:
        return
    x, y = np.array(places), np.array(delays)
    pairs = np.triu_indices(len(x), 1)
    slope = float(np.median((y[pairs[1]] - y[pairs[0]]) / (x[pairs[1]] - x[pairs[0]])))
    rest = float(np.median(y - slope * x))
    scatter = float(np.median(np.abs(y - slope * x - rest)))
    offset = rest + latency
    moved = slope * length
    severity, limit = grade(abs(moved) - 3 * scatter, *_DRIFT)
    yield Finding(
        check="drift",
        severity=severity,
        message=f"latency goes from {offset:+.1f} samples at the start to "
        f"{offset + moved:+.1f} at the end ({slope * 1e6:+.1f} ppm)",
        value=moved,
        limit=limit,
        fix=""
        if severity is Severity.NOTE
        else "Play and record on one interface, or lock the clocks; "
        "were takes joined, train on one of them.",
    )


def passes(
    pair: Pair, repeats: Sequence[Repeat]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """What an aligned pair's device made of each repeated passage, the first and the second time.

    The first moments, in which the device's state is still that of what came before, are left out.
    """
    skip = int(_SETTLE_SECONDS * pair.rate)
    return [
        (pair.wet[r.start + skip : r.stop], pair.wet[r.start + skip + r.lag : r.stop + r.lag])
        for r in repeats
        if r.stop > r.start + skip and r.stop + r.lag <= len(pair.wet)
    ]


def replicate_esr(pair: Pair, repeats: Sequence[Repeat]) -> float | None:
    """ESR of the second pass of each repeated passage against the first, of an aligned pair.

    ``None`` where nothing repeats. Both passes carry the device's noise, so a
    perfect model scores half of this.
    """
    repeated = passes(pair, repeats)
    if not repeated:
        return None
    first, second = (
        np.concatenate(parts).astype(np.float64) for parts in zip(*repeated, strict=True)
    )
    return float(esr(second, first))


def replicate(pair: Pair, repeats: list[Repeat]) -> Iterator[Finding]:
    """The pedal against itself, where the aligned pair repeats a passage."""
    value = replicate_esr(pair, repeats)
    if value is None:
        return
    seconds = sum(r.stop - r.start for r in repeats) / pair.rate
    severity, limit = grade(value, *_REPLICATE)
    yield Finding(
        check="replicate",
        severity=severity,
        message=f"played twice, {seconds:.1f} s of the device differ from themselves "
        f"by an ESR of {value:.2e}; no model can score below half of it",
        value=value,
        limit=limit,
        fix=""
        if severity is Severity.NOTE
        else "The device is noisy or changes over time (an LFO, a warming amp): "
        "switch modulation off, warm it up, record again.",
    )
