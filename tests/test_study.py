"""Studies from start to end: nothing is lost, nothing is done twice, everywhere the same."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Future
from itertools import product
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import yaml

from drywet.studies import sources, workers
from drywet.studies.export import export_csv
from drywet.studies.journal import Journal
from drywet.studies.outcome import read_outcome
from drywet.studies.plan import read_plan
from drywet.studies.report import report
from drywet.studies.results import load
from drywet.studies.run import study
from drywet.studies.status import status
from drywet.studies.workers import Lost, Workers
from tests.support import (
    HELD,
    Held,
    drywet,
    grid,
    overdrive,
    playing,
    save,
    short_captures,
    studies_in_this_process,
    wait_for,
)  # fmt: skip

FRAMES = {
    "loss": {"esr": 0, "mae": 1},
    "training": {"batch": 16, "segment": 1, "learning_rate": 1e-3, "final_rate": 1},
    "capture": {"deal": "random"},
}
NETS = [
    {"kind": "windowed", "hidden": 4, "frame": 8},
    {"kind": "windowed", "hidden": 6, "frame": 8, "layers": 2},
]


def declared(folder: Path, **changes: object) -> Path:
    """A study of two small nets, two training sets and two lengths on one recording."""
    dry = playing(14, 16_000)
    if not (folder / "wet.wav").exists():
        save(folder / "dry.wav", dry)
        save(folder / "wet.wav", overdrive(dry))
    content = {
        "name": "small",
        "pairs": [{"name": "overdrive", "dry": "dry.wav", "wet": "wet.wav"}],
        "settings": FRAMES,
        "evaluation": "scores",
        "grids": [
            {
                "name": "structures",
                "axes": {
                    "model": NETS,
                    "training.examples": [500, 2000],
                    "training.epochs": [1, 3],
                },
            }
        ],
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content | changes))
    return path


def three() -> list[dict]:
    """Trainings of 25, 50 and 75 steps: one is done, and others under way, when one is killed."""
    axes = {"model": NETS[:1], "training.examples": [200, 400, 600], "training.epochs": [2]}
    return [{"name": "three", "axes": axes | {"training.validate_every": [10]}}]


KILLED_AT = 30


def errors_of(folder: Path) -> dict[tuple[str, float], list[float]]:
    """The squared errors of every second of every point, which no two trainings share."""
    found = {}
    for path in (folder / "points").iterdir():
        outcome = read_outcome(path) if path.is_dir() else None
        for point in outcome.points if outcome else ():
            found[path.name, point.epochs] = [second.error for second in point.scores.by_second]
    return found


@pytest.fixture(scope="module", autouse=True)
def _in_this_process():
    with studies_in_this_process():
        yield


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A study that was run once."""
    folder = tmp_path_factory.mktemp("study")
    return study(declared(folder), folder / "out"), folder


def test_it_does_all_that_is_declared(done):
    found, folder = done
    assert found.states == {"done": 4}
    assert (found.worked, found.errors, found.interrupted) == (4, [], False)
    assert len(errors_of(folder / "out")) == 8
    for path in (folder / "out" / "points").iterdir():
        if path.is_dir():
            assert {p.stem for p in (path / "milestones").iterdir()} == {"1", "3"}


def test_it_is_not_done_again(done):
    _, folder = done
    before = {p: p.stat().st_mtime_ns for p in (folder / "out" / "points").rglob("*.json")}
    again = study(declared(folder), folder / "out")
    assert (again.worked, again.states) == (0, {"done": 4})
    assert {p: p.stat().st_mtime_ns for p in (folder / "out" / "points").rglob("*.json")} == before


def test_the_journal_can_be_made_again_from_the_runs(done, tmp_path):
    _, folder = done
    rows = export_csv(folder / "out", tmp_path / "a.csv")
    (folder / "out" / "journal.sqlite").unlink()
    study(declared(folder), folder / "out")
    assert rows == export_csv(folder / "out", tmp_path / "b.csv") == 8

    def numbers(name):
        with (tmp_path / name).open() as file:
            return [{**row, "finished": ""} for row in csv.DictReader(file)]

    assert numbers("a.csv") == numbers("b.csv")


