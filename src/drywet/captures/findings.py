"""What is said of a device's captures, before they are learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drywet.captures.listed import Captures, PositionedPair
from drywet.pair.examine import Examination
from drywet.pair.findings import Finding, Severity
from drywet.pair.load import Pair, fingerprint
from drywet.pair.summary import CheckReport, summarise
from drywet.trained.knob_range import KnobRange


@dataclass(frozen=True)
class Examined:
    """A capture that the checks have seen.

    Attributes:
        pair: its files and positions.
        loaded: as it was recorded.
        examination: what was found, the aligned pair with it.
    """

    pair: PositionedPair
    loaded: Pair
    examination: Examination


def odd_one(pair: PositionedPair, own: int, common: int, limit: int, apart: bool) -> Finding:
    """A capture whose latency is another one.

    Args:
        pair: of the capture.
        own: its latency in samples.
        common: that of the others.
        limit: by how much it may be off without a word.
        apart: it is aligned by its own.
    """
    return Finding(
        check="latency",
        severity=Severity.WARNING,
        message=f"{pair.title} lags by {own} samples, the other captures by {common}: a device "
        f"has one latency; it is aligned by {'its own' if apart else 'theirs'}",
        value=float(own - common),
        limit=float(limit),
        fix="Listen whether it is the same take; give --latency if you know it.",
    )


def twice(found: Sequence[Examined]) -> list[Finding]:
    """Recordings that are at two positions: one of them was exported twice, most likely."""
    first: dict[str, PositionedPair] = {}
    findings = []
    for one in found:
        before = first.setdefault(fingerprint(one.loaded.wet), one.pair)
        if before is not one.pair:
            findings.append(
                Finding(
                    check="captures",
                    severity=Severity.WARNING,
                    message=f"{before.title} and {one.pair.title} are the same recording",
                    fix="One of them is in a wrong place, or the knobs do nothing between them.",
                )
            )
    return findings


def outside(captures: Captures) -> list[Finding]:
    """Positions that are held out beyond what is learned from."""
    learned = [pair.knobs for pair in captures.pairs if not pair.held_out]
    findings = []
    for knob in captures.knobs:
        least, most = (end(at[knob.name] for at in learned) for end in (min, max))
        beyond = [
            pair.knobs[knob.name]
            for pair in captures.pairs
            if pair.held_out and not least <= pair.knobs[knob.name] <= most
        ]
        if beyond and knob.follows is None:
            findings.append(
                Finding(
                    check="captures",
                    severity=Severity.WARNING,
                    message=f"{knob.name} {beyond[0]:g} is held out and lies outside the "
                    f"{least:g} to {most:g} that is learned from: no net can know it",
                    fix="Hold out a position in between, or record the ends, too.",
                )
            )
    return findings


def _said(knob: KnobRange) -> str:
    follows = f", which only follows {knob.follows} and is not heard" if knob.follows else ""
    return f"{knob.name} {knob.span}{follows}"


def report(captures: Captures, found: Sequence[Examined], odd: Sequence[Finding]) -> CheckReport:
    """What all captures' checks have to say, each warning with the capture's name."""
    said: dict[tuple[str, str], Finding] = {}
    for one in found:
        for each in one.examination.findings:
            told = each.severity is Severity.WARNING and each.check == "latency"
            if each.severity is Severity.NOTE or told:  # the latency is the captures' common one
                continue
            place, title = (each.check, each.message), one.pair.title
            before = said.get(place)
            title = title if before is None else f"{before.message.rpartition(': ')[0]}, {title}"
            said[place] = each.model_copy(update={"message": f"{title}: {each.message}"})
    first = summarise(found[0].examination)
    seconds = sum(one.examination.pair.seconds for one in found)
    count = Finding(
        check="captures",
        severity=Severity.NOTE,
        message=f"{len(found)} captures, {seconds:.0f} s in all, aligned by "
        f"{first.latency_samples} samples; " + ", ".join(_said(knob) for knob in captures.knobs),
        value=float(len(found)),
    )
    findings = [count, *odd, *said.values()]
    sound = all(each.severity is not Severity.ERROR for each in findings)
    return first.model_copy(update={"findings": findings, "seconds": seconds, "ok": sound})
