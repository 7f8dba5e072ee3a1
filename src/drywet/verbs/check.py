"""``check``: is this capture fit to be learned from?"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from drywet.pair.examine import Examination, examine
from drywet.pair.findings import Finding, Severity
from drywet.pair.load import load_pair


class CheckReport(BaseModel):
    """What is known about a capture.

    Attributes:
        rate: of the files, in Hz.
        seconds: common length.
        latency_samples: by which the wet lags the dry; negative where it leads.
        latency_measured: the estimate behind it, to a fraction of a sample.
        confidence: of the estimate, 0 to 1.
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
        polarity=examination.polarity,
        replicate_esr=examination.replicate_esr,
        findings=examination.findings,
        ok=all(finding.severity is not Severity.ERROR for finding in examination.findings),
    )


def check(
    dry: Path | str,
    wet: Path | str,
    *,
    channel: int | None = None,
    resample: bool = False,
    latency: int | None = None,
) -> CheckReport:
    """Check a dry and a wet file before training.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        channel: 1-based channel of multi-channel files.
        resample: bring a wet file of another rate to the dry one's.
        latency: in samples, instead of the measured one.

    Raises:
        DrywetError: a file cannot be used at all.
    """
    return summarise(examine(load_pair(dry, wet, channel, resample), latency))