def test_any_sqlite_reads_the_journal(done):
    """Scores as plain columns, the same as in the run's own file."""
    _, folder = done
    with contextlib.closing(sqlite3.connect(folder / "out" / "journal.sqlite")) as database:
        rows = database.execute(
            "SELECT id, epochs, esr, mae, error_4_8_khz, parameters, source FROM results"
        ).fetchall()
    assert len(rows) == 8
    for name, epochs, esr, mae, treble, parameters, source in rows:
        points = read_outcome(folder / "out" / "points" / name).points
        (scores,) = [p.scores for p in points if p.epochs == epochs]
        assert (esr, mae) == (scores.esr, scores.mae)
        assert treble == next(b.esr for b in scores.bands if b.low == 4000)
        assert (parameters in (4 * 4 * 6 + 5, 511), source) == (True, "overdrive")


def test_a_length_on_the_way_is_the_shorter_training(done, tmp_path):
    """The weights after one epoch of three are those of a training of one epoch, to the bit."""
    from safetensors.numpy import load_file

    _, folder = done
    declared(folder)
    alone = folder / "short.yaml"
    content = yaml.safe_load((folder / "study.yaml").read_text())
    content["grids"][0]["axes"]["training.epochs"] = [1]
    alone.write_text(yaml.safe_dump(content))
    study(alone, tmp_path / "out")
    for path in (tmp_path / "out" / "points").iterdir():
        if path.is_dir():
            a, b = (
                load_file(place / "points" / path.name / "milestones" / "1.safetensors")
                for place in (tmp_path / "out", folder / "out")
            )
            assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_longer_training_goes_on_with_the_shorter(tmp_path):
    grid = {"name": "g", "axes": {"model": NETS[:1], "training.examples": [500]}}

    def lengths(*epochs):
        axes = {**grid["axes"], "training.epochs": list(epochs)}
        return declared(tmp_path, grids=[grid | {"axes": axes}])

    study(lengths(1, 2), tmp_path / "out")
    first = errors_of(tmp_path / "out")
    steps = history(tmp_path / "out")
    more = study(lengths(1, 2, 4), tmp_path / "out")
    assert more.worked == 1
    second = errors_of(tmp_path / "out")
    assert {key: second[key] for key in first} == first
    assert history(tmp_path / "out")[: len(steps)] == steps  # what was trained stands
    study(lengths(1, 2, 4), tmp_path / "fresh")
    assert errors_of(tmp_path / "fresh") == second
    # A length in between that nobody kept is trained for; the others stay what they are.
    assert study(lengths(3), tmp_path / "out").worked == 1
    third = errors_of(tmp_path / "out")
    assert {epochs for _, epochs in third} == {1, 2, 3, 4}
    assert {key: third[key] for key in second} == second
    assert study(lengths(1, 2, 4), tmp_path / "out").worked == 0
    assert [cell.epochs for cell in load(tmp_path / "out").cells] == [1, 2, 4]


def history(folder: Path) -> list[dict]:
    (run,) = (path for path in (folder / "points").iterdir() if path.is_dir())
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def test_only_what_changed_is_run(done, tmp_path):
    _, folder = done
    declared(folder)
    content = yaml.safe_load((folder / "study.yaml").read_text())
    content["grids"][0]["axes"]["model"].append({"kind": "windowed", "hidden": 3, "frame": 8})
    changed = folder / "changed.yaml"
    changed.write_text(yaml.safe_dump(content))
    assert study(changed, folder / "out").worked == 2
    content["grids"][0]["axes"]["model"] = content["grids"][0]["axes"]["model"][2:]
    changed.write_text(yaml.safe_dump(content))
    less = study(changed, folder / "out")
    assert (less.worked, less.states) == (0, {"done": 2})
    assert len(load(folder / "out").cells) == 4
    assert study(declared(folder), folder / "out").states == {"done": 4}


def test_a_training_that_fails_does_not_end_the_study(tmp_path):
    axes = {"training.learning_rate": [1e-3, 9.0], "training.epochs": [1]}
    grids = [{"name": "g", "axes": {"model": NETS[:1], "training.examples": [500], **axes}}]
    # A window longer than any stretch of the recording is refused by the job itself.
    grids.append({"name": "h", "points": [{"training.warm_up": 4_000_000, "training.epochs": 1}]})
    path = declared(tmp_path, grids=grids)
    found = study(path, tmp_path / "out")
    assert found.states["failed"] == 1
    assert "the longest stretch to train on" in found.errors[0]
    (failed,) = (job for job in status(tmp_path / "out").unfinished if job["state"] == "failed")
    assert "the longest stretch" in failed["note"]
    shown = drywet("study", path, "-o", tmp_path / "out")
    assert shown.code == 2
    assert "failed" in shown.err


