"""All checks of a capture in their order, and the aligned pair they lead to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from drywet.dsp.causal_fit import fit_if_enough
from drywet.dsp.repeats import Repeat, find_repeats
from drywet.errors import DrywetError
from drywet.pair import check_device, check_levels, check_relation, check_timing
from drywet.pair.alignment import NOTHING, Alignment, Mending, align
from drywet.pair.check_device import Behaviour
from drywet.pair.delay import Delay, Tried, find_delay
from drywet.pair.findings import Finding, Severity, errors
from drywet.pair.load import Pair
from drywet.pair.take_borders import bordered
from drywet.pair.timing import Timing, timing
from drywet.words import count


@dataclass(frozen=True)
class Examination:
    """What is known about a capture before training.

    Attributes:
        pair: dry and wet, aligned and of equal length.
        alignment: what was done to the wet.
        measured_latency: the estimate, to a fraction of a sample.
        confidence: probability that the latency is within two samples of what trains best.
        polarity: 1, or -1 where the device inverts.
        tried: the delays that were tried, each with the error of a causal fit.
        repeats: passages that the dry plays twice, in samples of ``pair``.
        replicate_esr: the device against itself there, ``None`` without repeats.
        findings: everything the checks had to say.
    """

    pair: Pair
    alignment: Alignment
    measured_latency: float
    confidence: float
    polarity: int
    tried: tuple[Tried, ...]
    repeats: list[Repeat]
    replicate_esr: float | None
    findings: list[Finding]

    @property
    def behaviour(self) -> Behaviour | None:
        """The check that found a device which changes with time or compresses."""
        found = {finding.check for finding in self.findings}
        return next((name for name in get_args(Behaviour) if name in found), None)

    @property
    def latency(self) -> int:
        """Samples by which the wet lagged (negative: led) and was moved."""
        return self.alignment.latency


def examine(
    pair: Pair,
    latency: int | None = None,
    mending: Mending = NOTHING,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
    made: bool = False,
    on_found: Callable[[Sequence[Finding]], None] = lambda findings: None,
) -> Examination:
    """Check a loaded pair and align it.

    Args:
        pair: as loaded, not yet aligned.
        latency: in samples, where the user knows better than the estimate.
        mending: of a delay that does not stay.
        on_progress: called with what comes next and the share done so far, about.
        made: drywet played the device itself, so that nothing was recorded.
        on_found: called with all that is found so far, whenever there is more. The examination has
            the last word: of two files that do not belong together, no delay is worth one.

    Raises:
        DrywetError: the given latency leaves no second of common audio.
    """
    if latency is not None and pair.aligned(latency).seconds < 1:
        raise DrywetError(
            f"a latency of {latency} samples leaves less than a second of common audio",
            f"at most {int(pair.seconds * pair.rate)} samples",
            "Give --latency in samples, or leave it out.",
        )
    findings = list(check_levels.usable(pair))
    if findings:
        unknown = Alignment(latency=latency or 0)
        return Examination(pair, unknown, 0.0, 0.0, 1, (), [], None, findings)
    same = [] if made else list(check_relation.same_sound(pair))
    of_each = [*same, *check_levels.lengths(pair), *check_levels.levels_of(pair, made)]
    on_found(of_each)
    on_progress("looking for the delay", 0.0)
    found, moves, alignment = _alignment(pair, latency, mending, on_progress)
    aligned = align(pair, alignment)
    delayed = list(check_timing.latency_findings(found, latency, pair.rate))
    if not (aligned.dry.any() and aligned.wet.any()):
        silent = Finding(
            check="silence",
            severity=Severity.ERROR,
            message=f"once aligned by {count(alignment.latency, 'sample')}, one of the files is "
            "silent",
            fix="Export both files from the same start to the same end.",
            forceable=False,
        )
        return Examination(
            pair, alignment, found.measured, found.confidence, found.polarity, found.tried, [],
            None, [*of_each, *delayed, silent],
        )  # fmt: skip
    unexplained = min((tried.error for tried in found.tried), default=1.0)
    related = list(check_relation.dependence(aligned, unexplained))
    if errors(related):
        # Two performances have no latency: whatever hangs on one would lead astray.
        kept = [f for f in of_each if f.severity is Severity.NOTE or f.check == "length"]
        return Examination(
            aligned, alignment, found.measured, found.confidence, found.polarity, found.tried, [],
            None, [*related, *kept],
        )  # fmt: skip
    timed = list(check_timing.timing_findings(moves, found.samples, alignment, mending, pair.rate))
    on_found([*of_each, *delayed, *timed])
    findings = [*check_levels.noise(aligned, made), *check_levels.dropouts(aligned), *related]
    keeps_time = moves is None or moves.kind == "steady" or alignment.mended
    if keeps_time:
        on_progress("looking at what the device does", 0.7)
        swapped = list(check_relation.direction(aligned))
        if errors(swapped):  # how a device lies backwards, and what it does, is no advice on it
            delayed, timed = [], []
        else:
            findings += check_device.behaviour(aligned)
        findings += swapped
    findings = [*of_each, *delayed, *timed, *findings]
    on_found(findings)
    on_progress("looking for passages played twice", 0.9)
    repeats = find_repeats(aligned.dry, pair.rate)
    # Two passes at two latencies differ by that, not by the device.
    itself = check_timing.replicate_esr(aligned, repeats) if keeps_time else None
    findings += check_timing.replicate(itself, repeats, pair.rate)
    return Examination(
        aligned,
        alignment,
        found.measured,
        found.confidence,
        found.polarity,
        found.tried,
        repeats,
        itself,
        findings,
    )


def _alignment(
    pair: Pair,
    latency: int | None,
    mending: Mending,
    on_progress: Callable[[str, float], None],
) -> tuple[Delay, Timing | None, Alignment]:
    """How the wet lies to the dry, how that moves, and what is done about both."""
    pair = check_levels.ended_together(pair)
    fit = fit_if_enough(pair.dry, pair.rate)
    on_progress("looking for the delay", 0.2)
    found = find_delay(pair, fit)
    on_progress("looking at whether the delay stays", 0.4)
    moves = None if fit is None else timing(fit, pair, found.samples)
    alignment = Alignment(latency=0)
    if moves is not None and moves.kind == "drift" and mending.drift:
        alignment = Alignment(latency=0, drift_ppm=moves.ppm)
        found = find_delay(align(pair, alignment), fit)
    elif moves is not None and moves.kind == "takes" and mending.takes:
        whole = Alignment(latency=0, takes=moves.takes).later(found.samples)
        takes = bordered(pair, whole.takes, moves.slack)
        alignment = Alignment(latency=takes[0].latency, takes=takes)
        together = align(pair, alignment)
        found = find_delay(together, fit_if_enough(together.dry, pair.rate))
    base = alignment.latency
    used = found.samples if latency is None else latency - base
    return found.later(base), moves, alignment.later(used)


def require_trainable(findings: list[Finding], force: bool) -> None:
    """Stop at the first error that training cannot or should not pass.

    Args:
        findings: of the examination.
        force: go past errors that allow it.

    Raises:
        DrywetError: with the finding's own words.
    """
    for finding in errors(findings):
        if force and finding.forceable:
            continue
        hint = " Add --force to go on all the same." if finding.forceable else ""
        raise DrywetError(
            finding.message, f"a capture that passes '{finding.check}'", finding.fix + hint
        )
