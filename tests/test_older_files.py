"""Runs and studies of earlier versions: whatever drywet wrote once it still reads and goes on with.

What `data/version-*` holds was written by that version and is never made again.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from drywet.audio.read import read
from drywet.evaluation.saved import read_scores
from drywet.runs.folder import RunFolder
from drywet.runs.group import read_group
from drywet.runs.history import HistoryRow
from drywet.studies.journal import Journal
from drywet.studies.outcome import read_outcome
from drywet.studies.run import study
from drywet.training.checkpoint import load_checkpoint
from tests.support import drywet

DATA = Path(__file__).resolve().parent / "data"
VERSIONS = sorted(path.name for path in DATA.glob("version-*"))
RUNS = ("finished", "device", "interrupted", "seeds/seed-0", "seeds/seed-1", "windowed")


@pytest.fixture(params=VERSIONS)
def old(request, tmp_path):
    """All of a version's files, moved to where the test may write."""
    place = shutil.copytree(DATA / request.param, tmp_path / "old")
    made_at = f"/tmp/made-by-{request.param.removeprefix('version-')}"
    for path in place.rglob("*.json"):
        path.write_text(path.read_text().replace(made_at, str(place)))
    return place


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]


def scores_alone(path: Path) -> dict:
    return json.loads((path / "scores.json").read_text())


@pytest.mark.parametrize("name", RUNS)
def test_every_run_opens_with_all_of_its_history(old, name):
    run = RunFolder.open(old / name)
    config = run.config()
    saved = json.loads(run.config_file.read_text())["settings"]
    saved["training"]["compute"] = saved["training"].pop("device")
    for section, now in config.settings.model_dump(mode="json").items():
        # Settings that came later have their default, and what was left open is as it was then.
        chosen = {name: value for name, value in saved[section].items() if value is not None}
        assert chosen.items() <= now.items()
    assert config.settings.optimizer == "adam"
    assert config.settings.restarts == 1
    assert config.settings.batch == (saved["training"]["batch"] or 16)
    rows = run.history()
    assert len(rows) == len(rows_of(run.path)) > 0
    for mine, theirs in zip(rows, rows_of(run.path), strict=True):
        assert mine.model_dump(exclude_unset=True) == theirs
    assert drywet("info", run.path).code == 0


def test_saved_scores_are_read(old):
    for name in ("finished", "device"):
        assert read_scores(RunFolder.open(old / name)).esr == scores_alone(old / name)["esr"]
    config = RunFolder.open(old / "device").config()
    assert (config.capture.recording.device, config.capture.recording.knobs["drive"]) == (
        "sd1",
        0.7,
    )


def test_an_evaluation_finds_the_scores_of_then(old):
    before = scores_alone(old / "finished")
    done = drywet("evaluate", old / "finished", "--json")
    assert done.code == 0, done.err
    assert done.json["esr"] == pytest.approx(before["esr"], rel=1e-4)
    assert done.json["linear"]["esr"] == pytest.approx(before["linear"]["esr"], rel=1e-4)


def test_a_report_is_written(old):
    done = drywet("report", old / "finished", "-o", old / "report.html")
    assert done.code == 0, done.err
    assert "LSTM 3" in (old / "report.html").read_text()


@pytest.mark.parametrize("name", ["finished", "device", "windowed"])
def test_a_model_plays(old, name):
    source = old / "recordings" / "dry.flac"
    done = drywet("render", old / name, source, old / "out.wav", "--resample")
    assert done.code == 0, done.err
    assert len(read(old / "out.wav")[0]) == len(read(source)[0])
    kind = "onnx" if name == "windowed" else "nam"
    done = drywet("export", old / name, "--format", kind, "-o", old / f"model.{kind}")
    assert done.code == 0, done.err


def test_an_interrupted_training_goes_on_from_its_checkpoint(old):
    run = RunFolder.open(old / "interrupted")
    before = load_checkpoint(run.checkpoint_file)
    first = rows_of(run.path)
    assert before.step > 0 and not before.finished
    done = drywet("train", "--resume", run.path, "--json")
    assert done.code == 0, done.err
    after = load_checkpoint(run.checkpoint_file)
    assert after.finished and after.step > before.step and after.elapsed > before.elapsed
    rows = run.history()
    assert len(rows) > len(first)
    assert [row.seconds for row in rows[: len(first)]] == [row["seconds"] for row in first]


def test_a_finished_training_stays_what_it_is(old):
    run = RunFolder.open(old / "finished")
    before = load_file(run.model_file)
    done = drywet("train", "--resume", run.path)
    assert done.code == 0, done.err
    assert all(
        np.array_equal(before[name], part) for name, part in load_file(run.model_file).items()
    )
    assert [row.seconds for row in run.history()] == [row["seconds"] for row in rows_of(run.path)]


def test_a_group_of_seeds_is_read_scored_and_reported(old):
    group = read_group(old / "seeds")
    assert group.runs == ("seed-0", "seed-1")
    assert group.best in group.runs
    for name in group.runs:
        done = drywet("evaluate", old / "seeds" / name, "--json")
        assert done.code == 0, done.err
    esrs = [scores_alone(old / "seeds" / name)["esr"] for name in group.runs]
    assert group.scores["esr"].mean == pytest.approx(np.mean(esrs), rel=1e-4)
    done = drywet("report", old / "seeds", "-o", old / "report.html")
    assert done.code == 0, done.err