def test_what_is_wrong_with_a_recording_shows_before_any_training(tmp_path):
    path = declared(tmp_path)
    save(tmp_path / "wet.wav", np.zeros(14 * 16_000, np.float32))
    done = drywet("study", path, "-o", tmp_path / "out")
    assert done.code == 2
    assert "silent" in done.err
    assert not list((tmp_path / "out" / "points").glob("*/config.json"))


class _Stopped(BaseException):
    """Ends a study as a kill would."""


@pytest.mark.parametrize(
    ("at", "error"),
    grid(
        product(range(5), (KeyboardInterrupt, _Stopped)),
        few=[(0, KeyboardInterrupt), (2, _Stopped)],
        spread=True,
    ),
)
def test_stopped_while_captures_are_made_it_goes_on(tmp_path, error, at):
    """At any moment of the preparation, by Ctrl-C or a kill; the same command goes on."""
    of = [{"name": name, "device": "sd1", "knobs": {"drive": drive}} for name, drive in
          (("soft", 0.2), ("hard", 0.8))]  # fmt: skip
    grid = {"name": "g", "axes": {"model": NETS[:1], "training.examples": [200],
            "training.epochs": [1]}}  # fmt: skip
    path = declared(
        tmp_path, pairs=[], devices=of, grids=[grid],
        signal={"kind": "capture", "seconds": 30, "rate": 16_000},
    )  # fmt: skip
    said: list[str] = []

    def stop(what: str, done: float) -> None:
        said.append(what)
        if len(said) > at:
            raise error

    out = tmp_path / "out"
    if error is KeyboardInterrupt:
        assert study(path, out, on_preparing=stop).interrupted
    else:
        with pytest.raises(error):
            study(path, out, on_preparing=stop)
    told = drywet("study", "status", out)
    assert told.code == 0
    assert "goes on" in told.out
    wrong = declared(tmp_path, pairs=[], devices=of, grids=[{**grid, "axes": {"model.x": [1]}}])
    assert drywet("study", wrong, "-o", out).code == 2  # and does not spoil what is there
    declared(
        tmp_path, pairs=[], devices=of, grids=[grid],
        signal={"kind": "capture", "seconds": 30, "rate": 16_000},
    )  # fmt: skip
    assert study(path, out).states == {"done": 2}


def test_what_came_before_this_was_mended_goes_on_too(tmp_path):
    """Captures alone, left by an interrupted preparation of version 0.1."""
    path = declared(tmp_path, grids=three())
    (tmp_path / "out" / "captures").mkdir(parents=True)
    (tmp_path / "out" / "captures" / "dry-0.wav").touch()
    assert study(path, tmp_path / "out").states == {"done": 3}


def finished(folder: Path) -> list[Path]:
    return list((folder / "points").glob("*/study.json"))


def runs_of(folder: Path) -> list[Path]:
    return [path for path in (folder / "points").iterdir() if path.is_dir()]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """Three trainings without a break."""
    folder = tmp_path_factory.mktemp("unbroken")
    path = declared(folder, grids=three())
    study(path, folder / "out")
    return folder, errors_of(folder / "out")


@contextlib.contextmanager
def held(folder: Path, out: Path, *options: object, waiting: int = 1):
    """A study in processes of its own, one training of which is done while others wait.

    Who doesn't wait may have a row in its history that no checkpoint covers yet.
    """
    process = Held(out.parent, KILLED_AT, "study", folder / "study.yaml", "-o", out, *options)
    try:
        process.wait()
        wait_for(lambda: finished(out) and len(process.waiting()) >= waiting)
        wait_for(lambda: list(out.glob("points/*/checkpoint.pt")) and unfinished(out))
        yield process
    finally:
        process.kill()


def unfinished(folder: Path) -> list[Path]:
    """Runs with a checkpoint and without an outcome."""
    checkpoints = {path.parent for path in (folder / "points").glob("*/checkpoint.pt")}
    return sorted(checkpoints - {path.parent for path in finished(folder)})


