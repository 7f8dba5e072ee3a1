"""``report``: what one run is worth, or several side by side, on a page that anyone can open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drywet.errors import DrywetError
from drywet.evaluation.material import material
from drywet.evaluation.measure import Measured, measure
from drywet.metrics.statistics import Comparison, compare, summary
from drywet.report.contender import COLORS, Contender
from drywet.report.page import page
from drywet.report.tables import sentences
from drywet.runs.config import versions_here
from drywet.runs.folder import RunFolder
from drywet.runs.group import is_group, runs_of
from drywet.storage import write_bytes
from drywet.verbs.evaluate import keep

FILE_NAME = "report.html"
_MOST = 24


@dataclass(frozen=True)
class Reported:
    """What was written.

    Attributes:
        path: of the page.
        runs: folders of the runs on it.
        bytes: of the page.
        verdict: the first remark on every run.
        comparison: what holding them against each other comes to; empty for one.
    """

    path: Path
    runs: list[Path]
    bytes: int
    verdict: list[str]
    comparison: list[str]


def report(
    runs: Sequence[Path | str],
    out: Path | str | None = None,
    *,
    on_step: Callable[[str], None] = lambda text: None,
) -> Reported:
    """Score runs on their held-out audio and write a page about them.

    Args:
        runs: folders of runs, or of several seeds of one.
        out: the page; by default ``report.html`` in the run's folder, or here for several.
        on_step: called with a line before each run is scored.

    Raises:
        DrywetError: no such run, its files changed, or a place that cannot be written.
    """
    paths = [Path(run) for run in runs]
    members = [runs_of(path) for path in paths]
    folders = [folder for group in members for folder in group]
    if not 0 < len(folders) <= _MOST:
        raise DrywetError(
            f"{len(folders)} runs for one report", f"1 to {_MOST}", "Name fewer, or one at a time."
        )
    target = Path(out) if out is not None else _place(paths)
    found: dict[Path, Contender] = {}
    names = _names(folders)
    for number, folder in enumerate(folders):
        on_step(f"scoring {folder.path}")
        found[folder.path] = _contender(folder, names[number], COLORS[number % len(COLORS)])
    contenders = _against_the_best([found[folder.path] for folder in folders])
    groups = [
        _group_sentence(path, [found[folder.path] for folder in group])
        for path, group in zip(paths, members, strict=True)
        if is_group(path)
    ] + _groups_compared(paths, [[found[f.path] for f in group] for group in members])
    comparison = sentences(contenders, groups) if len(contenders) > 1 else []
    text = page(contenders, comparison, versions_here())
    write_bytes(target, text.encode())
    first = [one.evaluation.verdict[0].text for one in contenders]
    written = [folder.path for folder in folders]
    return Reported(target, written, len(text.encode()), first, comparison)


def _place(paths: Sequence[Path]) -> Path:
    return paths[0] / FILE_NAME if len(paths) == 1 else Path(FILE_NAME)


def _names(folders: Sequence[RunFolder]) -> list[str]:
    """Names of folders, with their parents' where two would be the same."""
    short = [folder.path.resolve().name for folder in folders]
    if len(set(short)) == len(short):
        return short
    return [
        f"{folder.path.resolve().parent.name}/{folder.path.resolve().name}" for folder in folders
    ]


def _contender(folder: RunFolder, name: str, color: str) -> Contender:
    config = folder.config()
    measured: Measured = measure(folder, config, material(config))
    keep(folder, measured)
    made = {
        "settings": config.settings.model_dump(mode="json"),
        "recording": config.recording.model_dump(mode="json"),
        "versions": config.versions,
        "machine": config.machine,
        "created": config.created,
    }
    return Contender(name, color, folder.path, measured, folder.history(), made)


def _against_the_best(contenders: list[Contender]) -> list[Contender]:
    best = min(contenders, key=lambda one: one.evaluation.esr)
    return [
        one if one is best else replace(one, against_best=_compared([one], [best]))
        for one in contenders
    ]


def _compared(first: Sequence[Contender], second: Sequence[Contender]) -> Comparison | None:
    """The comparison, ``None`` where they were not scored on the same seconds."""
    try:
        return compare(
            [one.evaluation.by_second for one in first],
            [one.evaluation.by_second for one in second],
        )
    except ValueError:
        return None


def _group_sentence(path: Path, group: Sequence[Contender]) -> str:
    esr = summary([one.evaluation.esr for one in group])
    return (
        f"{path.name}: ESR {esr.mean:.2e} ± {esr.deviation:.1e} over {esr.runs} seeds "
        f"({esr.least:.2e} to {esr.most:.2e})."
    )


def _groups_compared(paths: Sequence[Path], groups: Sequence[Sequence[Contender]]) -> list[str]:
    """Each group against the first, seeds and seconds drawn anew."""
    said = []
    for path, group in zip(paths[1:], groups[1:], strict=True):
        if len(group) < 2 and len(groups[0]) < 2:
            continue
        found = _compared(group, groups[0])
        if found is None:
            continue
        words = "no difference beyond the noise" if not found.decided else "a real difference"
        said.append(
            f"{path.name} against {paths[0].name}: {found.difference_db:+.1f} dB of error "
            f"({found.low_db:+.1f} to {found.high_db:+.1f}), {words}."
        )
    return said
