"""``report``: what one run is worth, or several side by side, on a page that anyone can open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drywet.dsp.oversampling import require_factor
from drywet.errors import DrywetError
from drywet.evaluation.along_knobs import AlongKnob, along_knobs
from drywet.evaluation.by_ear import by_ear
from drywet.evaluation.material import own_material
from drywet.evaluation.measure import Measured, measure, of_run
from drywet.evaluation.on_pair import model_on_pair, run_on_pair
from drywet.evaluation.positions import measure_positions
from drywet.metrics.statistics import summary
from drywet.report.contender import COLORS, Contender
from drywet.report.page import page
from drywet.report.rivals import against_the_best, compared, names_of
from drywet.report.tables import sentences
from drywet.runs.folder import RunFolder
from drywet.runs.group import is_group, read_group, runs_of
from drywet.runs.machine import versions_here
from drywet.storage import require_new, require_place, write_bytes
from drywet.verbs.evaluate import keep
from drywet.words import number

FILE_NAME = "report.html"
_MOST = 24
_LEAST_FOR_A_MEAN = 3
_WITH_A_PAIR = 3  # a model, its dry and its wet file
_SUFFIXES = {".html", ".htm"}


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
    oversample: int = 1,
    overwrite: bool = False,
    on_step: Callable[[str], None] = lambda text: None,
) -> Reported:
    """Score runs on their held-out audio and write a page about them.

    Args:
        runs: folders of runs, or of several seeds of one; or a run or a model of any format and
            the dry and the wet file of a capture to score it on.
        out: the page, or the folder for it; by default ``report.html`` in the run's folder, or
            here for several.
        oversample: how many times their rate the models run at, 1, 2, 4 or 8; then no run's own
            scores are written anew.
        overwrite: replace a page that is there; a run's own is made anew anyway.
        on_step: called with a line before each run is scored.

    Raises:
        DrywetError: no such run, its files changed, a place that cannot be written,
            or a page that is there.
    """
    require_factor(oversample)
    paths = [Path(run) for run in runs]
    if len(paths) == _WITH_A_PAIR and paths[1].is_file() and paths[2].is_file():
        return _on_a_pair(paths[0], paths[1], paths[2], out, oversample, overwrite, on_step)
    members = [runs_of(path) for path in paths]
    # A run that was named twice, or by itself and in its group, is scored once.
    folders = list({f.path.resolve(): f for group in members for f in group}.values())
    if not 0 < len(folders) <= _MOST:
        raise DrywetError(
            f"{len(folders)} runs for one report", f"1 to {_MOST}", "Name fewer, or one at a time."
        )
    target = Path(out) if out is not None else _place(paths)
    if target.is_dir():
        target = target / FILE_NAME
    require_page(target, overwrite or (out is None and len(paths) == 1))
    depth = 2 if any(is_group(path) for path in paths) else 1  # seed-0 alone says little
    names = names_of([folder.path.resolve() for folder in folders], depth)
    if len(folders) == 1:
        names = [folders[0].config().name or names[0]]
    found: dict[Path, Contender] = {}
    for place, folder in enumerate(folders):
        on_step(f"scoring {folder.path}")
        color = COLORS[place % len(COLORS)]
        found[folder.path.resolve()] = _contender(
            folder, names[place], color, oversample, len(folders) == 1, on_step
        )
    alone = len(paths) == 1 and is_group(paths[0])
    contenders = against_the_best(list(found.values()))
    grouped = [[found[folder.path.resolve()] for folder in group] for group in members]
    titles = names_of([path.resolve() for path in paths])
    groups = [
        _group_sentence(title, path, group)
        for title, path, group in zip(titles, paths, grouped, strict=True)
        if is_group(path)
    ]
    groups += _groups_compared(titles, grouped)
    # Seeds of one training are no rivals.
    ranked = [] if alone else contenders
    comparison = sentences(ranked, groups) if len(contenders) > 1 else []
    title = titles[0] if len(paths) == 1 else f"{len(contenders)} models compared"
    text = page(title, contenders, comparison, versions_here())
    write_bytes(target, text.encode())
    first = [one.evaluation.verdict[0].text for one in contenders]
    written = [folder.path for folder in folders]
    return Reported(target, written, len(text.encode()), first, comparison)


def _on_a_pair(
    model: Path, dry: Path, wet: Path, out: Path | str | None, oversample: int,
    overwrite: bool, on_step: Callable[[str], None],
) -> Reported:  # fmt: skip
    """A page about one model, whoever made it, on a capture that is not its run's own."""
    target = Path(FILE_NAME) if out is None else Path(out)
    if target.is_dir():
        target = target / FILE_NAME
    require_page(target, overwrite)
    on_step(f"scoring {model}")
    if model.is_file():
        subject, chosen = model_on_pair(model, dry, wet)
    else:
        folder = RunFolder.open(model)
        subject, chosen = run_on_pair(folder, folder.config(), dry, wet)
    subject = replace(subject, oversample=oversample)
    measured = measure(subject, chosen)
    heard = by_ear(subject) if oversample == 1 else None
    made = {"model": model.name, "dry": dry.name, "wet": wet.name}
    one = Contender(model.name, COLORS[0], model, measured, [], made, by_ear=heard)
    text = page(model.name, [one], [], versions_here()).encode()
    write_bytes(target, text)
    return Reported(target, [model], len(text), [one.evaluation.verdict[0].text], [])


