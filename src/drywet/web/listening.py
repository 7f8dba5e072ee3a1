"""Blind tests that were taken on the page, kept with what they were of and with their statistics.

ABX: is X the device or the model? Ranking: several models, the device hidden among them and two
anchors, each between 0 and 100 beside the open device (after ITU-R BS.1534-3, MUSHRA, with one
excerpt, which the listener may loop in parts).
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from drywet.runs.machine import now
from drywet.storage import append_line
from drywet.web import listing
from drywet.web.requests import Listening, Ranking
from drywet.web.workspace import Workspace

REFERENCE = "reference"
HIDDEN_LEAST = 90.0
"""BS.1534-3 leaves out a listener who often puts the hidden reference lower (its 4.1.2)."""
_NEWEST = 200


def keep(space: Workspace, taken: Listening | Ranking) -> dict[str, Any]:
    """Keep a test; returns it as the page is told.

    Raises:
        DrywetError: of a run that is not there.
    """
    ids = taken.runs if isinstance(taken, Listening) else taken.models
    result: dict[str, Any] = taken.model_dump() | {
        "at": now(),
        "of": [_model(space, id) for id in ids],
    }
    if isinstance(taken, Listening):
        result["chance"] = by_chance(taken.right, taken.trials)
    append_line(space.listening_file, json.dumps(result))
    return result


def kept(space: Workspace) -> dict[str, Any]:
    """Blind tests, the oldest first, and the averages over all rankings of the same sounds."""
    if not space.listening_file.is_file():
        return {"tests": [], "ranked": []}
    lines = space.listening_file.read_text().splitlines()[-_NEWEST:]
    tests = [json.loads(line) for line in lines]
    called = listing.titles(space)
    for one in tests:  # what was renamed since goes by its new name; what is gone, by its last
        for id, model in zip(one.get("runs") or one["models"], one["of"], strict=True):
            model["title"] = called.get(id, model["title"])
    return {"tests": tests, "ranked": averages([one for one in tests if "scores" in one])}


def averages(rankings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean and 95 % interval (Student's t) of each sound, over rankings of the same sounds.

    A model that was trained on in between is another one.
    Rankings that put the hidden device below `HIDDEN_LEAST` are counted but left out.
    """
    groups = defaultdict(list)
    for one in rankings:
        models = dict(zip(one["models"], one["of"], strict=True))
        were = tuple((id, models[id].get("esr")) for id in sorted(models))
        groups[one["capture"], tuple(sorted(one["scores"])), were].append((one, models))
    found = []
    for (_, keys, _), ones in groups.items():
        good = [one for one, _ in ones if one["scores"][REFERENCE] >= HIDDEN_LEAST]
        models = ones[-1][1]
        rows = [
            {"key": key}
            | {name: models.get(key, {"title": key}).get(name) for name in ("title", "esr")}
            | _interval([float(one["scores"][key]) for one in good])
            for key in keys
        ]
        found.append(
            {
                "rounds": len(good),
                "left_out": len(ones) - len(good),
                "at": ones[-1][0]["at"],
                "sounds": sorted(rows, key=lambda row: -(row["mean"] or 0.0)),
            }
        )
    return found


def _interval(values: Sequence[float]) -> dict[str, float | None]:
    """Half of the interval is ``None`` where there are less than two."""
    count = len(values)
    if not count:
        return {"mean": None, "half": None}
    mean = sum(values) / count
    if count < 2:
        return {"mean": mean, "half": None}
    from scipy.special import stdtrit

    deviation = math.sqrt(sum((x - mean) ** 2 for x in values) / (count - 1))
    return {"mean": mean, "half": float(stdtrit(count - 1, 0.975)) * deviation / math.sqrt(count)}


def by_chance(right: int, trials: int) -> float:
    """The probability of so many right answers or more by guessing one of two (binomial test)."""
    ways = sum(math.comb(trials, k) for k in range(right, trials + 1))
    return float(ways / 2**trials)


def _model(space: Workspace, id: str) -> dict[str, Any]:
    """What a run was when it was heard: it may be trained on afterwards."""
    run = listing.told(space, space.run(id).path)
    steps = run["history"][-1]["step"] if run.get("history") else None
    return {
        "title": run.get("title", run["name"]),
        "esr": (run.get("scores") or {}).get("esr"),
        "steps": steps,
    }
