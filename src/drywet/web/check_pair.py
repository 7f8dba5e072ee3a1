"""A pair's checks while they are made, a line of JSON each, for the page.

::

    python -m drywet.web.check_pair DRY WET HOW

``HOW`` holds the options of `drywet.check` in JSON. Lines with ``work`` tell what comes next, those
with ``findings`` what is found so far; the last has the ``report``, and a twentieth of a second of
both files laid over each other. In a process of its own, as `drywet.web.look`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drywet.audio.read import read
from drywet.audio.resample import at_clock
from drywet.dsp.levels import loudest_excerpt
from drywet.pair.alignment import Alignment
from drywet.pair.findings import Finding
from drywet.verbs.check import check
from drywet.web.printed import printed

_EXCERPT_SECONDS = 0.05
_AROUND_SECONDS = 0.01  # by which it can be moved by hand


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
    """Print all of it."""
    dry, wet = Path(sys.argv[1]), Path(sys.argv[2])

    def at_work(what: str, done: float) -> None:
        print(json.dumps({"work": {"what": what, "done": done}}), flush=True)

    def found(findings: Sequence[Finding]) -> None:
        said = [finding.model_dump(mode="json") for finding in findings]
        print(json.dumps({"findings": said}), flush=True)

    def checked() -> dict[str, Any]:
        report = check(dry, wet, **json.loads(sys.argv[3]), on_progress=at_work, on_found=found)
        how = Alignment(
            latency=report.latency_samples, drift_ppm=report.drift_ppm, takes=report.takes
        )
        return {"report": report.model_dump(mode="json"), "overlay": overlaid(dry, wet, how)}

    printed(checked)


if __name__ == "__main__":
    main()