def _place(paths: Sequence[Path]) -> Path:
    return paths[0] / FILE_NAME if len(paths) == 1 else Path(FILE_NAME)


def require_page(target: Path, overwrite: bool) -> None:
    """Refuse before minutes of scoring what could not be written after them.

    Raises:
        DrywetError: a place that cannot be written, a name that is no page's, or a page that is
            there and may not be replaced.
    """
    require_place(target)
    if target.suffix.lower() not in _SUFFIXES:
        raise DrywetError(
            f"cannot write {target}: it does not end in .html", "a file that does",
            "Choose another -o.",
        )  # fmt: skip
    require_new(target, overwrite)


def _contender(
    folder: RunFolder, name: str, color: str, oversample: int, alone: bool,
    on_step: Callable[[str], None],
) -> Contender:  # fmt: skip
    config = folder.config()
    measured: Measured
    if config.knobs:
        subject, measured = measure_positions(folder, config, oversample)
    else:
        subject = replace(of_run(folder, config), oversample=oversample)
        measured = measure(subject, own_material(config))
    if oversample == 1:
        keep(folder, measured)
    recording = config.capture.recording
    made = {
        "settings": config.settings.model_dump(mode="json"),
        "recording": recording.model_dump(mode="json")
        | {name: Path(getattr(recording, name)).name for name in ("dry", "wet")},
        "versions": config.versions,
        "machine": config.machine,
        "created": config.created,
    }
    heard = by_ear(subject) if alone and oversample == 1 else None
    along: list[AlongKnob] = []
    if alone and subject.turnable is not None and subject.recording is not None:
        on_step("turning each knob from end to end")
        stood = measured.evaluation.knobs
        along = along_knobs(subject.turnable, stood, subject.recording, subject.trained_peak_dbfs)
    return Contender(
        name, color, folder.path, measured, folder.history(), made, by_ear=heard,
        turnable=subject.turnable if alone else None, along=along,
    )  # fmt: skip


def _group_sentence(title: str, path: Path, group: Sequence[Contender]) -> str:
    best = read_group(path).best
    if best is None:
        return (
            f"{title} is not finished: some of its runs stopped early, and their scores with them. "
            f"'drywet train --resume {path}' goes on."
        )
    esr = summary([one.evaluation.esr for one in group])
    mean = (
        f"mean {number(esr.mean)} ± {number(esr.deviation, 2)}, "
        if esr.runs >= _LEAST_FOR_A_MEAN
        else ""
    )
    return (
        f"{title}: over {esr.runs} seeds an ESR of {mean}{number(esr.least)} to "
        f"{number(esr.most)}; best by its validation score is {best}."
    )


def _groups_compared(titles: Sequence[str], groups: Sequence[Sequence[Contender]]) -> list[str]:
    """Each group against the first: seeds and seconds both have their say."""
    said = []
    for title, group in zip(titles[1:], groups[1:], strict=True):
        if (len(group) < 2 and len(groups[0]) < 2) or title == titles[0]:
            continue
        found = compared(group, groups[0])
        if found is None:
            continue
        words = "a real difference" if found.decided else "no difference beyond the noise"
        said.append(
            f"{title} against {titles[0]}: {found.difference_db:+.1f} dB of error "
            f"({found.low_db:+.1f} to {found.high_db:+.1f} over seeds and seconds), {words}."
        )
    return said
