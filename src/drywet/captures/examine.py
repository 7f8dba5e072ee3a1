"""All checks of a device's captures: of each by itself, then of all against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median_low

from drywet.captures.findings import Examined, odd_one, outside, report, twice
from drywet.captures.listed import Captures
from drywet.errors import DrywetError
from drywet.pair.alignment import NOTHING, Alignment, Mending, align
from drywet.pair.examine import examine
from drywet.pair.findings import Finding
from drywet.pair.load import load_pair
from drywet.pair.summary import CheckReport

_SURE = 0.5  # probability of a latency that has a say
_ODD = 6  # samples from the common latency that are worth a word: the tone moves the measure, too
_SAME = 64  # within so many it is one latency, measured through another tone


def examine_captures(
    captures: Captures,
    channel: int | None = None,
    resample: bool = False,
    latency: int | None = None,
    mending: Mending = NOTHING,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> tuple[list[Examined], CheckReport]:
    """Load, check and align every capture, and hold them against each other.

    A device has one latency: the captures' median, of those that are sure of theirs, holds for all.
    Levels stay as they are, for a knob may be the volume.

    Args:
        captures: of the device.
        channel: 1-based channel of multi-channel files.
        resample: bring wet files of another rate to the dry one's.
        latency: in samples, instead of the measured ones.
        mending: of delays that do not stay.
        on_progress: as for `drywet.pair.examine.examine`.

    Raises:
        DrywetError: files that cannot be used, captures of different rates, or a latency that
            leaves no second of common audio.
    """
    found: list[Examined] = []
    for number, pair in enumerate(captures.pairs):
        on_progress(
            f"checking capture {number + 1} of {len(captures.pairs)}, {pair.title}",
            number / len(captures.pairs),
        )
        loaded = load_pair(pair.dry, pair.wet, channel, resample)
        if found and loaded.rate != found[0].loaded.rate:
            raise DrywetError(
                f"{pair.dry} is at {loaded.rate} Hz and {found[0].pair.dry} at "
                f"{found[0].loaded.rate} Hz", "captures of one sample rate",
                "Resample the files to one rate first.",
            )  # fmt: skip
        examination = examine(loaded, latency, mending, made=captures.device is not None)
        found.append(Examined(pair, loaded, examination))
    odd: list[Finding] = []
    if latency is None and not mending.wanted:
        found, odd = _aligned_alike(found)
    return found, report(captures, found, [*odd, *twice(found), *outside(captures)])


def _aligned_alike(found: list[Examined]) -> tuple[list[Examined], list[Finding]]:
    """All by one latency, and what is to be said of those that measured another."""
    common = _common_latency(found)
    if common is None:
        return found, []
    aligned, odd = [], []
    for one in found:
        own = one.examination.latency
        if abs(own - common) > _ODD and one.examination.confidence >= _SURE:
            odd.append(odd_one(one.pair, own, common, _ODD, abs(own - common) > _SAME))
        if abs(own - common) > _SAME:
            aligned.append(one)
            continue
        alignment = Alignment(latency=common)
        moved = replace(one.examination, alignment=alignment, pair=align(one.loaded, alignment))
        aligned.append(replace(one, examination=moved))
    return aligned, odd


def _common_latency(found: Sequence[Examined]) -> int | None:
    sure = [
        one.examination.latency
        for one in found
        if one.examination.confidence >= _SURE and not one.pair.held_out
    ]
    return median_low(sure) if sure else None
