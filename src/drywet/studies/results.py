"""A study's results as they are compared: points of the same thing and several seeds together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from drywet.metrics.scores import Scores
from drywet.models.registry import multiply_adds, parameter_count
from drywet.runs.config import Settings
from drywet.storage import read_json
from drywet.studies.journal import Journal
from drywet.studies.outcome import Outcome, read_outcome
from drywet.studies.plan import Plan
from drywet.studies.run import PLAN_FILE
from drywet.validation import parse

LEAST_DEVICES = 3
"""With fewer nothing is said of devices in general."""
HIGH_HZ = 8_000
"""Error over this frequency is what the 2022 study heard and could not measure."""


@dataclass(frozen=True)
class Cell:
    """A source, settings and a length of training, with all of its seeds.

    Attributes:
        grids: those that asked for it, and searches.
        source: name of what was learned.
        settings: without the length, of the first seed.
        epochs: of training, ``None`` where the budget was another.
        scores: of each seed.
        outcomes: of each seed's training.
        seeds: which they are.
    """

    grids: tuple[str, ...]
    source: str
    settings: Settings
    epochs: float | None
    scores: tuple[Scores, ...]
    outcomes: tuple[Outcome, ...]
    seeds: tuple[int, ...]

    @property
    def runs(self) -> int:
        """How many seeds."""
        return len(self.seeds)

    @property
    def by_seed(self) -> dict[int, tuple[Scores, Outcome]]:
        """Scores and training of each seed."""
        both = zip(self.scores, self.outcomes, strict=True)
        return dict(zip(self.seeds, both, strict=True))

    @property
    def title(self) -> str:
        """Of the model."""
        return self.settings.model.title

    @property
    def parameters(self) -> int:
        """Numbers that training changed."""
        return parameter_count(self.settings.model)

    @property
    def multiply_adds(self) -> int:
        """Per sample."""
        return multiply_adds(self.settings.model)

    @property
    def trainings(self) -> tuple[str, ...]:
        """Which they are: the lengths on a training's way have the same."""
        return tuple(outcome.id for outcome in self.outcomes)

    @property
    def data(self) -> float:
        """Size of the training set: frames, or samples of audio."""
        return float(self.settings.training.examples or self.outcomes[0].train_samples)

    @property
    def audio(self) -> tuple[float, ...]:
        """What it was scored on, as the energies of its seconds: the same for the same audio."""
        return tuple(float(f"{second.signal:.5g}") for second in self.scores[0].by_second)

    def mean(self, figure: Callable[[Scores], float | None]) -> float | None:
        """Mean over the seeds of a score, ``None`` where one lacks it."""
        values = [figure(one) for one in self.scores]
        found = [value for value in values if value is not None]
        return float(np.mean(found)) if len(found) == len(values) else None

    @property
    def esr(self) -> float:
        """Mean over the seeds."""
        return float(np.mean([one.esr for one in self.scores]))

    @property
    def ns_per_sample(self) -> float | None:
        """What running it was measured to take, the least of the seeds'."""
        costs = [
            outcome.cost.ns_per_sample for outcome in self.outcomes if outcome.cost is not None
        ]
        return min(costs, default=None)

    @property
    def real_time_share(self) -> float | None:
        """Seconds of computing for a second of audio."""
        costs = [outcome.cost for outcome in self.outcomes if outcome.cost is not None]
        return float(np.median([cost.real_time_share for cost in costs])) if costs else None


@dataclass(frozen=True)
class Results:
    """All that is done of a study.

    Attributes:
        plan: its declaration.
        cells: in the order in which they were first asked for.
        missing: trainings that are not done.
        busy_seconds: of computing.
    """

    plan: Plan
    cells: list[Cell]
    missing: int
    busy_seconds: float

    def of(self, source: str) -> list[Cell]:
        """Cells of one source."""
        return [cell for cell in self.cells if cell.source == source]


def high_error(scores: Scores) -> float | None:
    """Error over 8 kHz as a share of the device's energy there; ``None`` without such a band."""
    bands = [band for band in scores.bands if band.low >= HIGH_HZ and band.esr is not None]
    total = sum(band.share for band in bands)
    if not total:
        return None
    return sum((band.esr or 0.0) * band.share for band in bands) / total


