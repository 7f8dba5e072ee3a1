"""Where one take ends and the next begins, to the sample where it can be told."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from drywet.pair.alignment import Take
from drywet.pair.load import Pair

_KNOWN_SECONDS = 2.5  # before a border, in which the take is known
_TAPS = 64


def bordered(pair: Pair, takes: tuple[Take, ...], slack: int) -> tuple[Take, ...]:
    """The takes with their borders found to some milliseconds, most to the sample.

    A short filter is fitted to what came before each border; the border is where the wet at the
    one delay stops to be what the filter makes, and at the other begins to.

    Args:
        pair: not aligned.
        takes: as in `drywet.pair.timing.Timing`, their latencies in samples of the pair.
        slack: samples by which the borders may be off.
    """
    found = [takes[0]]
    for before, after in pairwise(takes):
        at = _border(pair, before.latency, after, slack)
        found.append(Take(max(at, found[-1].start + 1), after.latency))
    return tuple(found)


def _border(pair: Pair, before: int, after: Take, slack: int) -> int:
    known = int(_KNOWN_SECONDS * pair.rate)
    low = max(after.start - slack - known, -before, -after.latency, 0) + _TAPS
    stop = min(len(pair.dry), len(pair.wet) - max(before, after.latency), after.start + slack)
    if stop - low < known + known // 4:
        return after.start
    dry = np.asarray(pair.dry[low - _TAPS + 1 : stop], np.float64)
    old, new = (
        np.asarray(pair.wet[low + late : stop + late], np.float64)
        for late in (before, after.latency)
    )
    columns = np.lib.stride_tricks.sliding_window_view(dry[: known + _TAPS - 1], _TAPS)
    gram = columns.T @ columns
    gram[np.diag_indices(_TAPS)] += 1e-6 * np.trace(gram) / _TAPS
    made = np.convolve(dry, np.linalg.solve(gram, columns.T @ old[:known])[::-1], "valid")
    worse = np.cumsum((old - made) ** 2 - (new - made) ** 2)  # while it is least, the old holds
    return low + int(np.argmin(worse[known // 2 :])) + known // 2 + 1
