"""What a run is called that was given no name, and what a finished one says."""

from __future__ import annotations

import json

import pytest

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