@pytest.mark.parametrize(
    ("how", "workers"),
    [
        (signal.SIGKILL, 1),
        pytest.param(signal.SIGINT, 1, marks=pytest.mark.proof),
        pytest.param(signal.SIGKILL, 2, marks=pytest.mark.proof),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.proof),
    ],
)
def test_a_study_that_is_killed_goes_on(unbroken, tmp_path, how, workers):
    folder, want = unbroken
    out = tmp_path / "out"
    with held(folder, out, "--jobs", workers, waiting=workers) as process:
        # While it is at work nobody else may be.
        second = drywet("study", folder / "study.yaml", "-o", out)
        assert second.code == 2
        assert "another 'drywet study'" in second.err
        before = {path: rows_of(path) for path in unfinished(out)}
        code, _ = process.kill(how)
        assert code == (-signal.SIGKILL if how == signal.SIGKILL else 130)
        # The workers are gone too: nothing is written any more.
        wait_for(lambda: not workers_in(out))
    assert status(out).states.get("done", 0) < 3
    times = {path: path.stat().st_mtime_ns for path in finished(out)}
    again = study(folder / "study.yaml", out)
    assert again.states == {"done": 3}
    assert errors_of(out) == want
    assert all(path.stat().st_mtime_ns == at for path, at in times.items())
    # Those under way went on from their checkpoints: what they had is part of what they have.
    assert before
    assert all(rows_of(path)[: len(rows)] == rows for path, rows in before.items())


