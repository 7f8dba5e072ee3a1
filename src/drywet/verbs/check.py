"""``check``: is this capture, or are these of a device with knobs, fit to be learned from?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from drywet.captures.examine import examine_captures
from drywet.captures.listed import read_captures
from drywet.pair.alignment import Mending
from drywet.pair.examine import examine
from drywet.pair.findings import Finding
from drywet.pair.load import load_pair
from drywet.pair.summary import CheckReport, summarise

__all__ = ["CheckReport", "check", "check_captures"]


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


def check_captures(
    captures: Path | str,
    *,
    hold_out: Sequence[str] = (),
    channel: int | None = None,
    resample: bool = False,
    latency: int | None = None,
    resample_drift: bool = False,
    per_take: bool = False,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> CheckReport:
    """Check a device's recordings at several positions of its knobs, as their training would.

    Args:
        captures: as for `drywet.captures.listed.read_captures`.
        hold_out: positions that will not be learned from, such as ``drive=0.5``.
        channel: as for `check`, of every capture; so are the others.
        resample: likewise.
        latency: likewise.
        resample_drift: likewise.
        per_take: likewise.
        on_progress: called with what comes next and the share done so far, about.

    Returns:
        What all have to say, each word with the file and the positions it is of.

    Raises:
        DrywetError: captures that cannot be used at all.
    """
    mending = Mending(drift=resample_drift, takes=per_take)
    listed = read_captures(captures, hold_out)
    return examine_captures(listed, channel, resample, latency, mending, on_progress)[1]
