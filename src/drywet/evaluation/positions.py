"""A model with knobs on its own captures: all of one position, a part of all others.

The scores that count are those at positions which were not learned from, where there are any: that
is what a knob is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from drywet.data.split import Span
from drywet.evaluation.material import Material, own_material
from drywet.evaluation.measure import Measured, Subject, measure, of_run
from drywet.evaluation.result import PositionScore
from drywet.evaluation.verdict import verdict
from drywet.inference.stream import predict
from drywet.metrics import time
from drywet.pair.load import Pair
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.trained.knob_range import NOON, KnobRange
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel


def measure_positions(
    folder: RunFolder,
    config: RunConfig,
    oversample: int = 1,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> tuple[Subject, Measured]:
    """Score a run with knobs on its own captures.

    Args:
        folder: of the run.
        config: of it.
        oversample: as for `drywet.inference.stream.Stream`.
        on_progress: as for `drywet.evaluation.measure.measure`.

    Returns:
        The model at the scored position nearest to the middle, where it was asked with test
        signals; and the scores.

    Raises:
        DrywetError: files are gone or have changed, or as `measure`.
    """
    numbers = config.held_out or tuple(range(len(config.captures)))
    materials = {n: own_material(config, n) for n in range(len(config.captures))}
    near = min(numbers, key=lambda n: _from_the_middle(config.knobs, config.positions(n)))
    free = of_run(folder, config)
    subject = replace(
        free, trained=with_knobs(free.trained, config.positions(near)), turnable=free.trained,
        recording=config.captures[near].recording, oversample=oversample,
    )  # fmt: skip
    chosen = [(materials[n], config.positions(n)) for n in numbers]
    measured = measure(subject, _joined(chosen), on_progress)
    measured.evaluation.knobs = config.positions(near)
    measured.evaluation.positions = [
        _score(free.trained, material, config.positions(n), n in config.held_out)
        for n, material in materials.items()
    ]
    measured.evaluation.verdict = verdict(measured.evaluation)  # now that it can tell them apart
    return subject, measured


def _joined(materials: Sequence[tuple[Material, Mapping[str, float]]]) -> Material:
    """Captures one after the other as one, each with its positions; at the model's rate only."""
    first = materials[0][0]
    if len(materials) == 1:
        return replace(first, positions=((Span(0, len(first.prepared.dry)), materials[0][1]),))
    positions, spans, at = [], [], 0
    for material, knobs in materials:
        length = len(material.prepared.dry)
        positions.append((Span(at, at + length), knobs))
        spans += [Span(a + at, b + at) for a, b in material.spans]
        at += length
    whole = Pair(
        np.concatenate([material.prepared.dry for material, _ in materials]),
        np.concatenate([material.prepared.wet for material, _ in materials]),
        first.prepared.rate,
    )
    return Material(
        True, whole, whole, tuple(spans), first.latency, (), None, tuple(positions)
    )  # fmt: skip


def _from_the_middle(knobs: Sequence[KnobRange], positions: Mapping[str, float]) -> float:
    return sum((knob.share(positions[knob.name]) - NOON) ** 2 for knob in knobs)


def _score(
    trained: TrainedModel, material: Material, knobs: dict[str, float], held_out: bool
) -> PositionScore:
    last = max(span.stop for span in material.spans)
    prediction = predict(with_knobs(trained, knobs), material.prepared.dry[:last])
    target = material.cut(material.prepared.wet)
    found, wanted = np.concatenate(material.cut(prediction)), np.concatenate(target)
    return PositionScore(
        knobs=knobs,
        esr=float(time.esr(found, wanted)),
        seconds=len(wanted) / material.prepared.rate,
        held_out=held_out,
    )
