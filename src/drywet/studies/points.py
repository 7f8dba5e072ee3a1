"""From a declaration to runs: every combination once, named by the hash of what defines it.

A **point** is what a table has a row for: a source, settings and a length of training. A **job**
is a training that gives one point or several: where the learning rate stays what it is, a
model trained to 200 epochs has been one of 20, 35, 50 and 80 on its way, and no prefix is
trained twice.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.models.registry import kind_of, multiply_adds
from drywet.runs.config import Settings
from drywet.studies.plan import Grid, Plan, Sections
from drywet.trained.knob_range import KnobRange
from drywet.validation import parse
from drywet.words import with_article

_FORMAT = 1  # of what is hashed
# In multiply-adds: done in a second of training, and what a sample and a job cost besides.
_A_SECOND = 2e10
_EACH = 1e3
_EACH_JOB = 5 * _A_SECOND
_HASH_DIGITS = 12
_MOST_JOBS = 100_000
_SECTIONS = ("model", "loss", "training", "capture")


@dataclass(frozen=True)
class Positioned:
    """A capture of a device with knobs.

    Attributes:
        wet: file with the signal out of it.
        knobs: where they stood.
        held_out: all of it is scored, nothing learned.
    """

    wet: Path
    knobs: tuple[tuple[str, float], ...]
    held_out: bool


@dataclass(frozen=True)
class Captured:
    """A source as files.

    Attributes:
        name: in tables.
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        sha256: of what defines the two: their bytes, or device, knobs and signal.
        device: what drywet played, if it did.
        knobs: where they stood.
        ranges: of the knobs that are learned, if any are.
        captures: at positions of these, each after those that tell more; ``wet`` is the first.
    """

    name: str
    dry: Path
    wet: Path
    sha256: str
    device: str | None
    knobs: tuple[tuple[str, float], ...]
    ranges: tuple[KnobRange, ...] = ()
    captures: tuple[Positioned, ...] = ()


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
        id: names its folder.
        groups: the grids and searches it belongs to.
        source: what it learns.
        settings: of the run.
        lengths: epochs at which it gives a point, rising; empty where its budget is another.
    """

    id: str
    groups: tuple[str, ...]
    source: Captured
    settings: Settings
    lengths: tuple[float, ...]

    @property
    def weight(self) -> float:
        """A rough measure of how long it trains, to order jobs and to tell the time left."""
        training, model = self.settings.training, self.settings.model
        if training.seconds is not None:
            return training.seconds * _A_SECOND
        steps = float(sum(self.settings.cycle_steps) + self.settings.treble_steps)
        if training.epochs is not None and training.examples is not None:
            steps = training.epochs * training.examples / self.settings.batch
        samples = steps * self.settings.batch * self.settings.segment
        return samples * (multiply_adds(model) + _EACH) + _EACH_JOB


def jobs_of(plan: Plan, sources: Mapping[str, Captured]) -> list[Job]:
    """All jobs of the grids, each once, in the order of declaration.

    Args:
        plan: the declaration.
        sources: by name.

    Raises:
        DrywetError: settings that are unknown or do not go together.
    """
    found: dict[str, Job] = {}
    for grid in plan.grids:
        for name in grid.of or [source.name for source in plan.sources]:
            for settings in _combinations(plan, grid, name):
                job = job_of(grid.name, sources[name], settings)
                if job.id in found:
                    job = _joined(found[job.id], job)
                found[job.id] = job
                if len(found) > _MOST_JOBS:
                    raise DrywetError(
                        f"grid {grid.name} has over {_MOST_JOBS} combinations",
                        "fewer", "Leave out an axis or some of its values.",
                    )  # fmt: skip
    return list(found.values())


def job_of(group: str, source: Captured, settings: Settings, alone: bool = False) -> Job:
    """The job that gives a point of these settings.

    Args:
        group: the grid or search that asks for it.
        source: what it learns.
        settings: of the run.
        alone: never a length of another training.

    Raises:
        DrywetError: milestones, which a study sets itself.
    """
    if source.ranges and not settings.model.takes_knobs:
        raise DrywetError(
            f"{group} has {with_article(settings.model.title)} for {source.name} with its knobs",
            "recurrent nets or WaveNets",
            "Name the devices of the grid with 'of', or leave the model out.",
        )  # fmt: skip
    training = settings.training
    if training.milestones:
        raise DrywetError(
            f"{group} sets training.milestones", "lengths as an axis training.epochs",
            "Where final_rate is 1, they are one training.",
        )  # fmt: skip
    if kind_of(settings.model).training is None:  # solved, not trained
        solved = Settings(model=settings.model, capture=settings.capture)
        return Job(_identity(source, solved), (group,), source, solved, ())
    same_prefix = (
        not alone
        and training.final_rate == 1
        and training.epochs is not None
        and training.seconds is None
        and training.until_esr is None
        and training.patience is None
    )
    lengths = () if training.epochs is None else (training.epochs,)
    if not same_prefix:
        return Job(_identity(source, settings), (group,), source, settings, lengths)
    free = changed(settings, {"training.epochs": None}, "the study")
    return Job(_identity(source, free), (group,), source, _long(settings, lengths), lengths)


