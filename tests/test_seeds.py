"""Several seeds: the same data, their own weights, one summary, and no run lost."""

from __future__ import annotations

import contextlib
import json
import shutil
from unittest import mock

import numpy as np
import pytest
from safetensors.numpy import load_file

from drywet.runs.folder import RunFolder
from tests.support import Held, drywet, killed_at

SMALL = ("--hidden", 6, "--segment", 1024, "--batch", 8)


@pytest.fixture(scope="module")
def group(capture, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds") / "g"
    done = drywet("train", *capture, "-o", folder, *SMALL, "--epochs", 2, "--seeds", 3, "--seed", 5)
    assert done.code == 0, done.err
    assert "deviation" in done.out
    _, _, least, most, _ = json.loads((folder / "seeds.json").read_text())["scores"]["esr"]
    assert f"{most / least:.1f} times the ESR of the best" in done.out
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


@pytest.mark.parametrize(("budget", "said"), [("--seconds", True), ("--epochs", False)])
def test_a_budget_in_seconds_is_not_taken_for_the_last_word(capture, tmp_path, budget, said):
    done = drywet("train", *capture, "-o", tmp_path / "r", *SMALL, budget, 0.5)
    assert done.code == 0, done.err
    assert ("how far apart" in done.out) is said


def test_the_summary_is_over_the_runs(group):
    saved = json.loads((group / "seeds.json").read_text())
    assert saved["runs"] == ["seed-5", "seed-6", "seed-7"]
    esr = [json.loads((group / name / "scores.json").read_text())["esr"] for name in saved["runs"]]
    mean, deviation, least, most, count = saved["scores"]["esr"]
    assert mean == pytest.approx(np.mean(esr))
    assert deviation == pytest.approx(np.std(esr, ddof=1))
    assert (least, most, count) == (min(esr), max(esr), 3)
    best = {name: RunFolder.open(group / name).history()[-1].best_score for name in saved["runs"]}
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


GROUP = (*SMALL, "--epochs", 2, "--seeds", 3, "--seed", 5)


def goes_on_as_if_unbroken(stopped, group):
    finished = (stopped / "seed-5" / "scores.json").stat().st_mtime_ns
    assert not (stopped / "seed-6" / "scores.json").exists()
    done = drywet("train", "--resume", stopped)
    assert done.code == 0, done.err
    assert (stopped / "seed-5" / "scores.json").stat().st_mtime_ns == finished
    for name in ("seed-5", "seed-6", "seed-7"):
        assert same(stopped / name, group / name)


def test_stopped_and_resumed_is_as_if_unbroken(group, capture, tmp_path):
    """Stopped as by a kill over the second of three."""
    from drywet.verbs import make_run

    learn, calls = make_run.learn, []

    def learn_or_die(*arguments, **options):
        calls.append(arguments)
        with killed_at(20) if len(calls) == 2 else contextlib.nullcontext():
            return learn(*arguments, **options)
        raise KilledHere

    class KilledHere(BaseException):
        pass

    with mock.patch.object(make_run, "learn", learn_or_die), pytest.raises(KilledHere):
        drywet("train", *capture, "-o", tmp_path / "k", *GROUP)
    goes_on_as_if_unbroken(tmp_path / "k", group)


@pytest.mark.proof
def test_killed_and_resumed_is_as_if_unbroken(group, capture, tmp_path):
    """Killed over the first of them, which then goes on, and the second."""
    process = Held(tmp_path, 20, "train", *capture, "-o", tmp_path / "k", *GROUP)
    process.wait()
    process.kill()
    assert not (tmp_path / "k" / "seed-5" / "scores.json").exists()
    done = drywet("train", "--resume", tmp_path / "k")
    assert done.code == 0, done.err
    for name in ("seed-5", "seed-6", "seed-7"):
        assert same(tmp_path / "k" / name, group / name)


def test_seeds_of_what_no_seed_changes_are_refused(capture, tmp_path):
    done = drywet("train", *capture, "-o", tmp_path / "r", "--model", "linear", "--seeds", 3)
    assert done.code == 2
    assert "seeds" in done.err
    assert not (tmp_path / "r").exists()


def test_a_killed_beginning_can_be_resumed(group, tmp_path):
    """Killed after the summary was begun and before the last folder was made."""
    copy = shutil.copytree(group, tmp_path / "g")
    shutil.rmtree(copy / "seed-7")
    done = drywet("train", "--resume", copy)
    assert done.code == 0, done.err
    assert same(copy / "seed-7", group / "seed-7")


def test_overwriting_takes_all_of_the_old_group_away(group, capture, tmp_path):
    copy = shutil.copytree(group, tmp_path / "g")
    options = (*SMALL, "--epochs", 1, "--seeds", 2, "--seed", 6, "--overwrite")
    done = drywet("train", *capture, "-o", copy, *options)
    assert done.code == 0, done.err
    assert not (copy / "seed-5" / "model.safetensors").exists()
    assert not same(copy / "seed-6", group / "seed-6"), "one epoch, not the two of the old run"


def test_nothing_is_touched_where_something_else_stands(group, capture, tmp_path):
    copy = shutil.copytree(group, tmp_path / "g")
    (copy / "seed-8").mkdir()
    (copy / "seed-8" / "song.wav").write_text("mine")
    before = (copy / "seeds.json").read_bytes()
    options = (*SMALL, "--epochs", 1, "--seeds", 4, "--seed", 5, "--overwrite")
    done = drywet("train", *capture, "-o", copy, *options)
    assert done.code == 2
    assert (copy / "seeds.json").read_bytes() == before
    assert same(copy / "seed-5", group / "seed-5")


@pytest.mark.parametrize("options", [("--compute", "mps"), ("--seed", 2**31 - 1)])
def test_refusals_leave_nothing_behind(capture, tmp_path, options):
    done = drywet("train", *capture, "-o", tmp_path / "g", *SMALL, "--seeds", 2, *options)
    assert done.code == 2
    assert not (tmp_path / "g").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda found: [],
        lambda found: found | {"runs": []},
        lambda found: found | {"runs": ["../../etc"]},
        lambda found: found | {"runs": ["seed-5", "seed-5"]},
        lambda found: found | {"x": 1},
    ],
)
def test_an_untrusted_summary_is_one_line(group, tmp_path, change):
    found = json.loads((group / "seeds.json").read_text())
    (tmp_path / "seeds.json").write_text(json.dumps(change(found)))
    for command in (("report", tmp_path), ("train", "--resume", tmp_path)):
        done = drywet(*command)
        assert done.code == 2
        assert len(done.err.strip().splitlines()) == 1


def test_a_spoiled_history_does_not_matter(group, tmp_path):
    copy = shutil.copytree(group, tmp_path / "g")
    (copy / "seed-5" / "history.jsonl").write_text("")
    done = drywet("train", "--resume", copy)
    assert done.code == 0, done.err
