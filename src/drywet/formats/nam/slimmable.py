"""A ``.nam`` that holds several models of one device: a player's slider chooses one of them.

What players call slimmable: ``SlimmableContainer`` of NAM's file version 0.7. Each model is a whole
``.nam``, played up to its ``max_value`` of the slider.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.formats.document import FIX, encoded, listed, mapping, number
from drywet.formats.nam.write import document
from drywet.trained.model_file import TrainedModel

CONTAINER = "SlimmableContainer"
_VERSION = "0.7.0"


def encode(models: Sequence[TrainedModel], name: str, made: datetime) -> bytes:
    """Several models of one device in a container, which a player's slider chooses from.

    Args:
        models: as for `drywet.formats.nam.write.encode`, the lightest first; each gets an equal
            share of the slider.
        name: likewise.
        made: likewise.

    Raises:
        DrywetError: NAM cannot hold one, or models of different rates or latencies.
    """
    rates, lags = ({getattr(m.card, key) for m in models} for key in ("rate", "output_latency"))
    for what, found in (("sample rates", rates), ("latencies", lags)):
        if len(found) > 1:
            raise DrywetError(
                f"models of the {what} {', '.join(map(str, sorted(found)))}", "one for all",
                "Train them on the same capture.",
            )  # fmt: skip
    whole = [document(trained, name, made) for trained in models]
    return encoded(
        {
            "version": _VERSION,
            "metadata": whole[-1]["metadata"],
            "architecture": CONTAINER,
            "config": {
                "submodels": [
                    {"max_value": place / len(whole), "model": one}
                    for place, one in enumerate(whole, 1)
                ]
            },
            "weights": [],
            "sample_rate": rates.pop(),
        }
    )


def submodels(found: dict[str, Any], path: Path) -> list[tuple[float, dict[str, Any]]]:
    """The models of a container, each behind its ``max_value``.

    Raises:
        DrywetError: damaged.
    """
    config = mapping(found.get("config"), "config", path)
    models = []
    for given in listed(config.get("submodels"), "submodels", path, 64):
        entry = mapping(given, "a submodel", path)
        model = mapping(entry.get("model"), "a submodel's model", path)
        models.append((number(entry.get("max_value"), 1e3, "max_value", path), model))
    limits = [limit for limit, _ in models]
    if limits != sorted(set(limits)) or limits[-1] < 1:
        raise DrywetError(f"{path}: max_value {limits[:4]}", "rising, to 1 or more", FIX)
    return models
