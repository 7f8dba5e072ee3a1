"""``check``: is this capture fit to be learned from?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from drywet.pair.alignment import Mending
from drywet.pair.examine import examine
from drywet.pair.findings import Finding
from drywet.pair.load import load_pair
from drywet.pair.summary import CheckReport, summarise

__all__ = ["CheckReport", "check"]


def check(
    dry: Path | str,
    wet: Path | str,
    *,
    channel: int | None = None,
    resample: bool = False,
    latency: int | None = None,
    resample_drift: bool = False,
    per_take: bool = False,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
    on_found: Callable[[Sequence[Finding]], None] = lambda findings: None,
) -> CheckReport:
    """Check a dry and a wet file before training.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        channel: 1-based channel of multi-channel files.
        resample: bring a wet file of another rate to the dry one's.
        latency: in samples, instead of the measured one.
        resample_drift: resample the wet by the measured drift of the clocks.
        per_take: align joined takes each by itself.
        on_progress: called with what comes next and the share done so far, about.
        on_found: called with all that is found so far, as by `drywet.pair.examine.examine`.

    Raises:
        DrywetError: a file cannot be used at all.
    """
    mending = Mending(drift=resample_drift, takes=per_take)
    pair = load_pair(dry, wet, channel, resample)
    return summarise(examine(pair, latency, mending, on_progress, on_found=on_found))
