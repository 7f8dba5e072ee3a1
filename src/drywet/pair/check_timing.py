"""Checks of time: latency, polarity, clock drift, and the pedal against itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.repeats import Repeat
from drywet.metrics.time import esr
from drywet.pair.alignment import Alignment, Mending
from drywet.pair.delay import Delay
from drywet.pair.findings import Finding, Severity, grade
from drywet.pair.load import Pair
from drywet.pair.timing import Timing
from drywet.words import count, number

_LOW_CONFIDENCE = 0.7
_STAKE = 3  # samples
_DRIFT = (1.5, 8.0)  # samples between the start and the end
_REPLICATE = (0.01, 0.3)
_SETTLE_SECONDS = 0.05  # the state at the start of a repeat is still that of what came before


def latency_findings(found: Delay, given: int | None, rate: int) -> Iterator[Finding]:
    """The latency and polarity, how sure they are, and what a wrong one would cost."""
    used = found.samples if given is None else given
    unsure = found.confidence < _LOW_CONFIDENCE and given is None
    lies = "lags" if used >= 0 else "leads"
    yield Finding(
        check="latency",
        severity=Severity.WARNING if unsure else Severity.NOTE,
        message=f"the wet file {lies} the dry one by {count(abs(used), 'sample')} "
        f"({abs(used) / rate * 1000:.2f} ms)"
        + (f", given; measured {found.samples:+d}" if given is not None else "")
        + f", confidence {found.confidence:.2f}",
        value=used,
        limit=_LOW_CONFIDENCE,
        fix=_where_unsure(found) if unsure else "",
    )
    if not unsure:
        inverted = found.polarity < 0
        yield Finding(
            check="polarity",
            severity=Severity.NOTE,
            message="the device inverts the signal" if inverted else "not inverted",
            value=found.polarity,
        )


def _where_unsure(found: Delay) -> str:
    """What to do, and what is at stake."""
    errors = {tried.delay: tried.error for tried in found.tried}
    here = errors.get(found.samples)
    stake = ""
    if here:
        late = errors.get(found.samples + _STAKE, here) / here - 1
        early = errors.get(found.samples - _STAKE, here) / here - 1
        stake = (
            f"By a simple fit, {_STAKE} samples more change the error by {_percent(late)}, "
            f"{_STAKE} less by {_percent(early)}. "
        )
    return (
        f"{stake}Train with --latency {found.samples - _STAKE} and {found.samples + _STAKE} too "
        "and keep the one with the lowest ESR, or measure it with a click."
    )


def _percent(change: float) -> str:
    return "under 1%" if abs(change) < 0.005 else f"{change:+.0%}"


def timing_findings(
    moves: Timing | None, latency: int, alignment: Alignment, mending: Mending, rate: int
) -> Iterator[Finding]:
    """Whether the delay stays: drift of clocks, joined takes, a tape's wow, and what was mended.

    Args:
        moves: how the delay moves; ``None`` where the recording is too short to tell.
        latency: of the whole, in samples.
        alignment: what was done to the wet.
        mending: what was asked for.
        rate: of the files, in Hz.
    """
    if moves is None:
        yield Finding(
            check="drift",
            severity=Severity.NOTE,
            message="too short to tell whether the latency stays, or to prove it",
        )
        return
    mended = alignment.mended
    if moves.kind == "drift":
        severity, limit = grade(abs(moves.moved), *_DRIFT)
        yield Finding(
            check="drift",
            severity=Severity.NOTE if mended else severity,
            message=f"the clocks of dry and wet run {moves.ppm:+.1f} ppm apart: the latency moves "
            f"by {moves.moved:+.1f} samples from start to end" + (", resampled" if mended else ""),
            value=moves.moved,
            limit=limit,
            fix=""
            if mended
            else "Add --resample-drift to mend it. Next time play and record on one interface, "
            "or lock the clocks.",
        )
    elif moves.kind == "takes":
        takes = alignment.takes or Alignment(latency=0, takes=moves.takes).later(latency).takes
        where = ", ".join(f"{take.latency} from {take.start / rate:.1f} s" for take in takes)
        yield Finding(
            check="takes",
            severity=Severity.NOTE if mended else Severity.WARNING,
            message=f"joined takes with latencies of their own: {where}"
            + (", aligned each by itself" if mended else ""),
            value=moves.moved,
            limit=_DRIFT[0],
            fix="" if mended else "Add --per-take to align each take by itself.",
        )
    elif moves.kind == "wander":
        yield Finding(
            check="wander",
            severity=Severity.WARNING,
            message=f"the latency wanders by {moves.moved:.1f} samples, as a tape's does (wow)",
            value=moves.moved,
            limit=_DRIFT[0],
            fix="No model can follow it: switch the wow off, or expect an error above 2 kHz.",
        )
    else:
        yield Finding(check="drift", severity=Severity.NOTE, message="the latency stays", value=0.0)
    if mending.drift and moves.kind != "drift":
        yield _nothing("--resample-drift: the clocks do not drift, nothing was resampled")
    if mending.takes and moves.kind != "takes":
        yield _nothing("--per-take: one latency serves the whole recording")


def _nothing(message: str) -> Finding:
    return Finding(check="mending", severity=Severity.NOTE, message=message)


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


def replicate(value: float | None, repeats: list[Repeat], rate: int) -> Iterator[Finding]:
    """The pedal against itself, where the aligned pair repeats a passage.

    Args:
        value: as `replicate_esr` gives it.
        repeats: the passages, in samples.
        rate: in Hz.
    """
    if value is None:
        return
    seconds = sum(r.stop - r.start for r in repeats) / rate
    severity, limit = grade(value, *_REPLICATE)
    yield Finding(
        check="replicate",
        severity=severity,
        message=f"played twice, {seconds:.1f} s of the device differ from themselves "
        f"by an ESR of {number(value)}; no model can score below half of it",
        value=value,
        limit=limit,
        fix=""
        if severity is Severity.NOTE
        else "The device is noisy or changes over time (an LFO, a warming amp): "
        "switch modulation off, warm it up, record again.",
    )