def load(folder: Path | str) -> Results:
    """Read what a study has done so far.

    Raises:
        DrywetError: no study, or a damaged one.
    """
    folder = Path(folder)
    with Journal(folder) as journal:
        jobs = journal.jobs()
    declared = folder / PLAN_FILE
    plan = parse(Plan, read_json(declared, "the plan.json of a study"), declared)
    together: dict[tuple[str, str, float | None], _Seeds] = {}
    for job in jobs:
        outcome = read_outcome(folder / "points" / job["id"])
        if job["state"] != "done" or outcome is None:
            continue
        settings = parse(Settings, json.loads(job["settings"]), folder)
        lengths = settings.training.milestones
        for point in outcome.points:
            if not lengths or point.epochs in lengths:
                key = (job["source"], key_of(settings), point.epochs)
                found = together.setdefault(key, _Seeds(job["grids"].split(","), settings))
                found.scores.append(point.scores)
                found.outcomes.append(outcome)
                found.seeds.append(settings.training.seed)
    cells = [
        Cell(
            tuple(found.grids), source, found.settings, epochs, tuple(found.scores),
            tuple(found.outcomes), tuple(found.seeds),
        )
        for (source, _, epochs), found in together.items()
    ]  # fmt: skip
    missing = sum(job["state"] not in ("done", "pruned") for job in jobs)
    return Results(plan, cells, missing, sum(job["busy_seconds"] or 0.0 for job in jobs))


@dataclass
class _Seeds:
    """A cell that is being filled."""

    grids: list[str]
    settings: Settings
    scores: list[Scores] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)


def closest(cells: Iterable[Cell]) -> list[Cell]:
    """The closest cell of every model, of those scored on the audio that most were scored on.

    A rate that leaves out the treble has other audio: its ESR says nothing beside theirs.
    """
    by_audio: dict[tuple[float, ...], list[Cell]] = {}
    for cell in cells:
        by_audio.setdefault(cell.audio, []).append(cell)
    best: dict[str, Cell] = {}
    for cell in max(by_audio.values(), key=len, default=[]):
        if cell.title not in best or cell.esr < best[cell.title].esr:
            best[cell.title] = cell
    return sorted(best.values(), key=lambda cell: (cell.parameters, cell.multiply_adds))


def on_all(results: Results) -> dict[str, list[Cell]]:
    """Of every model its closest cell on each source, for models that all sources have.

    Nothing where there are too few sources to say something of devices in general.
    """
    count = len(results.plan.sources)
    if count < LEAST_DEVICES:
        return {}
    found: dict[str, list[Cell]] = {}
    for source in results.plan.sources:
        for cell in closest(results.of(source.name)):
            found.setdefault(cell.title, []).append(cell)
    return {title: cells for title, cells in found.items() if len(cells) == count}


def mean_esr(cells: Sequence[Cell]) -> float:
    """Geometric mean of the ESR over sources: each counts alike, however hard it is."""
    return float(np.exp(np.mean(np.log([cell.esr for cell in cells]))))


def mean_cost(cells: Sequence[Cell]) -> float | None:
    """Nanoseconds per sample of one model, the median of what was measured."""
    costs = [cell.ns_per_sample for cell in cells if cell.ns_per_sample is not None]
    return float(np.median(costs)) if costs else None


def key_of(settings: Settings, *without: str) -> str:
    """What is the same in all seeds and lengths, and in all values of the settings named."""
    decides = settings.model_dump(mode="json")
    for name in ("training.seed", "training.epochs", "training.milestones", *without):
        section, _, key = name.partition(".")
        if key:
            decides[section].pop(key, None)
        else:
            decides.pop(section)
    return json.dumps(decides, sort_keys=True)


def value_of(cell: Cell, name: str) -> Any:
    """A setting of a cell by its dotted name."""
    section, _, key = name.partition(".")
    part = getattr(cell.settings, section)
    return getattr(part, key, None) if key else part
