"""``train --seeds``: the same training with several seeds, the data prepared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drywet.errors import DrywetError
from drywet.evaluation.saved import read_scores
from drywet.losses.config import LossConfig
from drywet.metrics.statistics import summary
from drywet.models.config import LinearConfig, ModelConfig
from drywet.runs.config import CaptureConfig, RunConfig, TrainingConfig
from drywet.runs.folder import RunFolder, next_free, require_free
from drywet.runs.group import Group, read_group, write_group
from drywet.storage import make_folder, remove_leftovers
from drywet.training.checkpoint import load_checkpoint
from drywet.training.hardware import choose_device
from drywet.training.loop import Progress, TrainingData
from drywet.training.prepare import Played, prepare, prepare_again
from drywet.verbs.check import CheckReport, summarise
from drywet.verbs.train import RUNS, Run, learn, settings_of

MOST = 1000

_SUMMARISED = (
    "esr", "esr_pre_emphasised", "esr_a_weighted", "mae", "r2", "mrstft", "log_spectral_db",
    "predicted_mushra",
)  # fmt: skip


@dataclass(frozen=True)
class Seeds:
    """Finished trainings of several seeds.

    Attributes:
        path: the folder of all of them.
        runs: those that were trained now, in order.
        group: their scores together.
        interrupted: stopped by Ctrl-C before all were trained.
    """

    path: Path
    runs: list[Run]
    group: Group
    interrupted: bool


def _silent(progress: Progress) -> None:
    pass


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
    played: Played | None = None,
    on_check: Callable[[CheckReport], None] | None = None,
    on_run: Callable[[str], None] = lambda name: None,
    on_progress: Callable[[Progress], None] = _silent,
) -> Seeds:
    """Learn the same device several times, from the seed of ``training`` on.

    One seed's score says little: another may come out twice as good or bad. Mean and spread
    over several are what a comparison can rest on.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        seeds: how many, 2 or more.
        out: folder of the runs; by default ``runs/`` and the wet file's name.
        model: as for `drywet.train`, like all that follow.
        loss: what to minimise.
        training: budget, first seed, optimiser.
        capture: rate, alignment, held-out stretch.
        overwrite: replace runs that are there.
        played: the device, where drywet made the capture.
        on_check: called with the checks' report before training.
        on_run: called with the name of every run before it is trained.
        on_progress: called after every training step.

    Raises:
        DrywetError: as `drywet.train`, or a model that no seed changes.
    """
    settings = settings_of(model, loss, training, capture)
    if isinstance(settings.model, LinearConfig) or not 2 <= seeds <= MOST:
        raise DrywetError(
            f"{seeds} seeds of a {settings.model.title}",
            f"2 to {MOST} seeds of a net",
            "Leave --seeds out to train once.",
        )
    path = next_free(RUNS, Path(wet).stem) if out is None else Path(out)
    require_free(path, overwrite, group=True)
    reports: list[CheckReport] = []

    def examined(report: CheckReport) -> None:
        reports.append(report)
        if on_check is not None:
            on_check(report)

    first, data = prepare(dry, wet, settings, played, lambda found: examined(summarise(found)))
    numbers = [settings.training.seed + i for i in range(seeds)]
    group = Group(runs=tuple(f"seed-{number}" for number in numbers))
    make_folder(path)
    write_group(path, group)
    folders = [
        RunFolder.create(path / name, _with_seed(first, number), overwrite)
        for name, number in zip(group.runs, numbers, strict=True)
    ]
    return _learn_all(path, folders, data, on_run, on_progress, reports[0])


def resume_seeds(
    path: Path | str,
    *,
    on_run: Callable[[str], None] = lambda name: None,
    on_progress: Callable[[Progress], None] = _silent,
) -> Seeds:
    """Go on with several seeds where they were interrupted; what is finished stays.

    Args:
        path: their folder.
        on_run: called with the name of every run before it is trained.
        on_progress: called after every training step.

    Raises:
        DrywetError: no such folder, their files have changed, or a damaged checkpoint.
    """
    path = Path(path)
    folders = [RunFolder.open(path / name) for name in read_group(path).runs]
    data = prepare_again(folders[0].config())
    return _learn_all(path, folders, data, on_run, on_progress, None)


def _with_seed(config: RunConfig, seed: int) -> RunConfig:
    training = config.settings.training.model_copy(update={"seed": seed})
    settings = config.settings.model_copy(update={"training": training})
    return config.model_copy(update={"settings": settings})


def _learn_all(
    path: Path,
    folders: list[RunFolder],
    data: TrainingData,
    on_run: Callable[[str], None],
    on_progress: Callable[[Progress], None],
    report: CheckReport | None,
) -> Seeds:
    runs: list[Run] = []
    names = tuple(folder.path.name for folder in folders)
    for folder in folders:
        if folder.scores_file.is_file() and load_checkpoint(folder.checkpoint_file).finished:
            continue
        config = folder.config()
        remove_leftovers(folder.made())
        on_run(folder.path.name)
        device = choose_device(config.settings.training.device)
        run = learn(folder, config, data, device, on_progress, report, resume=True)
        runs.append(run)
        if run.fit is not None and run.fit.interrupted:
            return Seeds(path, runs, Group(runs=names), interrupted=True)
    scored = [read_scores(folder) for folder in folders]
    values = {
        name: [value for one in scored if (value := getattr(one, name)) is not None]
        for name in _SUMMARISED
    }
    best = min(folders, key=lambda folder: float(folder.history()[-1]["best_score"]))
    group = Group(
        runs=names,
        best=best.path.name,
        scores={name: summary(found) for name, found in values.items() if found},
    )
    write_group(path, group)
    return Seeds(path, runs, group, interrupted=False)
