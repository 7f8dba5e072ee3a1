"""``info``: what a model is, whatever its format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from drywet.evaluation.cost import cost
from drywet.evaluation.result import Cost
from drywet.evaluation.saved import cost_before
from drywet.formats.load import load
from drywet.formats.nam.read import sizes as nam_sizes
from drywet.formats.registry import formats_for
from drywet.runs.folder import RunFolder
from drywet.trained.metadata import Metadata

_SEED = 0


class Info(BaseModel):
    """A model in figures.

    Attributes:
        path: of the model.
        model: its kind and size, in short.
        settings: of the kind, in full.
        cost: parameters, multiply-adds and speed on this machine.
        rate: sample rate in Hz at which it must be run.
        receptive_field: dry samples on which one output depends; ``None`` for a net with a memory
            of its own.
        output_latency: samples by which its output lags its input.
        knobs: names of its controls.
        spans: the ends of each, or its steps, in words.
        metadata: of the gear behind it.
        sizes: of a slimmable ``.nam``: up to which size each of its models is played.
        formats: of plugins that can hold it.
    """

    path: str
    model: str
    settings: dict[str, Any]
    cost: Cost
    rate: int
    receptive_field: int | None
    output_latency: int
    knobs: list[str]
    spans: dict[str, str] = {}
    metadata: Metadata
    sizes: list[float]
    formats: list[str]


def info(model: Path | str, *, size: float = 1.0) -> Info:
    """Describe a model.

    Args:
        model: as for `drywet.load`.
        size: of a slimmable ``.nam``, likewise.

    Raises:
        DrywetError: as `drywet.load`.
    """
    path = Path(model)
    trained = load(path, size)
    card = trained.card
    before = cost_before(RunFolder(path)) if path.is_dir() else None
    noise = np.random.default_rng(_SEED).uniform(-0.3, 0.3, card.rate).astype(np.float32)
    return Info(
        path=str(path),
        model=card.model.title,
        settings=card.model.model_dump(mode="json"),
        cost=cost(trained, noise, before=before),
        rate=card.rate,
        receptive_field=card.model.receptive_field,
        output_latency=card.output_latency,
        knobs=list(card.model.controls),
        spans={
            name: knob.span
            + (f" (does nothing: it moved with {knob.follows} alone)" if knob.follows else "")
            for name, knob in card.ranges.items()
        },
        metadata=card.metadata,
        sizes=nam_sizes(path) if path.suffix.lower() == ".nam" and path.is_file() else [],
        formats=formats_for(card.model, card.rate),
    )
