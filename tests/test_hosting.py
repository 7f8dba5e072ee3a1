"""A training in somebody else's hands: watched, stopped, never two in one folder."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

import drywet
from drywet.data.split import Span, Split
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.runs.history import HistoryRow
from drywet.storage import read_json
from drywet.training.data import TrainingCapture, TrainingData
from tests.support import drywet as cli

SMALL = {
    "model": drywet.RecurrentConfig(hidden=4),
    "training": drywet.TrainingConfig(epochs=400, segment=512, batch=4, validate_every=10),
}


class Host(drywet.Control):
    """Keeps all that it is told and stops after some steps."""

    def __init__(self, stop_after=20):
        super().__init__()
        self.stop_after, self.reports, self.progress, self.better = stop_after, [], [], []

    def on_findings(self, report):
        self.reports.append(report)

    def on_progress(self, progress):
        self.progress.append(progress)
        if progress.step >= self.stop_after:
            self.request_stop()

    def on_better_model(self, path, validation_esr):
        self.better.append((path.read_bytes(), validation_esr))


def test_a_host_in_another_thread_watches_and_stops(capture, tmp_path):
    host, found = Host(), []

    def train():
        found.append(drywet.train(*capture, out=tmp_path / "r", control=host, **SMALL))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    (run,) = found
    assert run.interrupted
    assert host.reports == [run.check]
    steps = [p.step for p in host.progress]
    assert steps == sorted(set(steps))  # many updates in a call in the kernels
    assert steps[-1] == run.fit.steps >= 20
    errors = [esr for _, esr in host.better]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == run.fit.best_esr
    # The last better model is the one that was kept.
    assert host.better[-1][0] == RunFolder(run.path).model_file.read_bytes()


def test_a_stopped_training_goes_on_as_if_unbroken(capture, tmp_path):
    budget = SMALL["training"].model_copy(update={"epochs": 2.0})
    whole = drywet.train(*capture, out=tmp_path / "a", model=SMALL["model"], training=budget)
    drywet.train(
        *capture, out=tmp_path / "b", model=SMALL["model"], training=budget, control=Host(7)
    )
    parts = drywet.resume(tmp_path / "b")
    assert parts.fit.steps == whole.fit.steps
    a, b = (drywet.load(run.path).weights for run in (whole, parts))
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_stop_before_the_first_step_leaves_a_run(capture, tmp_path):
    host = Host()
    host.request_stop()
    run = drywet.train(*capture, out=tmp_path / "r", control=host, **SMALL)
    assert run.interrupted
    assert run.fit.steps == 0
    assert drywet.load(run.path).card.model == SMALL["model"]


HOLDS = """
import sys
from pathlib import Path
from drywet.runs.folder import RunFolder
with RunFolder(Path(sys.argv[1])).claimed():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(run_folder, tmp_path):
    """A run's folder that another process trains into."""
    import shutil

    folder = tmp_path / "held"
    shutil.copytree(run_folder, folder)
    command = [sys.executable, "-c", HOLDS, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        yield folder
        other.stdin.close()
        other.wait()


def test_a_second_process_gets_one_clear_line(held, capture):
    before = {path: path.read_bytes() for path in held.rglob("*") if path.is_file()}
    for words in (
        ("train", "--resume", held),
        ("train", *capture, "-o", held, "--overwrite", "--epochs", 1),
    ):
        done = cli(*words)
        assert done.code == 2
        assert "another process is training into" in done.err
        assert done.err.strip().count("\n") == 0 or "\n" not in done.err.splitlines()[-1]
    after = {path: path.read_bytes() for path in held.rglob("*") if path.is_file()}
    assert before == after


def test_a_lock_that_a_killed_process_left_is_no_obstacle(run_folder, tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / ".lock").touch()
    folder = RunFolder.create(tmp_path / "r", RunFolder(run_folder).config())
    with folder.claimed(), folder.claimed():
        pass


def test_two_captures_are_learned_as_one(tmp_path):
    """Joined, the spans lie where their audio is; one capture stays as it is."""
    rng = np.random.default_rng(0)
    splits = [
        Split(train=(Span(0, 50), Span(60, 80)), validation=(Span(50, 60),), test=(Span(80, 90),)),
        Split(train=(Span(5, 30),), validation=(Span(30, 40),), test=(Span(0, 5),)),
    ]
    captures = tuple(
        TrainingCapture(*rng.standard_normal((2, length)).astype(np.float32), split)
        for length, split in zip((100, 40), splits, strict=True)
    )
    whole = TrainingData(captures, 16_000).joined()
    for name in ("train", "validation", "test"):
        for signal in ("dry", "wet"):
            want = [
                getattr(capture, signal)[a:b]
                for capture in captures
                for a, b in getattr(capture.split, name)
            ]
            got = [getattr(whole, signal)[a:b] for a, b in getattr(whole.split, name)]
            assert all(np.array_equal(x, y) for x, y in zip(want, got, strict=True))
    alone = TrainingData(captures[:1], 16_000).joined()
    assert np.array_equal(alone.dry, captures[0].dry)
    assert alone.split == splits[0]


def test_a_run_of_two_captures_is_scored_on_either(run_folder, tmp_path):
    config = RunFolder(run_folder).config()
    both = config.model_copy(update={"captures": config.captures * 2})
    again = RunConfig.model_validate_json(both.model_dump_json())
    assert again == both
    assert again.capture == config.captures[0]


def test_only_the_first_input_is_scaled():
    """A knob beside the dry sample keeps its range."""
    import torch

    from drywet.models.registry import build

    model = build(drywet.RecurrentConfig(hidden=3, knobs=("drive",)))
    x = torch.rand(2, 50, 2)
    model.set_gains(7.0, 1.0)
    got, _ = model(x, model.init_state(2))
    scaled = torch.cat((x[..., :1] * 7, x[..., 1:]), dim=2)
    want, _ = model.core(scaled, model.init_state(2))
    assert torch.equal(got, want)


def test_a_history_of_a_later_version_is_read_and_kept(run_folder, tmp_path):
    folder = RunFolder(tmp_path)
    rows = [row.model_copy(update={"novelty": 3.5}) for row in RunFolder(run_folder).history()]
    rows.append(HistoryRow(step=10_000))  # all else is absent
    folder.keep_history(rows)
    back = folder.history()
    assert [row.step for row in back] == [row.step for row in rows]
    assert back[0].model_extra == {"novelty": 3.5}
    assert back[-1].validation_esr is None
    folder.keep_history(back)
    first = read_json_line(folder)
    assert first["novelty"] == 3.5


def read_json_line(folder: RunFolder):
    import json

    return json.loads(folder.history_file.read_text().splitlines()[0])


def test_a_configuration_of_version_0_1_is_read(run_folder, tmp_path):
    found = read_json(run_folder / "config.json", "a config.json")
    old = {key: value for key, value in found.items() if key not in ("captures",)}
    (capture,) = found["captures"]
    old |= capture
    old["heard_peak_dbfs"] = old.pop("trained_peak_dbfs")
    old["settings"]["training"]["device"] = old["settings"]["training"].pop("compute")
    assert RunConfig.model_validate(old) == RunConfig.model_validate(found)
