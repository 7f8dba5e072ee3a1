"""The ``metadata`` of a ``.nam``."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from drywet.errors import DrywetError
from drywet.formats.nam.levels import loudness_and_gain
from drywet.trained.model_file import TrainedModel


def metadata(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """What a ``.nam`` says of a model, knobs in the middle.

    Raises:
        DrywetError: the model gives no finite samples.
    """
    loudness, gain = loudness_and_gain(trained)
    if loudness is not None and not math.isfinite(loudness):
        raise DrywetError("a model that gives no finite samples", "audio", "Train it again.")
    parts = ("year", "month", "day", "hour", "minute", "second")
    found: dict[str, Any] = {"date": {part: getattr(made, part) for part in parts}}
    if loudness is not None:
        found |= {"loudness": loudness, "gain": gain}
    known = trained.card.metadata.model_dump(exclude_none=True)
    training: dict[str, Any] = {"output_latency_samples": trained.card.output_latency}
    esr = known.pop("esr", None)
    if esr is not None:  # where NAM's trainer writes its own, on held-out audio too
        training["validation_esr"] = esr
    return found | {"name": name} | known | {"training": training}
