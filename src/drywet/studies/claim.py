"""A claim that a study may answer: what was found for and against it, and the words for that.

All findings of all claims are corrected together (`drywet.studies.estimate.levels`). "yes" and
"no" are said where the intervals leave the limit out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from drywet.studies.effects import Effect, Figure, effect, error_db, over_devices
from drywet.studies.estimate import Estimate, Interval, levels, seeds_wanted
from drywet.studies.results import Cell, Results

Pairs = list[tuple[Cell, Cell]]


@dataclass(frozen=True)
class Finding:
    """One comparison.

    Attributes:
        found: what decides.
        said: a sentence, given the interval of a level and the level.
        seeds: of each training; ``None`` where more of them would not narrow it.
        name: of the device that it is of.
        above: it is of devices in general, and those before it are of each.
    """

    found: Estimate
    said: Callable[[Interval, float], str]
    seeds: int | None = 1
    name: str = ""
    above: bool = False


@dataclass(frozen=True)
class Claim:
    """What somebody holds, and all that a study has found on it.

    Attributes:
        text: the claim.
        wanted: sign of a figure that speaks for it.
        findings: comparisons; of each group those of single devices first, then, where there
            are enough of them, the one over all.
        groups: where in ``findings`` a new group begins.
    """

    text: str
    wanted: int
    findings: list[Finding] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)

    def add(self, findings: Sequence[Finding]) -> None:
        """Add one comparison, over all devices that have it."""
        if findings:
            self.groups.append(len(self.findings))
            self.findings.extend(findings)


@dataclass(frozen=True)
class Answer:
    """What the results say to a claim.

    Attributes:
        claim: as it was put.
        verdict: ``yes``, ``no``, ``undecided``, or ``mixed`` where devices or comparisons differ.
        lines: a sentence for every device and comparison, with numbers.
    """

    claim: str
    verdict: str
    lines: list[str]


def settled(claims: Sequence[Claim]) -> list[Answer]:
    """All answers, corrected for being so many."""
    claims = [claim for claim in claims if claim.findings]
    allowed = iter(levels([one.found for claim in claims for one in claim.findings]))
    return [_answer(claim, [next(allowed) for _ in claim.findings]) for claim in claims]


def _answer(claim: Claim, allowed: list[float]) -> Answer:
    signs = [one.found.sign(level) for one, level in zip(claim.findings, allowed, strict=True)]
    judged = list(zip(claim.findings, allowed, signs, strict=True))
    verdicts: list[int] = []
    lines: list[str] = []
    for begin, end in pairwise([*claim.groups, len(claim.findings)]):
        *each, last = judged[begin:end]
        if not last[0].above:
            verdicts += [sign for _, _, sign in judged[begin:end]]
            lines += [_line(*one) for one in judged[begin:end]]
            continue
        # Of all devices; one that goes against it is told.
        against = last[2] != 0 and any(sign == -last[2] for _, _, sign in each)
        verdicts += [1, -1] if against else [last[2]]
        lines += [_line(*last), _device_by_device(each)]
    return Answer(claim.text, _verdict(verdicts, claim.wanted), lines)


def _device_by_device(judged: Sequence[tuple[Finding, float, int]]) -> str:
    """Single devices beside all of them in short: the tables say more."""
    said = [f"{one.name} {one.found.mean:+.1f}{'' if sign else '?'}" for one, _, sign in judged]
    open_ones = any(not sign for _, _, sign in judged)
    marks = "; with ? by itself undecided" if open_ones else ""
    return f"Device by device, in dB: {', '.join(said)}{marks}."


def _verdict(signs: Sequence[int], wanted: int) -> str:
    if all(sign == wanted for sign in signs):
        return "yes"
    if all(sign == -wanted for sign in signs):
        return "no"
    return "undecided" if not any(signs) else "mixed"


def _line(one: Finding, level: float, sign: int) -> str:
    said = one.said(one.found.interval(level), level)
    if sign:
        return f"{said}."
    if one.found.count < 2:
        return f"{said}: one training of each, which decides nothing."
    few = one.seeds
    wanted = None if one.above or few is None else seeds_wanted(one.found, level, few)
    more = f"; {wanted} seeds in place of {few} might do" if wanted is not None else ""
    return f"{said}: undecided{more}."


def compared(
    results: Results, pairs: Pairs, what: str, figure: Figure = error_db,
    beside: Callable[[Pairs, float], str] = lambda pairs, level: "", changed: str = "the error",
    same_audio: bool = True,
) -> list[Finding]:  # fmt: skip
    """The effect over pairs of each device, and over all devices where they are enough.

    Args:
        results: of the study.
        pairs: cells that differ in the setting only.
        what: the setting's change, in words.
        figure: that decides.
        beside: what else is said of a device's pairs at a level.
        changed: the figure's name.
        same_audio: only what was scored on the same audio is compared.
    """
    found: list[Finding] = []
    effects: list[Effect] = []
    for source in results.plan.sources:
        own = [pair for pair in pairs if pair[0].source == source.name]
        measured = effect(own, figure, same_audio=same_audio)
        if measured is None:
            continue
        effects.append(measured)

        def said(
            interval: Interval, level: float, name: str = source.name,
            measured: Effect = measured, own: Pairs = own,
        ) -> str:  # fmt: skip
            return (
                f"{name}: {what} changes {changed} by {interval}{witnesses(measured)}"
                f"{beside(own, level)}"
            )

        found.append(Finding(measured.found, said, measured.seeds, source.name))
    general = over_devices(effects)
    if general is not None:

        def over_all(interval: Interval, level: float) -> str:
            return (
                f"All {general.trainings} devices: {what} changes {changed} by {interval}, less "
                f"in {general.less}"
            )

        found.append(Finding(general.found, over_all, general.seeds, above=True))
    return found


def witnesses(measured: Effect) -> str:
    """On how much an effect rests."""
    pairs = f"{measured.trainings} pair{'s' * (measured.trainings > 1)} of trainings"
    points = f" at {measured.pairs} points" if measured.trainings != measured.pairs else ""
    ends = ""
    if measured.ends is not None:
        ends = f"; between {measured.ends[0]:+.1f} and {measured.ends[1]:+.1f} dB at single points"
    return f" over {pairs}{points}, less in {measured.less}{ends}"
