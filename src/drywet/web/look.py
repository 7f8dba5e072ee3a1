"""What a dropped file is, as JSON: ``python -m drywet.web.look FILE``.

In a process of its own: a file from a browser is nobody's friend.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from drywet.audio.read import blocks, probe
from drywet.web.printed import printed

_POINTS = 400


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


def main() -> None:
    """Print what the file is."""
    printed(lambda: file(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
