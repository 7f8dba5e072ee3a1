"""The declaration of a study: what a ``studies/*.yaml`` may say.

::

    name: seed
    about: what it is for
    devices:                         # or pairs:
      - {name: SD-1, device: sd1, knobs: {drive: 0.7}}
    signal: {kind: mixed, seconds: 480, rate: 44100}
    settings: {loss: {esr: 0, mae: 1}, training: {batch: 64}}
    grids:
      - name: structures
        axes:
          model: [{kind: windowed, hidden: 16, frame: 32}]
          training.examples: [20000, 100000]
          training.epochs: [20, 200]
    quick: {...}                     # replaces the keys it names under --quick

Paths are relative to the file. An unknown key is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drywet.errors import DrywetError
from drywet.storage import read_yaml
from drywet.validation import parse

_FIX = "See docs/study.md for the form, and studies/ for examples."
_Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f|,%]+$")]


Sections = dict[str, dict[str, Any] | None]
"""Settings by section, as in a run's ``config.json``."""

_Seeds = Annotated[int, Field(ge=1, le=1000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Source(_Strict):
    name: _Name


class DeviceSource(_Source):
    """A device that drywet plays.

    Attributes:
        name: in tables.
        device: as `drywet.process` takes it.
        knobs: positions; those left out are at their default.
        over: knobs that are learned, as ``drywet train --over`` does.
        captures: at how many of their positions it is recorded.
        between: at how many others it is scored.
    """

    device: str
    knobs: dict[str, float] = {}
    over: tuple[str, ...] = ()
    captures: int = Field(default=9, ge=2, le=256)
    between: int = Field(default=4, ge=1, le=64)


class PairSource(_Source):
    """A recording that is there.

    Attributes:
        name: in tables.
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        capture: settings of the capture that only this pair has.
    """

    dry: Path
    wet: Path
    capture: dict[str, Any] = {}


class Signal(_Strict):
    """What is played through the devices.

    Attributes:
        kind: ``mixed``, the 2022 study's, or ``capture``, as `drywet signal` writes it.
        seconds: its length.
        rate: in Hz.
    """

    kind: Literal["mixed", "capture"] = "mixed"
    seconds: float = Field(default=480.0, ge=30, le=600)
    rate: int = Field(default=44_100, ge=16_000, le=192_000)


class Grid(_Strict):
    """Every combination of some settings.

    Attributes:
        name: in tables.
        of: names of the devices or pairs it is run on; all of them by default.
        settings: as in a run's ``config.json``, over those of the study.
        axes: lists of values by the setting they are for, such as ``training.epochs``; the axis
            ``model`` lists whole models.
        points: explicit combinations instead: each names settings like an axis does.
        seeds: as many runs, with seeds from 0, for each combination; the study's by default.
    """

    name: _Name
    of: tuple[str, ...] | None = None
    settings: Sections = {}
    axes: dict[str, list[Any]] = {}
    points: list[dict[str, Any]] = []
    seeds: _Seeds | None = None

    @model_validator(mode="after")
    def _something(self) -> Grid:
        empty = [axis for axis, values in self.axes.items() if not values]
        if empty:
            raise ValueError(f"the axis {empty[0]} has no values")
        return self


class Range(_Strict):
    """Numbers that a search may take.

    Attributes:
        low: the least.
        high: the most.
        log: tried evenly on a logarithmic scale.
        whole: whole numbers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError("low must be under high, and above 0 where log is true")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError("low and high must be whole numbers where whole is true")
        return self


class Search(_Strict):
    """A search over settings (Optuna).

    Attributes:
        name: in tables.
        of: name of the one device or pair it is run on.
        sampler: ``tpe``, which minimises the validation ESR, or ``nsga2``, which looks for
            the front of ESR and multiply-adds.
        points: how many are tried.
        minutes: of computing, summed over the workers, after which no new one is tried.
        settings: as in a run's ``config.json``, over those of the study.
        space: by setting a list to choose from or a range.
        rungs: shares of a training's budget at which it must be among the better third of those
            that came so far, or is pruned; with ``tpe`` only.
        seed: of the sampler.
    """

    name: _Name = "search"
    of: str
    sampler: Literal["tpe", "nsga2"] = "tpe"
    points: int = Field(default=30, ge=1, le=100_000)
    minutes: float | None = Field(default=None, gt=0)
    settings: Sections = {}
    space: dict[str, Range | Annotated[list[Any], Field(min_length=1)]] = Field(min_length=1)
    rungs: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _prunable(self) -> Search:
        if self.rungs and self.sampler != "tpe":
            raise ValueError("rungs prune by ESR alone: leave them out with nsga2")
        if list(self.rungs) != sorted(set(self.rungs)):
            raise ValueError("rungs must rise")
        return self


class Published(_Strict):
    """A figure from the literature, to stand beside ours.

    Attributes:
        model: title of the model, as in our tables.
        source: name of the device.
        mae: mean absolute error.
        r2: coefficient of determination.
        esr: error-to-signal ratio.
    """

    model: str
    source: str
    mae: float
    r2: float
    esr: float


class Plan(_Strict):
    """A whole study.

    Attributes:
        name: of its folder.
        about: what it is for.
        devices: to learn, by a capture that drywet makes.
        pairs: recordings to learn.
        signal: that is played through the devices.
        settings: of all runs, as in a run's ``config.json``.
        seeds: of every combination in a grid that does not say.
        grids: what is run.
        searches: what is looked for.
        evaluation: ``full`` gives every run a `drywet evaluate`; ``scores`` only the scores of
            its milestones, which is faster.
        published: figures to compare with.
        folder: of the file; paths are relative to it.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,60}$")
    about: str = ""
    devices: tuple[DeviceSource, ...] = ()
    pairs: tuple[PairSource, ...] = ()
    signal: Signal = Signal()
    settings: Sections = {}
    seeds: _Seeds = 1
    grids: tuple[Grid, ...] = ()
    searches: tuple[Search, ...] = ()
    evaluation: Literal["full", "scores"] = "full"
    published: tuple[Published, ...] = ()
    folder: Path = Path()

    @model_validator(mode="after")
    def _whole(self) -> Plan:
        names = [*(device.name for device in self.devices), *(pair.name for pair in self.pairs)]
        if not names:
            raise ValueError("no devices and no pairs")
        if len(set(names)) < len(names):
            raise ValueError("two devices or pairs have the same name")
        if not self.grids and not self.searches:
            raise ValueError("no grids and no searches")
        labels = [*(grid.name for grid in self.grids), *(search.name for search in self.searches)]
        if len(set(labels)) < len(labels):
            raise ValueError("two grids or searches have the same name")
        wanted = [name for grid in self.grids for name in grid.of or ()]
        for name in [*wanted, *(search.of for search in self.searches)]:
            if name not in names:
                raise ValueError(f"of names {name!r}, which is none of {', '.join(names)}")
        return self

    @property
    def sources(self) -> tuple[DeviceSource | PairSource, ...]:
        """Devices and pairs."""
        return (*self.devices, *self.pairs)


def read_plan(
    path: Path | str,
    quick: bool = False,
    pairs: tuple[tuple[Path, Path], ...] = (),
) -> Plan:
    """Read a declaration.

    Args:
        path: the YAML file.
        quick: take what it says under ``quick`` in place of the same keys.
        pairs: recordings to learn in place of its devices and pairs, each named after its wet
            file.

    Raises:
        DrywetError: not a file of this form, or no ``quick`` in it.
    """
    path = Path(path)
    found = read_yaml(path, "the YAML of a study", _FIX)
    if "folder" in found:
        raise DrywetError(f"{path} has an unknown key 'folder'", "a known one", _FIX)
    reduced = found.pop("quick", None)
    if quick:
        if not isinstance(reduced, dict):
            raise DrywetError(
                f"--quick, and {path} has no part 'quick'", "one", "Run it without --quick."
            )
        found |= reduced
    if pairs:
        found |= {
            "devices": [],
            "pairs": [_named_pair(dry, wet, found) for dry, wet in pairs],
        }
        for grid in _listed(found, "grids"):
            grid.pop("of", None)  # to whatever pairs were given
        for search in _listed(found, "searches"):
            search["of"] = found["pairs"][0]["name"]
    try:
        return parse(Plan, found | {"folder": path.resolve().parent}, path)
    except DrywetError as error:
        lacking = " lacks the key " in error.found
        expected = "every key without a default" if lacking else error.expected
        raise DrywetError(error.found, expected, _FIX) from error


def _named_pair(dry: Path, wet: Path, found: dict[str, Any]) -> dict[str, Any]:
    """A pair from the command line; a wet file that the study knows by name keeps its settings."""
    same = next(
        (p for p in _listed(found, "pairs") if Path(str(p.get("wet"))).name == wet.name), {}
    )
    name = same.get("name", wet.stem)
    return {"dry": dry.resolve(), "wet": wet.resolve(), "name": name} | {
        key: same[key] for key in ("capture",) if key in same
    }


def _listed(found: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings in a list; what else may stand there is refused later."""
    listed = found.get(key)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
