"""Several runs that differ in nothing but their seed, in one folder.

::

    seeds.json    the folders of the runs and their scores together
    seed-0/       a run
    seed-1/       ...
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from drywet.errors import DrywetError
from drywet.metrics.statistics import Summary
from drywet.runs.config import RunConfig
from drywet.runs.folder import GROUP_FILE, RunFolder
from drywet.storage import read_json, write_json
from drywet.validation import parse


class Group(BaseModel):
    """What ``seeds.json`` holds.

    Attributes:
        runs: names of the folders, in the order of their seeds.
        first: configuration of the first; the others differ in their seed.
        best: the one with the best validation score, once all are trained. The test audio
            has no say in it.
        scores: mean and spread over the seeds of the scores on the test audio.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    runs: tuple[str, ...] = Field(min_length=1)
    first: RunConfig
    best: str | None = None
    scores: dict[str, Summary] = {}


def is_group(path: Path) -> bool:
    """Whether a folder holds runs of several seeds."""
    return (path / GROUP_FILE).is_file()


def read_group(path: Path) -> Group:
    """Read ``seeds.json``.

    Raises:
        DrywetError: it is missing or damaged, or names folders that are not beside it.
    """
    group = parse(
        Group, read_json(path / GROUP_FILE, "the seeds.json of several runs"), path / GROUP_FILE
    )
    for name in group.runs:
        if not re.fullmatch(r"seed-\d{1,10}", name) or group.runs.count(name) > 1:
            raise DrywetError(
                f"{path / GROUP_FILE} names a run {name!r}",
                "folders beside it, each once",
                "Train again.",
            )
    return group


def config_of(group: Group, name: str) -> RunConfig:
    """The configuration of one of a group's runs, by its name."""
    seed = int(name.removeprefix("seed-"))
    training = group.first.settings.training.model_copy(update={"seed": seed})
    settings = group.first.settings.model_copy(update={"training": training})
    return group.first.model_copy(update={"settings": settings})


def write_group(path: Path, group: Group) -> None:
    """Write ``seeds.json`` atomically."""
    write_json(path / GROUP_FILE, group.model_dump(mode="json"))


def runs_of(path: Path | str) -> list[RunFolder]:
    """The runs in a folder: one, or those of a group.

    Raises:
        DrywetError: neither a run nor a group.
    """
    path = Path(path)
    if not is_group(path):
        return [RunFolder.open(path)]
    return [RunFolder.open(path / name) for name in read_group(path).runs]
