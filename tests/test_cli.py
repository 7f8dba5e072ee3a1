"""The command line: JSON on standard output alone, and nothing but that."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from drywet.cli import options as options_of
from tests.support import drywet, overdrive, playing, require_demo, save, shared


@pytest.mark.parametrize(
    ("build", "keys"),
    [
        (lambda c, r, t: ("signal", t / "s.wav", "--seconds", 30), {"path", "seconds", "rate"}),
        (lambda c, r, t: ("check", *c), {"latency_samples", "polarity", "findings", "ok"}),
        (lambda c, r, t: ("evaluate", r), {"esr", "mae", "r2", "mrstft", "linear"}),
        (lambda c, r, t: ("render", r, c[0], t / "o.wav"), {"path", "output_latency"}),
        (lambda c, r, t: ("export", r, "-o", t / "o.nam"), {"path", "format", "rate"}),
        (
            lambda c, r, t: ("train", *c, "-o", t / "r", "--epochs", 0.5, "--segment", 1024),
            {"run", "check", "training", "evaluation"},
        ),
    ],
)
def test_json_is_one_object(capture, run_folder, tmp_path, build, keys):
    done = drywet(*build(capture, run_folder, tmp_path), "--json")
    assert done.code == 0, done.err
    assert keys <= set(done.json)


@pytest.mark.parametrize("shift", [0, 40, -25])
@pytest.mark.parametrize("polarity", [1, -1])
def test_check_tells_latency_and_polarity(tmp_path, shift, polarity):
    dry = playing(12, 44_100)
    wet = polarity * overdrive(dry, 44_100)
    wet = np.concatenate([np.zeros(max(shift, 0), "f4"), wet])[max(-shift, 0) :]
    pair = save(tmp_path / "d.wav", dry, 44_100), save(tmp_path / "w.wav", wet, 44_100)
    report = drywet("check", *pair, "--json").json
    assert abs(report["latency_samples"] - shift) <= 1  # the overdrive's own low-pass
    assert report["polarity"] == polarity
    assert all({"check", "severity", "message", "fix"} <= set(f) for f in report["findings"])


def test_check_of_the_studys_clips():
    dry = shared("audio", "seed", "dry.mp3")
    report = drywet("check", dry, shared("audio", "seed", "sd1.mp3"), "--json").json
    assert (report["polarity"], report["latency_samples"] in (0, 1)) == (1, True)
    report = drywet("check", dry, shared("audio", "seed", "black65.mp3"), "--json").json
    assert (report["polarity"], report["latency_samples"]) == (-1, 0)


def test_given_latency_is_used(capture):
    report = drywet("check", *capture, "--latency", 17, "--json").json
    assert report["latency_samples"] == 17
    assert abs(report["latency_measured"]) < 2


def test_settings_come_from_a_run_and_options_go_before(capture, run_folder, tmp_path):
    done = drywet(
        "train", *capture, "-o", tmp_path / "r", "--config", run_folder / "config.json",
        "--epochs", 0.5, "--seed", 9,
    )  # fmt: skip
    assert done.code == 0, done.err
    from drywet.runs.folder import RunFolder

    old = RunFolder.open(run_folder).config().settings
    new = RunFolder.open(tmp_path / "r").config().settings
    assert new.model == old.model
    assert new.training.segment == old.training.segment
    assert (new.training.epochs, new.training.seed) == (0.5, 9)


@pytest.mark.parametrize(
    ("before", "options", "title"),
    [
        ({"hidden": 16, "layers": 1}, {"cell": "ssm"}, "SSM 4x8"),
        ({"hidden": 16, "layers": 1}, {"cell": "ssm", "hidden": 12}, "SSM 4x12"),
        ({"cell": "ssm", "hidden": 8, "layers": 4}, {"cell": "lstm"}, "LSTM 16"),
        ({"cell": "ssm", "hidden": 12, "layers": 4}, {"cell": "ssm"}, "SSM 4x12"),
        ({"hidden": 24, "layers": 2}, {"cell": "gru"}, "GRU 2x24"),
    ],
)
def test_a_cell_of_another_size_begins_from_its_own(before, options, title, tmp_path):
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"model": before}))
    given = dict.fromkeys(options_of._FIXED) | options
    assert options_of.settings(given, file).model.title == title


def test_text_output_reads_well(capture, run_folder, tmp_path):
    checked = drywet("check", *capture)
    assert "fit for training: 0 errors" in checked.out
    scored = drywet("evaluate", run_folder)
    assert "linear baseline" in scored.out
    assert "held-out audio" in scored.out
    assert "R²" not in scored.out and "e+0" not in scored.out
    assert "feeds back" in drywet("info", run_folder).out


@pytest.mark.proof
def test_the_demo_leaves_what_it_says(tmp_path):
    """With its own capture signal; tests of the documentation run it with a short one."""
    done = drywet("demo", "-o", tmp_path / "d", "--seconds", 3)
    assert done.code == 0, done.err
    require_demo(tmp_path / "d", done.out)
    assert drywet("demo", "-o", tmp_path / "d").code == 2


@pytest.mark.parametrize(
    "options", [("--quality", "fast"), ("--hidden", "0"), ("--seeds", "2", "--clean")]
)
def test_options_are_checked_before_pytorch_is_loaded(options):
    code = (
        "import sys\n"
        "from drywet.cli.app import main\n"
        "try:\n    main()\n"
        "finally:\n    assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "train", "a.wav", "b.wav", *options], capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_version():
    from importlib.metadata import version

    assert drywet("--version").out == f"drywet {version('drywet')}\n"


def test_the_module_runs():
    done = subprocess.run(
        [sys.executable, "-m", "drywet.cli.app", "--help"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert "train" in done.stdout