def rows_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def workers_in(folder: Path) -> list[int]:
    """Processes that hold a file of the study's open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            names = [str(link.readlink()) for link in (process / "fd").iterdir()]
            if int(process.name) != os.getpid() and any(str(folder) in name for name in names):
                found.append(int(process.name))
    return found


@pytest.mark.proof
def test_a_worker_that_dies_costs_nothing_but_time(unbroken, tmp_path):
    folder, want = unbroken
    out = tmp_path / "out"
    with held(folder, out) as process:
        os.kill(process.waiting()[0], signal.SIGKILL)
        process.go_on()
        assert process.process.wait(300) == 0
    assert status(out).states == {"done": 3}
    assert errors_of(out) == want


def test_when_workers_die_others_do_what_they_were_at(unbroken, tmp_path):
    """Without their processes: what the pool says of them is all that a study knows."""
    folder, want = unbroken
    deaths = iter([True, False, True])
    submit = Workers.submit

    def mortal(self, task):
        if not next(deaths, False):
            return submit(self, task)
        lost = Future()
        lost.set_exception(Lost("a process died"))
        return lost

    with mock.patch.object(Workers, "submit", mortal):
        found = study(folder / "study.yaml", tmp_path / "out", jobs=1)
    assert (found.states, found.errors) == ({"done": 3}, [])
    assert errors_of(tmp_path / "out") == want


@contextlib.contextmanager
def cluster(folder: Path):
    """A Dask scheduler and two workers, processes of their own on loopback."""
    place = folder / "scheduler.json"
    start = [sys.executable, "-m"]
    flags = ["--no-dashboard"]
    log = (folder / "dask.log").open("w")
    kinds = {"stdout": log, "stderr": log}
    scheduler = subprocess.Popen(
        [*start, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
         "--scheduler-file", str(place), *flags], **kinds,
    )  # fmt: skip
    wait_for(place.exists)
    address = json.loads(place.read_text())["address"]
    worker = [
        *start, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny",
        "--local-directory", str(folder), "--preload", str(HELD), *flags,
    ]  # fmt: skip
    held = Held(folder, KILLED_AT)
    workers = [subprocess.Popen(worker, env=held.environment, **kinds) for _ in range(2)]
    try:
        yield address.removeprefix("tcp://"), workers, held
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
        log.close()


@pytest.mark.proof
def test_a_cluster_of_processes_gives_what_one_machine_gives(unbroken, tmp_path):
    """Two workers, one killed over a training: the other one ends it."""
    pytest.importorskip("distributed")
    folder, want = unbroken
    out = tmp_path / "out"
    with cluster(tmp_path) as (address, workers, held):
        command = [sys.executable, "-m", "drywet.cli.app", "study", folder / "study.yaml"]
        with subprocess.Popen([*command, "-o", out, "--on", f"dask://{address}"]) as process:
            try:
                wait_for(lambda: len(held.waiting()) == 2)
                wait_for(lambda: unfinished(out))
                workers[0].kill()
                held.go_on()
                seen: dict[Path, int] = {}
                while process.poll() is None:
                    for path in finished(out):
                        seen.setdefault(path, path.stat().st_mtime_ns)
                    time.sleep(0.02)
            finally:
                process.kill()
        assert process.returncode == 0
    assert errors_of(out) == want
    assert status(out).states == {"done": 3}
    # Every outcome was written once: no training was done twice to its end.
    assert {path: path.stat().st_mtime_ns for path in finished(out)} == seen
    last = {read_outcome(path.parent).worker.split(":")[1] for path in finished(out)}
    assert str(workers[1].pid) in last


def test_a_cluster_gives_what_one_machine_gives(unbroken, tmp_path):
    """Of two threads of this process, which a scheduler on loopback gives work to."""
    distributed = pytest.importorskip("distributed")
    folder, want = unbroken
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1",
        dashboard_address=None, local_directory=str(tmp_path),
    ) as workers:  # fmt: skip
        address = workers.scheduler_address.replace("tcp", "dask")
        found = study(folder / "study.yaml", tmp_path / "out", on=address)
    assert found.states == {"done": 3}
    assert errors_of(tmp_path / "out") == want


def test_no_scheduler_is_one_clear_line(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("drywet.studies.workers._CONNECT_SECONDS", 0.5)
    done = drywet("study", declared(tmp_path), "-o", tmp_path / "out", "--on", "dask://127.0.0.1:9")
    assert done.code == 2
    assert "no Dask scheduler answers" in done.err


def test_tables_report_and_csv_say_the_same(done, tmp_path):
    _, folder = done
    shown = drywet("study", "show", folder / "out", "--json").json
    assert shown["missing"] == 0
    titles = [table["title"] for table in shown["tables"]]
    assert titles[0] == "overdrive: every structure at its best"
    best = shown["tables"][0]
    cells = load(folder / "out").cells
    for row in best["rows"]:
        same = [cell for cell in cells if cell.title == row[0]]
        assert row[4] == format(min(cell.esr for cell in same), ".2g")
    written = report(folder / "out", tmp_path)
    page, text = written.page.read_text(), written.markdown.read_text()
    for row in best["rows"]:
        assert row[0] in page
        assert f"| {row[0]} | {row[1]} |" in text
    assert "<script" not in page
    for line in text.splitlines():
        if line.startswith("!["):
            assert (tmp_path / line.split("(")[1].rstrip(")")).is_file()
    plain = drywet("study", "show", folder / "out")
    assert titles[0] in plain.out
    assert drywet("study", "status", folder / "out").out.startswith(str(folder / "out"))
    assert drywet("study", "export", folder / "out", "--csv", tmp_path / "x.csv").code == 0
    with (tmp_path / "x.csv").open() as file:
        assert [float(row["esr"]) for row in csv.DictReader(file)]


def test_a_full_evaluation_comes_with_every_run_that_wants_one(tmp_path):
    axes = {"training.epochs": [1], "training.batch": [4], "training.segment": [256]}
    grid = {"name": "g", "axes": {"model": [{"hidden": 4}], **axes}}
    settings = {"training": {"warm_up": 64, "bptt": 128}}
    study(declared(tmp_path, settings=settings, evaluation="full", grids=[grid]), tmp_path / "out")
    (outcome,) = (read_outcome(path.parent) for path in finished(tmp_path / "out"))
    assert outcome.aliasing_db is not None
    (run,) = (path.parent for path in finished(tmp_path / "out"))
    assert drywet("evaluate", run, "--json").json["esr"] == pytest.approx(
        outcome.points[0].scores.esr
    )


def test_a_process_that_begins_while_ctrl_c_is_held_never_sees_one():
    """The mask of signals goes on to a new program (POSIX, execve)."""
    ask = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with workers._ctrl_c_held():
        held = subprocess.check_output([sys.executable, "-c", ask], text=True)
    free = subprocess.check_output([sys.executable, "-c", ask], text=True)
    assert (held.strip(), free.strip()) == ("True", "False")


def test_a_recording_that_has_passed_is_not_checked_again(tmp_path, monkeypatch):
    declaration = tmp_path / "study.yaml"
    files = {name: str(save(tmp_path / f"{name}.wav", samples)) for name, samples in
             (("dry", playing(6)), ("wet", overdrive(playing(6))))}  # fmt: skip
    declaration.write_text(
        yaml.safe_dump(
            {
                "name": "s",
                "pairs": [{"name": "p", **files}],
                "grids": [{"name": "g", "axes": {"model": NETS[:1], "training.epochs": [1]}}],
            }
        )
    )
    plan = read_plan(declaration)
    sources.captured(plan, tmp_path, lambda what, done: None)
    monkeypatch.setattr(sources, "examine", None)
    sources.captured(plan, tmp_path, lambda what, done: None)
    save(tmp_path / "wet.wav", 0.5 * overdrive(playing(6)))
    with pytest.raises(TypeError):  # another recording is checked
        sources.captured(plan, tmp_path, lambda what, done: None)


@pytest.mark.parametrize("sampler", grid(["tpe", "nsga2"], few=["tpe"]))
def test_a_search_tries_prunes_and_goes_on(tmp_path, sampler):
    optuna = pytest.importorskip("optuna")
    search = {
        "name": "find", "of": "overdrive", "sampler": sampler, "points": 7,
        "settings": {"training": {"epochs": 6, "final_rate": 0, "examples": 600}},
        "space": {
            "training.learning_rate": {"low": 1e-6, "high": 1e-2, "log": True},
            "model": NETS,
        },
    }  # fmt: skip
    if sampler == "tpe":
        search["rungs"] = [0.3, 0.6]
    path = declared(tmp_path, grids=[], searches=[search])
    # What is pruned follows from who comes first, which several jobs leave open.
    found = study(path, tmp_path / "out", jobs=1 if sampler == "tpe" else None)
    assert found.states["done"] >= 1
    assert sum(found.states.values()) == 7
    if sampler == "tpe":
        assert found.states.get("pruned", 0) >= 1
    else:
        assert found.states == {"done": 7}
    known = optuna.load_study(
        study_name=None, storage=f"sqlite:///{tmp_path / 'out' / 'searches.sqlite'}"
    )
    assert len(known.trials) == 7
    # What the sampler was told is what the runs' own validation found.
    esrs = sorted(t.values[0] for t in known.trials if t.values and t.state.name == "COMPLETE")
    outcomes = (read_outcome(path.parent) for path in finished(tmp_path / "out"))
    assert esrs == sorted(outcome.validation_esr for outcome in outcomes)
    assert study(path, tmp_path / "out").worked == 0
    (tmp_path / "out" / "journal.sqlite").unlink()  # the search remembers what it tried
    assert sum(study(path, tmp_path / "out").states.values()) == 7
    search["points"] = 9
    said, told = [], []
    more = study(
        declared(tmp_path, grids=[], searches=[search]), tmp_path / "out",
        on_step=said.append, on_progress=told.append,
    )  # fmt: skip
    assert more.worked == 2
    assert "9 at most in searches" in said[0]
    assert {one.jobs for one in told} == {9}, "what a search may still ask for is counted"
    assert told[0].seconds_left > 0
    assert told[-1].seconds_left == 0
    assert sum(more.states.values()) == 9


def test_a_search_passes_over_settings_that_do_not_go_together(tmp_path):
    pytest.importorskip("optuna")
    search = {
        "name": "find", "of": "overdrive", "points": 8,
        "settings": {"training": {"epochs": 1, "examples": 200}, "loss": {"esr": 1, "mae": 0}},
        "space": {"loss.pre_emphasis": [0.0, 0.85], "model": NETS[:1],
                  "training.batch": {"low": 8, "high": 64, "whole": True}},
    }  # fmt: skip
    found = study(declared(tmp_path, grids=[], searches=[search]), tmp_path / "out")
    assert set(found.states) == {"done"}  # pre-emphasis needs more than one sample
    search["space"]["loss.pre_emphasis"] = [0.85]
    done = drywet("study", declared(tmp_path, grids=[], searches=[search]), "-o", tmp_path / "out")
    assert done.code == 2
    assert "pre-emphasis needs more than one sample" in done.err


def test_a_killed_write_of_the_configuration_is_swept_away(tmp_path):
    axes = {"model": NETS[:1], "training.examples": [200], "training.epochs": [1]}
    path = declared(tmp_path, grids=[{"name": "g", "axes": axes}])
    study(path, tmp_path / "out")
    (run,) = (p for p in (tmp_path / "out" / "points").iterdir() if p.is_dir())
    want = errors_of(tmp_path / "out")
    for place in sorted(run.rglob("*"), reverse=True):
        place.rmdir() if place.is_dir() else place.unlink()
    (run / ".config.abcdefgh.json").write_text("{")
    again = study(path, tmp_path / "out")
    assert again.states == {"done": 1}
    assert errors_of(tmp_path / "out") == want


def test_a_pause_changes_nothing(tmp_path):
    """A training that pruning interrupts and lets go on is that of one go."""
    from safetensors.numpy import load_file

    from drywet.studies.plan import read_plan
    from drywet.studies.points import jobs_of
    from drywet.studies.sources import captured
    from drywet.studies.work import Task, work

    grid = {"name": "g", "axes": {"model": NETS[1:], "training.examples": [3000],
                                  "training.epochs": [4], "training.final_rate": [0]}}  # fmt: skip
    plan = read_plan(declared(tmp_path, grids=[grid]))
    (job,) = jobs_of(plan, captured(plan, tmp_path, print))
    for name in ("whole", "paused"):
        (tmp_path / name).mkdir()
    whole = work(Task(job, tmp_path / "whole" / job.id, 1, False))
    states = [
        work(Task(job, tmp_path / "paused" / job.id, 1, False, until)).state
        for until in (0.3, 0.6, 1.0)
    ]
    assert states == ["paused", "paused", "done"]
    a, b = (
        load_file(tmp_path / name / job.id / "model.safetensors") for name in ("whole", "paused")
    )
    assert whole.state == "done"
    assert all(np.array_equal(a[key], b[key]) for key in a)
    with Journal(tmp_path, create=True) as journal:
        journal.ask_for([job])
        journal.record(whole)
        assert journal.results()[0]["esr"] == whole.points[0].scores.esr


@pytest.mark.proof
def test_a_device_with_knobs_is_scored_where_it_was_not_recorded(tmp_path):
    """From two captures and from three, at the same position between them."""
    path = tmp_path / "knobs.yaml"
    content = {
        "name": "knobs",
        "devices": [
            {"name": "tube", "device": "triode", "over": ["gain"], "captures": 3, "between": 1}
        ],
        "signal": {"kind": "capture", "seconds": 30, "rate": 16_000},
        "settings": {"training": {"epochs": 0.5, "segment": 1024, "batch": 16}},
        "grids": [
            {"name": "few", "settings": {"model": {"hidden": 4}},
             "axes": {"capture.positions": [2, 3]}}
        ],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    with studies_in_this_process(), short_captures():
        study(path, tmp_path / "out", jobs=1)
    cells = load(tmp_path / "out").cells
    assert [cell.settings.capture.positions for cell in cells] == [2, 3]
    learned = {}
    for folder in (tmp_path / "out" / "points").iterdir():
        if not folder.is_dir():
            continue
        found = read_outcome(folder)
        whole = json.loads((folder / "scores.json").read_text())
        at = {one["knobs"]["gain"]: one["held_out"] for one in whole["positions"]}
        learned[sum(not held_out for held_out in at.values())] = sorted(at)
        assert sum(at.values()) == 1
        assert all(0.1 <= gain <= 0.9 for gain, held_out in at.items() if held_out)
        assert found.points[0].scores.esr == pytest.approx(whole["esr"], rel=1e-3)
    assert set(learned) == {2, 3}
    assert set(learned[2]) < set(learned[3])


def test_a_net_without_knobs_is_refused_where_they_are_learned(tmp_path):
    path = tmp_path / "knobs.yaml"
    device = {"name": "tube", "device": "triode", "over": ["gain"]}
    grids = [{"name": "nets", "axes": {"model": [{"kind": "windowed"}]}}]
    signal = {"kind": "capture", "seconds": 30, "rate": 16_000}
    content = {"name": "knobs", "devices": [device], "signal": signal, "grids": grids}
    path.write_text(yaml.safe_dump(content))
    done = drywet("study", path, "-o", tmp_path / "out")
    assert done.code == 2
    assert "for tube with its knobs; expected recurrent nets or WaveNets" in done.err
    assert not (tmp_path / "out" / "captures").exists(), "nothing was played for it"
