"""What a run is called that was given no name, and what a finished one says."""

from __future__ import annotations

import pytest

from drywet.runs.names import name_of
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
    assert f"--start {run_folder}" in done.out
