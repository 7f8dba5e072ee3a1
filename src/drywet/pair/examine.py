"""All checks of a capture in their order, and the aligned pair they lead to."""

from __future__ import annotations

from dataclasses import dataclass

from drywet.dsp.latency import estimate
from drywet.dsp.repeats import Repeat, find_repeats
from drywet.errors import DrywetError
from drywet.pair import check_levels, check_relation, check_timing
from drywet.pair.findings import Finding, Severity, errors
from drywet.pair.load import Pair


@dataclass(frozen=True)
class Examination:
    """What is known about a capture before training.

    Attributes:
        pair: dry and wet, aligned and of equal length.
        latency: samples by which the wet lagged (negative: led) and was moved.
        measured_latency: the estimate, to a fraction of a sample.
        confidence: of the estimate, 0 to 1.
        polarity: 1, or -1 where the device inverts.
        repeats: passages that the dry plays twice, in samples of ``pair``.
        replicate_esr: the device against itself there, ``None`` without repeats.
        findings: everything the checks had to say.
    """

    pair: Pair
    latency: int
    measured_latency: float
    confidence: float
    polarity: int
    repeats: list[Repeat]
    replicate_esr: float | None
    findings: list[Finding]


def examine(pair: Pair, latency: int | None = None) -> Examination:
    """Check a loaded pair and align it.

    Args:
        pair: as loaded, not yet aligned.
        latency: in samples, where the user knows better than the estimate.

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
        return Examination(pair, latency or 0, 0.0, 0.0, 1, [], None, findings)
    findings += check_levels.lengths(pair)
    findings += check_levels.levels_of(pair)
    measured = estimate(pair.dry, pair.wet, pair.rate)
    used = round(measured.samples) if latency is None else latency
    findings += check_timing.latency_findings(measured, latency, pair.rate)
    aligned = pair.aligned(used)
    if not (aligned.dry.any() and aligned.wet.any()):
        findings.append(
            Finding(
                check="silence",
                severity=Severity.ERROR,
                message=f"once aligned by {used} samples, one of the files is silent",
                fix="Export both files from the same start to the same end.",
                forceable=False,
            )
        )
        return Examination(
            pair, used, measured.samples, measured.confidence, measured.polarity, [], None, findings
        )
    findings += check_levels.noise(aligned)
    findings += check_timing.drift(aligned, used)
    findings += check_relation.dependence(aligned)
    findings += check_relation.direction(aligned)
    repeats = find_repeats(aligned.dry, pair.rate)
    findings += check_timing.replicate(aligned, repeats)
    return Examination(
        aligned,
        used,
        measured.samples,
        measured.confidence,
        measured.polarity,
        repeats,
        check_timing.replicate_esr(aligned, repeats),
        findings,
    )


def require_trainable(findings: list[Finding], force: bool) -> None:
    """Stop at the first error that training cannot or should not pass.

    Args:
        findings: of the examination.
        force: train past errors that can be trained past.

    Raises:
        DrywetError: with the finding's own words.
    """
    for finding in errors(findings):
        if force and finding.forceable:
            continue
        hint = " Add --force to train all the same." if finding.forceable else ""
        raise DrywetError(
            finding.message, f"a capture that passes '{finding.check}'", finding.fix + hint
        )
