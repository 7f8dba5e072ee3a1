"""``train --seeds``: the same training with several seeds, the data prepared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drywet.errors import DrywetError
from drywet.evaluation.result import Evaluation
from drywet.evaluation.saved import read_scores
from drywet.losses.config import LossConfig
from drywet.metrics.statistics import summary
from drywet.models.registry import ModelConfig, kind_of
from drywet.pair.summary import CheckReport
from drywet.runs.config import CaptureConfig, TrainingConfig
from drywet.runs.folder import RunFolder, require_free
from drywet.runs.group import Group, config_of, is_group, read_group, write_group
from drywet.runs.names import name_of
from drywet.storage import make_folder, remove_leftovers
from drywet.training.checkpoint import load_checkpoint
from drywet.training.control import Control, CtrlC
from drywet.training.data import TrainingData
from drywet.training.hardware import choose_device
from drywet.training.prepare import Played, prepare_again
from drywet.validation import parse
from drywet.verbs.make_run import prepared
from drywet.verbs.scored_run import Run, scored_run
from drywet.verbs.train import place_of, require_name, settings_of
from drywet.words import with_article

_MOST_SEEDS = 1000
_ENOUGH = 3  # seeds, for a range to mean something

_SUMMARISED = (
    "esr", "esr_pre_emphasised", "esr_a_weighted", "mae", "r2", "mrstft", "log_spectral_db",
)  # fmt: skip


@dataclass(frozen=True)
class Seeds:
    """Finished trainings of several seeds.

    Attributes:
        path: the folder of all of them.
        runs: those that were trained now, in order.
        group: their scores together.
        best: scores of the one that came out best on the validation audio, once all are trained.
        interrupted: stopped by Ctrl-C before all were trained.
    """

    path: Path
    runs: list[Run]
    group: Group
    interrupted: bool
    best: Evaluation | None = None

    @property
    def apart(self) -> float | None:
        """ESR of the worst seed over that of the best, of enough seeds to say so."""
        found = self.group.scores.get("esr")
        if found is None or not found.least or len(self.group.runs) < _ENOUGH:
            return None
        return found.most / found.least


def train_seeds(
    dry: Path | str,
    wet: Path | str,
    *,
    seeds: int = 5,
    out: Path | str | None = None,
    model: ModelConfig | None = None,
    loss: LossConfig | None = None,
    training: TrainingConfig | None = None,
    capture: CaptureConfig | None = None,
    overwrite: bool = False,
    name: str | None = None,
    played: Played | None = None,
    control: Control | None = None,
) -> Seeds:
    """Learn the same device several times, from the seed of ``training`` on.

    One seed's score says little: another may come out twice as good or bad. Mean and spread
    over several are what a comparison can rest on.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        seeds: how many, 2 or more.
        out: folder of the runs; by default as for `drywet.train`.
        model: as for `drywet.train`, like all that follow.
        loss: what to minimise.
        training: budget, first seed, optimiser.
        capture: rate, alignment, held-out stretch.
        overwrite: replace runs that are there.
        name: as for `drywet.train`.
        played: the device, where drywet made the capture.
        control: as for `drywet.train`; told the name of every run before it is trained.

    Raises:
        DrywetError: as `drywet.train`, or a model that no seed changes.
    """
    settings = settings_of(model, loss, training, capture)
    if kind_of(settings.model).training is None or not 2 <= seeds <= _MOST_SEEDS:
        raise DrywetError(
            f"{seeds} seeds of {with_article(settings.model.title)}",
            f"2 to {_MOST_SEEDS} seeds of a net",
            "Leave --seeds out to train once.",
        )
    numbers = [settings.training.seed + i for i in range(seeds)]
    last = {**settings.training.model_dump(), "seed": numbers[-1]}
    parse(TrainingConfig, last, Path("the settings"))
    choose_device(settings.training.compute)
    require_name(name)
    control = control or CtrlC()
    path = place_of(name_of(wet), name, control) if out is None else Path(out)
    require_free(path, overwrite, group=True)
    names = tuple(f"seed-{number}" for number in numbers)
    for folder in names:
        require_free(path / folder, overwrite)
    first, data, report = prepared(dry, wet, settings, played, control)
    first = first.model_copy(update={"name": name})
    make_folder(path)
    if is_group(path):
        _remove(path, read_group(path).runs)
    group = Group(runs=names, first=first)
    write_group(path, group)
    return _learn_all(path, group, data, control, report)


def resume_seeds(path: Path | str, *, control: Control | None = None) -> Seeds:
    """Go on with several seeds where they were interrupted; what is finished stays.

    Args:
        path: their folder.
        control: as for `train_seeds`.

    Raises:
        DrywetError: no such folder, their files have changed, or a damaged checkpoint.
    """
    path = Path(path)
    group = read_group(path)
    choose_device(group.first.settings.training.compute)
    data = prepare_again(group.first)
    return _learn_all(path, group, data, control or CtrlC(), None)


def _remove(path: Path, names: tuple[str, ...]) -> None:
    """Take away the runs of a group that is to be replaced."""
    for name in names:
        RunFolder(path / name).discard()


def _learn_all(
    path: Path,
    group: Group,
    data: TrainingData,
    control: Control,
    report: CheckReport | None,
) -> Seeds:
    runs: list[Run] = []
    folders = [_folder(path, group, name) for name in group.runs]
    for folder in folders:
        if folder.scores_file.is_file() and load_checkpoint(folder.checkpoint_file).finished:
            continue
        with folder.claimed():
            remove_leftovers(folder.made())
            control.on_run(folder.path.name)
            run = scored_run(folder, data, control, report, resume=True)
        runs.append(run)
        if run.interrupted:
            return Seeds(path, runs, group, interrupted=True)
    scored = [read_scores(folder) for folder in folders]
    values = {
        name: [value for one in scored if (value := getattr(one, name)) is not None]
        for name in _SUMMARISED
    }
    best = min(folders, key=lambda folder: load_checkpoint(folder.checkpoint_file).best_score)
    found = {name: summary(column) for name, column in values.items() if column}
    group = group.model_copy(update={"best": best.path.name, "scores": found})
    write_group(path, group)
    return Seeds(path, runs, group, interrupted=False, best=scored[folders.index(best)])


def _folder(path: Path, group: Group, name: str) -> RunFolder:
    """A run of the group, made where a killed training never came to it."""
    if (path / name / "config.json").is_file():
        return RunFolder.open(path / name)
    return RunFolder.create(path / name, config_of(group, name))
