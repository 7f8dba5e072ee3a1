"""What a dropped file is, and two of them laid over each other, as JSON for the page.

::

    python -m drywet.web.look FILE                its rate, length, channels and outline
    python -m drywet.web.look DRY WET ALIGNMENT   a twentieth of a second of both, so aligned (JSON)

In a process of its own: a file from a browser is nobody's friend.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from drywet.audio.read import blocks, probe, read
from drywet.audio.resample import at_clock
from drywet.dsp.levels import loudest_excerpt
from drywet.pair.alignment import Alignment
from drywet.web.printed import printed

_POINTS = 400
_EXCERPT_SECONDS = 0.05
_AROUND_SECONDS = 0.01  # by which it can be moved by hand


def file(path: Path) -> dict[str, Any]:
    """Rate, length, channels, and the highest sample of each of some hundred stretches."""
    about = probe(path)
    edges = np.linspace(0, about.frames, _POINTS + 1).round().astype(int)
    outline = np.zeros(_POINTS)
    seen = 0
    for block in blocks(path, 1):
        ends = np.searchsorted(edges, (seen, seen + len(block)), "right") - 1
        for i in range(ends[0], min(ends[1], _POINTS - 1) + 1):
            part = block[max(edges[i] - seen, 0) : max(edges[i + 1] - seen, 0)]
            outline[i] = max(outline[i], float(np.abs(part).max(initial=0.0)))
        seen += len(block)
    return {
        "rate": about.rate, "seconds": about.seconds, "channels": about.channels,
        "outline": [round(float(x), 4) for x in np.nan_to_num(outline)],
    }  # fmt: skip


def overlaid(dry: Path, wet: Path, alignment: Alignment) -> dict[str, Any]:
    """The loudest moment of the dry signal and what the wet one has there, each to peak 1."""
    heard, rate = read(dry, 1)
    wanted, _ = read(wet, 1)
    if alignment.drift_ppm:
        wanted = at_clock(wanted, 1 + alignment.drift_ppm * 1e-6)
    around = int(_AROUND_SECONDS * rate)
    where = loudest_excerpt(heard, int(_EXCERPT_SECONDS * rate))
    at = np.arange(where.start - around, where.stop + around)
    begun = [take.latency for take in alignment.takes if take.start <= where.start]
    latency = begun[-1] if begun else alignment.latency
    parts = {}
    for name, samples, places in (("dry", heard, at), ("wet", wanted, at + latency)):
        inside = (places >= 0) & (places < len(samples))
        part = np.where(inside, samples[np.clip(places, 0, len(samples) - 1)], 0.0)
        most = float(np.abs(part).max(initial=0.0)) or 1.0
        parts[name] = [round(float(x), 4) for x in np.nan_to_num(part / most)]
    return {"rate": rate, "around": around, **parts}


def main() -> None:
    """Print what was asked for."""
    first, *others = sys.argv[1:]
    if others:
        printed(
            lambda: overlaid(Path(first), Path(others[0]), Alignment.model_validate_json(others[1]))
        )
    else:
        printed(lambda: file(Path(first)))


if __name__ == "__main__":
    main()
