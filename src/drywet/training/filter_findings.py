"""What is said of knobs that were found to be filters."""

from __future__ import annotations

from drywet import words
from drywet.dsp.tone_stack import ToneStack
from drywet.pair.findings import Finding, Severity
from drywet.training.further_positions import TRUSTED, TRUSTED_FILTER


def of_tone_stack(stack: ToneStack) -> Finding:
    """How well a tone stack explains what the tone controls do."""
    trusted = stack.esr <= TRUSTED
    return Finding(
        check="tone",
        severity=Severity.NOTE,
        message="bass, middle and treble act as a tone stack behind the distortion, but for an ESR "
        f"of {words.number(stack.esr, 2)} (any filter: {words.number(stack.floor, 2)}): "
        + ("further positions are learned, too" if trusted else "only the captures are learned"),
        value=stack.esr,
        limit=TRUSTED,
    )


def of_filter(name: str, esr: float) -> Finding:
    """A knob that is a filter behind the distortion."""
    return Finding(
        check="tone",
        severity=Severity.NOTE,
        message=f"{name} acts as a filter behind the distortion, but for an ESR of "
        f"{words.number(esr, 2)}: further positions of it are learned, too",
        value=esr,
        limit=TRUSTED_FILTER,
    )
