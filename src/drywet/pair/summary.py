"""What is known about a capture once it is checked."""

from __future__ import annotations

from pydantic import BaseModel

from drywet.pair.alignment import Take
from drywet.pair.delay import Tried
from drywet.pair.examine import Examination
from drywet.pair.findings import Finding, Severity


class CheckReport(BaseModel):
    """What is known about a capture.

    Attributes:
        rate: of the files, in Hz.
        seconds: common length.
        latency_samples: by which the wet lags the dry; negative where it leads.
        latency_measured: what the excess phase alone gives, to a fraction of a sample: one witness
            of several, so that it may lie elsewhere.
        confidence: probability that ``latency_samples`` is within two samples of what trains best.
        tried: the delays that were tried, each with the ESR that a simple causal fit left at it.
        drift_ppm: by which the wet was resampled, where that was asked for.
        takes: what was aligned by itself, where that was asked for.
        polarity: 1, or -1 where the device inverts.
        replicate_esr: the device against itself, where the capture repeats a passage.
        findings: notes, warnings and errors.
        ok: no errors among them.
    """

    rate: int
    seconds: float
    latency_samples: int
    latency_measured: float
    confidence: float
    tried: tuple[Tried, ...]
    drift_ppm: float
    takes: tuple[Take, ...]
    polarity: int
    replicate_esr: float | None
    findings: list[Finding]
    ok: bool


def summarise(examination: Examination) -> CheckReport:
    """The report of an examination."""
    return CheckReport(
        rate=examination.pair.rate,
        seconds=examination.pair.seconds,
        latency_samples=examination.latency,
        latency_measured=examination.measured_latency,
        confidence=examination.confidence,
        tried=examination.tried,
        drift_ppm=examination.alignment.drift_ppm,
        takes=examination.alignment.takes,
        polarity=examination.polarity,
        replicate_esr=examination.replicate_esr,
        findings=examination.findings,
        ok=all(finding.severity is not Severity.ERROR for finding in examination.findings),
    )
