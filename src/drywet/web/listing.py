"""Runs as the page lists them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.formats.registry import formats_for
from drywet.runs.config import RunConfig
from drywet.runs.folder import SOUNDS, RunFolder
from drywet.studies.status import status
from drywet.web.workspace import Workspace

_SCORES = (
    "esr", "esr_a_weighted", "esr_pre_emphasised", "mrstft", "aliasing_db", "noise_floor_esr",
    "seconds", "held_out", "unfinished", "bands", "verdict", "cost", "recorded_sines",
)  # fmt: skip


REPORT_FILE = "report.html"
"""Of a study."""

_JUST_NOW_SECONDS = 15.0
_LIVE = ("recurrent", "wavenet")  # as drywet.browser.playable knows


def listed(space: Workspace) -> list[dict[str, Any]]:
    """All runs, the newest first."""
    found = [told(space, path) for path in space.run_folders()]
    return sorted(found, key=lambda run: str(run["created"]), reverse=True)


def titles(space: Workspace) -> dict[str, str]:
    """What runs are called, by their ids; without damaged ones."""
    found = {}
    for path in space.run_folders():
        folder = RunFolder(path)
        with contextlib.suppress(DrywetError):
            config = (folder.uncleaned if folder.waits_to_be_cleaned else folder).config()
            found[space.id_of(path)] = config.name or str(path.relative_to(space.runs))
    return found


def told(space: Workspace, path: Path) -> dict[str, Any]:
    """What the page knows of a run; of a damaged one its name and what is wrong with it."""
    folder = RunFolder(path)
    name = str(path.relative_to(space.runs))
    found: dict[str, Any] = {"id": space.id_of(path), "name": name, "created": ""}
    if folder.waits_to_be_cleaned:
        folder = folder.uncleaned
    try:
        config = folder.config()
    except DrywetError as error:
        return found | {"fault": str(error)}
    scores = _read(folder.scores_file)
    recording = config.capture.recording
    return found | {
        "created": config.created,
        "title": config.name or name,
        "model": config.settings.model.title,
        "rate": config.rate,
        "device": recording.device,
        "wet": Path(recording.wet).name,
        "cleaned": config.cleans,
        "finished": folder.ended,
        "at_work": _at_work(folder),
        "capture": _audio_of(config),
        "live": folder.model_file.is_file() and config.settings.model.kind in _LIVE,
        "formats": formats_for(config.settings.model, config.rate, all_of_them=True)
        if folder.model_file.is_file()
        else [],
        "sounds": [
            sound for sound in SOUNDS if (folder.audio / f"{sound}.wav").is_file() and scores
        ],
        "report": folder.report_file.is_file(),
        "scores": {key: scores[key] for key in _SCORES if key in scores} or None,
        "linear_esr": scores.get("linear", {}).get("esr"),
        "history": [
            {"step": row.step, "validation_esr": row.validation_esr, "best_esr": row.best_esr}
            for row in folder.history()[-1000:]
        ],
    }


def stamp(space: Workspace) -> object:
    """Changes when a run comes, goes, begins or ends, whoever trains it."""
    found = []
    for path in space.run_folders():
        folder = RunFolder(path)
        told = (folder.config_file, folder.scores_file, folder.report_file)
        times = [_changed(file) for file in told]
        found.append((path, *times, _at_work(folder)))
    return found


def _at_work(folder: RunFolder) -> bool:
    """Whether somebody trains it: its checkpoint is of just now, as one is every few seconds.

    Before the first its configuration tells, which renaming writes anew later.
    """
    since = time.time() - (_changed(folder.checkpoint_file) or _changed(folder.config_file))
    return 0 <= since < _JUST_NOW_SECONDS and not folder.ended


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def studies(space: Workspace) -> list[dict[str, Any]]:
    """All studies: how many of their trainings are done, and whether there is a report."""
    found = []
    for path in space.study_folders():
        one: dict[str, Any] = {"id": space.id_of(path), "name": path.name}
        try:
            states = status(path).states
        except DrywetError as error:
            found.append(one | {"fault": str(error)})
            continue
        report = (path / REPORT_FILE).is_file()
        found.append(
            one | {"done": states.get("done", 0), "all": sum(states.values()), "report": report}
        )
    return found


def _audio_of(config: RunConfig) -> str:
    """Of runs that were scored on the same audio the same."""
    scored = config.held_out or range(len(config.captures))
    known: list[Any] = [config.rate]
    for capture in (config.captures[number] for number in scored):
        one = capture.recording
        known += [one.dry_sha256, one.wet_sha256, one.latency, capture.split.test]
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
