"""What a run is called that was given no name, and what a finished one says."""

from __future__ import annotations

import json

import pytest
import typer

from drywet.cli import options
from drywet.cli.app import app
from drywet.runs.config import Settings
from drywet.runs.folder import RunFolder
from drywet.runs.names import folder_of, name_of
from tests.support import drywet


@pytest.mark.parametrize(
    ("wet", "name"),
    [
        ("/a/My TS9/wet.wav", "My TS9"),
        ("/a/My TS9/Wet_02.flac", "My TS9"),
        ("/a/My TS9/output (1).wav", "My TS9"),
        ("/a/My TS9/drive at noon.wav", "drive at noon"),
        ("/a/My TS9/ts9-wet.wav", "ts9-wet"),
        ("/home/me/Downloads/wet.wav", "wet"),
        ("/wet.wav", "wet"),
        ("/a/jcm800/2.wav", "2"),
    ],
)
def test_a_name_says_something_where_it_can(wet, name):
    assert name_of(wet) == name


def test_a_finished_run_says_so_and_how_to_train_it_on(run_folder):
    done = drywet("train", "--resume", run_folder)
    assert done.code == 0
    assert "was finished before" in done.out
    assert f"--resume {run_folder} --longer" in done.out


def test_a_name_is_shown_by_plugins_and_names_the_folder(capture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = drywet(
        "train", *capture, "--name", "Bob's SD-1 / lead", "--hidden", 4, "--epochs", 1,
        "--segment", 512, "--batch", 4, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    run = tmp_path / done.json["run"]
    assert run == tmp_path / "runs" / "Bob-s-SD-1-lead"
    esr = done.json["evaluation"]["esr"]
    for format, place in (("nam", "training"), ("rtneural", None), ("onnx", None)):
        made = drywet("export", run, "--format", format, "--json")
        assert made.code == 0, made.err
        told = drywet("info", made.json["path"], "--json").json["metadata"]
        assert (told["name"], told["esr"]) == ("Bob's SD-1 / lead", pytest.approx(esr))
        if place:
            known = json.loads((tmp_path / made.json["path"]).read_text())["metadata"]
            assert known["training"]["validation_esr"] == pytest.approx(esr)
            assert "esr" not in known
    again = drywet("train", *capture, "--name", "two\nlines", "--epochs", 1)
    assert (again.code, again.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../etc", "etc"),
        ("Wampler Black '65", "Wampler-Black-65"),
        ("...", "run"),
        ("é(2)", "é(2)"),
    ],
)
def test_a_folder_named_for_people_is_one_that_any_system_takes(name, folder):
    assert folder_of(name) == folder


def test_choices_for_who_does_not_know_a_hidden_unit(capture, tmp_path):
    short = ("--segment", 512, "--batch", 4, "--until-esr", 0.9)
    done = drywet("train", *capture, "-o", tmp_path / "a", "--cpu", "light", *short)
    assert done.code == 0, done.err
    assert "LSTM 8 (" in done.err
    settings = RunFolder.open(tmp_path / "a").config().settings
    assert (settings.model.hidden, settings.restarts, len(settings.cycle_steps)) == (8, 4, 5)
    quick = options_of("--quality", "quick")
    assert (quick.model.hidden, quick.restarts) == (16, 2)
    assert (quick.cycle_steps, quick.treble_steps) == ((60, 120), 240)
    best = options_of("--quality", "best", "--cpu", "heavy")
    assert (best.model.hidden, best.restarts, best.treble_steps) == (32, 8, 1920)


def options_of(*words: str) -> Settings:
    command = typer.main.get_command(app).commands["train"]
    with command.make_context("train", [*words, "d.wav", "w.wav"]) as context:
        return options.settings(context.params, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cpu", "huge"), "light, normal or heavy"),
        (("--quality", "superb"), "quick, good or best"),
        (("--cpu", "light", "--hidden", 4), "--cpu and --hidden"),
        (("--cpu", "light", "--preset", "nano"), "--cpu and --preset"),
        (("--quality", "good", "--seconds", 4), "--quality and --seconds"),
        (("--longer",), "--resume RUN"),
        (("--preset", "fether"), "Did you mean feather?"),
        (("--model", "wavnet"), "Did you mean wavenet?"),
        (("--test", "40:"), "inside the recording"),
        (("--test", "3:2"), "inside the recording"),
    ],
)
def test_choices_that_do_not_go_together_are_one_line(capture, tmp_path, words, said):
    done = drywet("train", *capture, "-o", tmp_path / "r", *words)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert said in done.err
    assert not (tmp_path / "r").exists()


def test_a_misspelt_command_of_study_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = drywet("study", "statsu", "runs/x")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "'drywet study status'" in done.err