def _joined(one: Job, other: Job) -> Job:
    """A training that two grids ask for, or two lengths of it."""
    groups = tuple(dict.fromkeys((*one.groups, *other.groups)))
    lengths = tuple(sorted({*one.lengths, *other.lengths}))
    settings = one.settings if lengths == one.lengths else _long(one.settings, lengths)
    return Job(one.id, groups, one.source, settings, lengths)


def _long(settings: Settings, lengths: tuple[float, ...]) -> Settings:
    changes = {"training.epochs": max(lengths), "training.milestones": lengths}
    return changed(settings, changes, "the study")


def _combinations(plan: Plan, grid: Grid, source: str) -> Iterator[Settings]:
    base = settings_of(plan, grid.settings, source)
    combined: Iterable[dict[str, Any]] = ()
    if grid.axes or not grid.points:
        values = itertools.product(*grid.axes.values())
        combined = (dict(zip(grid.axes, chosen, strict=True)) for chosen in values)
    count = grid.seeds or plan.seeds
    for changes in itertools.chain(combined, grid.points):
        if count == 1 or "training.seed" in changes:
            yield changed(base, changes, f"grid {grid.name}")
            continue
        for seed in range(count):
            yield changed(base, changes | {"training.seed": seed}, f"grid {grid.name}")


def settings_of(plan: Plan, over: Sections, source: str) -> dict[str, Any]:
    """The study's settings, over them those of a grid, over them those of a pair's capture."""
    own = next((s.capture for s in plan.pairs if s.name == source), {})
    merged: dict[str, dict[str, Any]] = {}
    for part in (plan.settings, over, {"capture": own}):
        for section, values in part.items():
            before = {} if section == "model" else merged.get(section, {})
            merged[section] = {**before, **(values or {})}
    return merged


def changed(base: Settings | dict[str, Any], changes: Mapping[str, Any], where: str) -> Settings:
    """Settings with some of them changed, by dotted names.

    Raises:
        DrywetError: a name that is no setting's, or a value out of range.
    """
    given = base.model_dump() if isinstance(base, Settings) else base
    found = {section: dict(part) for section, part in given.items()}
    for name, value in changes.items():
        section, dot, key = name.partition(".")
        if section not in _SECTIONS or not (dot or isinstance(value, dict)):
            raise DrywetError(
                f"{where} sets {name!r}",
                "a setting such as training.epochs, or a whole model or loss",
                "Every setting is in docs/runs.md.",
            )
        if dot:
            found[section] = {**found.get(section, {}), key: value}
        else:
            found[section] = dict(value)
    if isinstance(found.get("model"), dict):
        found["model"].setdefault("kind", "recurrent")
    return parse(Settings, found, Path(where))


def _identity(source: Captured, settings: Settings) -> str:
    """Hash of what decides the numbers; how many threads compute them does not.

    Settings at their default are left out: a run keeps its name when drywet learns a new one.
    """
    decides = settings.model_dump(mode="json", exclude_defaults=True)
    decides["model"] = {
        "kind": settings.model.kind, **settings.model.model_dump(mode="json", exclude_defaults=True)
    }  # fmt: skip
    loss = {key: value for key, value in decides.pop("loss", {}).items() if key != "pre_emphasis"}
    if settings.minimised.pre_emphasis:  # left open or given: what is minimised counts
        loss["pre_emphasis"] = settings.minimised.pre_emphasis
    if loss:
        decides["loss"] = loss
    training = decides.get("training", {})
    training.pop("threads", None)
    if "compute" in training:  # as it was called when the format of the hash was made
        training["device"] = training.pop("compute")
    what = {"format": _FORMAT, "source": source.sha256, "settings": decides}
    text = json.dumps(what, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