def test_milestones_are_models(old):
    for epochs in ("1", "2"):
        file = old / "windowed" / "milestones" / f"{epochs}.safetensors"
        done = drywet("render", file, old / "recordings" / "dry.flac", old / f"{epochs}.wav")
        assert done.code == 0, done.err
    assert not np.array_equal(read(old / "1.wav")[0], read(old / "2.wav")[0])


def test_a_study_is_shown_and_reported(old):
    stands = drywet("study", "status", old / "study", "--json")
    assert stands.json["states"] == {"waiting": 1, "done": 2}
    assert "windowed LSTM 3 FS8" in drywet("study", "show", old / "study").out
    done = drywet("study", "report", old / "study", "-o", old / "report")
    assert done.code == 0, done.err
    assert "windowed LSTM 2 FS8" in (old / "report" / "report.md").read_text()
    done = drywet("study", "export", old / "study", "--csv", old / "results.csv")
    assert done.code == 0, done.err
    assert (old / "results.csv").read_text().count("\n") == 1 + 4


def outcomes(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        path.parent.name: (path.stat().st_mtime_ns, path.read_text())
        for path in (folder / "points").glob("*/study.json")
    }


def test_a_study_does_what_is_missing_and_nothing_else(old):
    before = outcomes(old / "study")
    (left,) = (path.parent for path in (old / "study").glob("points/*/checkpoint.pt"))
    first = rows_of(left)
    done = study(old / "study.yaml", old / "study", jobs=1)
    assert (done.worked, done.states, done.errors) == (1, {"done": 3}, [])
    after = outcomes(old / "study")
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {left.name}
    # That one went on from where it was.
    assert rows_of(left)[: len(first)] == first


def test_a_journal_that_was_lost_is_made_again(old):
    (old / "study" / "journal.sqlite").unlink()
    shutil.rmtree(next(path.parent for path in old.glob("study/points/*/checkpoint.pt")))
    before = outcomes(old / "study")
    declared = (old / "study.yaml").read_text()
    (old / "study.yaml").write_text(declared[: declared.index("  - name: long")])
    assert study(old / "study.yaml", old / "study").worked == 0
    assert outcomes(old / "study") == before
    with Journal(old / "study") as journal:
        assert len(journal.results()) == 4


def test_a_configuration_that_lacks_later_keys_is_read(old):
    """Keys with a default may come later; a configuration without them is whole."""
    run = RunFolder.open(old / "finished")
    found = json.loads(run.config_file.read_text())
    del found["start"], found["heard_peak_dbfs"], found["recording"]["knobs"]
    del found["settings"]["training"]["milestones"], found["settings"]["loss"]["mrstft_pre"]
    before = run.config()
    run.config_file.write_text(json.dumps(found))
    assert run.config() == before.model_copy(update={"trained_peak_dbfs": None})


def test_a_key_of_a_later_version_does_not_lose_the_history(old):
    run = RunFolder.open(old / "finished")
    rows = rows_of(run.path)
    run.keep_history([HistoryRow(**row, of_a_later_version=1) for row in rows])
    assert len(run.history()) == len(rows)


def without(found: dict, key: str) -> dict:
    return {name: value for name, value in found.items() if name != key}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda found: without(found, "mfcc_distance"), id="less",
        ),
        pytest.param(lambda found: found | {"of_a_later_version": 1.0}, id="more"),
    ],
)  # fmt: skip
def test_scores_with_a_score_more_or_less_are_read(old, change):
    run = RunFolder.open(old / "finished")
    found = scores_alone(run.path)
    run.scores_file.write_text(json.dumps(change(found)))
    assert read_scores(run).esr == found["esr"]


@pytest.mark.parametrize(
    ("of", "change"),
    [
        pytest.param(
            lambda found: found["points"][0]["scores"],
            lambda part: part.pop("mfcc_distance"),
            id="a score less",
        ),
        pytest.param(
            lambda found: found["points"][0]["scores"],
            lambda part: part.update(of_a_later_version=1.0),
            id="a score more",
        ),
        pytest.param(
            lambda found: found,
            lambda part: part.pop("idle_dbfs"),
            id="a key less",
        ),
        pytest.param(
            lambda found: found,
            lambda part: part.update(of_a_later_version=1.0),
            id="a key more",
        ),
    ],
)
def test_an_outcome_with_a_key_more_or_less_is_read(old, of, change):
    path = next(iter((old / "study").glob("points/*/study.json")))
    found = json.loads(path.read_text())
    change(of(found))
    path.write_text(json.dumps(found))
    assert read_outcome(path.parent).points


def test_a_journal_with_columns_of_a_later_version_is_written(old):
    with contextlib.closing(sqlite3.connect(old / "study" / "journal.sqlite")) as database:
        for table in ("points", "jobs"):
            database.execute(f"ALTER TABLE {table} ADD COLUMN of_a_later_version REAL")
        database.commit()
    outcome = read_outcome(next(iter((old / "study").glob("points/*/study.json"))).parent)
    with Journal(old / "study", create=True) as journal:
        before = journal.results()
        journal.record(outcome, anew=False)
        assert len(journal.results()) == len(before)
