"""``plan``: at which positions of its knobs to record a device, or to record it next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from drywet.captures.file_names import guessed
from drywet.captures.listed import MOST
from drywet.captures.plan import candidates, propose
from drywet.captures.yaml_file import list_of
from drywet.errors import DrywetError
from drywet.evaluation.saved import read_scores
from drywet.inference.stream import predict
from drywet.models.config import MOST_KNOBS
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.runs.recording import reload
from drywet.trained.knob_range import KnobRange
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import load_model
from drywet.validation import parse

Doubles = NDArray[np.float64]

_SECONDS = 3.0  # of the dry signal that seeds are compared on
_TRIED = 200  # positions
_GOOD = 0.01  # ESR


class Plan(BaseModel):
    """What to record.

    Attributes:
        positions: of the knobs, in the order with the least turning.
        because: why there, for a run's next ones.
        captures_yaml: lists the captures, where the files' names would not tell the knobs' ends.
    """

    positions: list[dict[str, float]]
    because: str | None = None
    captures_yaml: str | None = None


def plan(knobs: str, captures: int) -> Plan:
    """Positions at which to record a device that nothing is known of yet.

    Args:
        knobs: names and, where they aren't 0 to 1, ends: ``drive=0:10,tone``.
        captures: how many.

    Raises:
        DrywetError: no knobs or more than seven, the same twice, or no such number of captures.
    """
    ranges = [_range(part) for part in knobs.split(",") if part.strip()]
    names = [knob.name for knob in ranges]
    if not 1 <= len(ranges) <= MOST_KNOBS or len(set(names)) < len(names):
        raise DrywetError(
            f"the knobs {', '.join(names) or '(none)'}", f"1 to {MOST_KNOBS} of different names",
            "Name them: --knobs drive,tone.",
        )  # fmt: skip
    if not 1 < captures <= MOST:
        raise DrywetError(f"--captures {captures}", f"2 to {MOST}", "Choose a number in between.")
    positions = propose(ranges, captures)
    told = all(
        knob.name.isalpha() and guessed(knob.name, [at[knob.name] for at in positions]) == knob
        for knob in ranges
    )
    return Plan(positions=positions, captures_yaml=None if told else list_of(ranges, positions))


def _range(text: str) -> KnobRange:
    """``drive`` or ``drive=0:10``."""
    name, _, ends = text.partition("=")
    least, _, most = (ends or "0:1").partition(":")
    try:
        wanted = {"name": name.strip(), "least": float(least), "most": float(most)}
    except ValueError:
        raise DrywetError(
            f"--knobs {text}", "NAME or NAME=LEAST:MOST, such as drive=0:10", "Give two numbers."
        ) from None
    return parse(KnobRange, wanted, Path("--knobs"), "A name has letters, digits, _ and -.")


def plan_next(runs: Sequence[Path | str]) -> Plan:
    """The position to record next for a run with knobs.

    With several runs it is where their models differ most; of one it is far from all captures, and
    near those that it scored worst on.

    Args:
        runs: folder of the run, or of several that differ in their seeds alone.

    Raises:
        DrywetError: no such run, one without knobs, or runs with different knobs or captures.
    """
    folders = [RunFolder.open(run) for run in runs]
    configs = [folder.config() for folder in folders]
    config = configs[0]
    for run, each in zip(runs, configs, strict=True):
        if not each.knobs or each.knobs != config.knobs or each.captures != config.captures:
            raise DrywetError(
                f"{run} is a run of other captures" if each.knobs else f"{run} has no knobs",
                "runs of the same --captures, different in their --seed alone",
                "For a device that is yet to be recorded call drywet plan --knobs NAMES.",
            )  # fmt: skip
    there = np.array([config.shares(number) for number in range(len(config.captures))])
    tried = candidates(config.knobs)
    followers = [i for i, knob in enumerate(config.knobs) if knob.follows is not None]
    tried[:, followers] = 0  # as the net hears them
    tried = np.unique(tried, axis=0)
    distance = np.linalg.norm(tried[:, None] - there[None], axis=2)
    tried, distance = tried[distance.min(axis=1) > 0], distance[distance.min(axis=1) > 0]
    if not len(tried):
        raise DrywetError(
            f"{runs[0]} has a capture at every position that its knobs have", "one that is missing",
            "Record longer instead.",
        )  # fmt: skip
    furthest = np.argsort(-distance.min(axis=1))[:_TRIED]
    tried, distance = tried[furthest], distance[furthest]
    if len(folders) > 1:
        apart = _disagreement(folders, config, tried)
        because = "the runs' models differ most there"
    else:
        scores = read_scores(folders[0])
        if len(scores.positions) != len(there):
            raise DrywetError(
                f"{folders[0].path} has no score for each of its captures", "a scored run",
                f"Call drywet evaluate {folders[0].path}.",
            )  # fmt: skip
        errors = np.array([one.esr for one in scores.positions])
        apart = distance.min(axis=1) * np.sqrt(errors[distance.argmin(axis=1)])
        nearest = errors[distance[int(np.argmax(apart))].argmin()]
        because = f"it is far from all captures, the nearest of which has an ESR of {nearest:.2g}"
        if errors.max() < _GOOD:
            because += "; all captures score well, so that more may not be needed"
    best = tried[int(np.argmax(apart))]
    position = {
        knob.name: knob.position(float(share))
        for knob, share in zip(config.knobs, best, strict=True)
        if knob.follows is None
    }
    return Plan(positions=[position], because=because)


def _disagreement(folders: Sequence[RunFolder], config: RunConfig, tried: Doubles) -> Doubles:
    """By position, the power of the models' difference from their mean, over the mean's."""
    dry = reload(config)[1].dry[: round(_SECONDS * config.rate)]
    models = [load_model(folder.model_file) for folder in folders]
    found = []
    for row in tried:
        knobs = {
            knob.name: knob.position(float(share))
            for knob, share in zip(config.knobs, row, strict=True)
        }
        played = np.stack([predict(with_knobs(model, knobs), dry) for model in models])
        mean = played.mean(axis=0)
        found.append(float(np.sum((played - mean) ** 2) / max(np.sum(mean**2), 1e-12)))
    return np.array(found)
