"""Several seeds: the same data, their own weights, one summary, and no run lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors.numpy import load_file

from drywet.runs.folder import RunFolder
from tests.support import drywet

SMALL = ("--hidden", 6, "--segment", 1024, "--batch", 8)


@pytest.fixture(scope="module")
def group(capture, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds") / "g"
    done = drywet("train", *capture, "-o", folder, *SMALL, "--epochs", 2, "--seeds", 3, "--seed", 5)
    assert done.code == 0, done.err
    assert "deviation" in done.out
    return folder


def weights(run):
    return load_file(run / "model.safetensors")


def same(a, b):
    x, y = weights(a), weights(b)
    return all(np.array_equal(x[name], y[name]) for name in x)


def test_each_seed_is_the_run_it_would_be_alone(group, capture, tmp_path):
    done = drywet("train", *capture, "-o", tmp_path / "r", *SMALL, "--epochs", 2, "--seed", 6)
    assert done.code == 0, done.err
    assert same(group / "seed-6", tmp_path / "r")
    assert not same(group / "seed-5", group / "seed-6")


def test_the_summary_is_over_the_runs(group):
    saved = json.loads((group / "seeds.json").read_text())
    assert saved["runs"] == ["seed-5", "seed-6", "seed-7"]
    esr = [json.loads((group / name / "scores.json").read_text())["esr"] for name in saved["runs"]]
    mean, deviation, least, most, count = saved["scores"]["esr"]
    assert mean == pytest.approx(np.mean(esr))
    assert deviation == pytest.approx(np.std(esr, ddof=1))
    assert (least, most, count) == (min(esr), max(esr), 3)
    best = {
        name: RunFolder.open(group / name).history()[-1]["best_score"] for name in saved["runs"]
    }
    assert saved["best"] == min(best, key=best.get)


def test_a_group_is_not_taken_for_a_run(group, capture):
    done = drywet("evaluate", group)
    assert done.code == 2
    assert "seed-0" in done.err
    done = drywet("train", *capture, "-o", group, *SMALL, "--overwrite")
    assert done.code == 2, "a single run does not replace a group"
    done = drywet("train", *capture, "-o", group, *SMALL, "--seeds", 2)
    assert done.code == 2
    assert "--overwrite" in done.err
    assert "Traceback" not in done.err


def test_killed_and_resumed_is_as_if_unbroken(group, capture, tmp_path):
    options = [*SMALL, "--epochs", 60, "--seeds", 2]
    command = [sys.executable, "-m", "drywet.cli.app", "train", *capture, "-o", tmp_path / "k"]
    process = subprocess.Popen(
        list(map(str, [*command, *options])), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "k" / "seed-1" / "checkpoint.pt").exists():
        if process.poll() is not None:
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    finished = (tmp_path / "k" / "seed-0" / "scores.json").stat().st_mtime_ns
    done = drywet("train", "--resume", tmp_path / "k")
    assert done.code == 0, done.err
    assert (tmp_path / "k" / "seed-0" / "scores.json").stat().st_mtime_ns == finished
    done = drywet("train", *capture, "-o", tmp_path / "w", *options)
    assert done.code == 0, done.err
    for name in ("seed-0", "seed-1"):
        assert same(tmp_path / "k" / name, tmp_path / "w" / name)


def test_seeds_of_what_no_seed_changes_are_refused(capture, tmp_path):
    done = drywet("train", *capture, "-o", tmp_path / "r", "--model", "linear", "--seeds", 3)
    assert done.code == 2
    assert "seeds" in done.err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    "text", ["[]", '{"runs": ["../../etc"]}', '{"runs": ["seed-0"], "x": 1}', "{"]
)
def test_a_strangers_summary_is_one_line(tmp_path, text):
    (tmp_path / "seeds.json").write_text(text)
    done = drywet("report", tmp_path)
    assert done.code == 2
    assert len(done.err.strip().splitlines()) == 1
