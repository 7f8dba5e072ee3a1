"""Where something is to be written is looked at before the work, and said in plain words."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
import soundfile

from tests.support import RATE, drywet, playing, save, wait_for


@pytest.fixture
def riff(tmp_path):
    return save(tmp_path / "riff.wav", playing(2.0))


VERBS = {
    "process": ("process", "sd1", "RIFF"),
    "render": ("render", "RUN", "RIFF"),
    "signal": ("signal",),
    "export": ("export", "RUN", "-o"),
    "convert": ("convert", "RUN"),
    "report": ("report", "RUN", "-o"),
}
WORK = (
    "drywet.devices.circuit.CircuitDevice.process", "drywet.inference.render.Stream",
    "drywet.dsp.capture.picked", "drywet.verbs.report._contender",
)  # fmt: skip


@contextlib.contextmanager
def no_work():
    """Everything that takes time is an error."""
    with contextlib.ExitStack() as stack:
        for name in WORK:
            stack.enter_context(mock.patch(name, side_effect=AssertionError(name)))
        yield


PLACES = [
    ("nowhere/out{ending}", "there is no folder"),
    ("out", "no ending|end in .html|ends in no|ends in .nam"),
    ("out.xyz", "ends in .xyz|end in .html|ends in .nam"),
]


@pytest.mark.parametrize(
    ("verb", "place", "said"),
    [(verb, place, said) for verb in VERBS for place, said in PLACES],
)
def test_places_are_checked_before_the_work(run_folder, riff, tmp_path, verb, place, said):
    ending = {"report": ".html", "export": ".nam", "convert": ".nam"}.get(verb, ".wav")
    names = {"RUN": run_folder, "RIFF": riff}
    target = tmp_path / place.format(ending=ending)
    with no_work():
        done = drywet(*(names.get(each, each) for each in VERBS[verb]), target)
    assert done.code == 2, done.out
    assert any(each in done.err for each in said.split("|")), done.err
    assert done.err.count("\n") == 1
    assert not target.exists()


@pytest.mark.parametrize("verb", ["process", "render", "signal"])
def test_a_folder_is_no_file(run_folder, riff, tmp_path, verb):
    names = {"RUN": run_folder, "RIFF": riff}
    (tmp_path / "folder").mkdir()
    extra = ("--overwrite",) if verb == "signal" else ()
    done = drywet(*(names.get(each, each) for each in VERBS[verb]), tmp_path / "folder", *extra)
    assert done.code == 2
    assert "it is a folder" in done.err


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_is_there_is_not_replaced_unasked(run_folder, riff, tmp_path, verb):
    ending = {"report": ".html", "export": ".nam", "convert": ".nam"}.get(verb, ".wav")
    names = {"RUN": run_folder, "RIFF": riff}
    target = tmp_path / f"somebodys{ending}"
    target.write_text("the only copy")
    command = [*(names.get(each, each) for each in VERBS[verb]), target]
    with no_work():
        done = drywet(*command)
    assert done.code == 2
    assert "is there already" in done.err
    assert "--overwrite" in done.err
    assert target.read_text() == "the only copy"
    assert drywet(*command, "--overwrite").code == 0
    assert target.stat().st_size > 100


def test_a_ranking_in_the_way_is_said_before_the_models_are_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ranking.html").write_text("an earlier one")
    done = drywet("rank", "dry.wav", "wet.wav", "a.nam")
    assert done.code == 2
    assert "ranking.html is there already" in done.err


def test_what_a_run_keeps_is_made_anew(run_folder):
    for _ in range(2):
        assert drywet("export", run_folder, "--format", "rtneural").code == 0
        assert drywet("report", run_folder).code == 0


def test_an_export_goes_into_a_folder(run_folder, tmp_path):
    done = drywet("export", run_folder, "-o", tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "small.nam").is_file()


def test_a_rate_that_the_format_lacks_is_said_first(tmp_path):
    riff = save(tmp_path / "fast.wav", playing(1.0, 96_000), 96_000)
    with no_work():
        done = drywet("process", "sd1", riff, tmp_path / "out.mp3")
    assert done.code == 2
    assert "96000 Hz" in done.err
    assert ".flac" in done.err


@pytest.mark.parametrize("ending", ["mp3", "ogg", "flac"])
def test_process_writes_what_players_send_each_other(riff, tmp_path, ending):
    done = drywet("process", "sd1", riff, tmp_path / f"out.{ending}")
    assert done.code == 0, done.err
    assert soundfile.info(tmp_path / f"out.{ending}").samplerate == RATE


def test_process_resamples_for_a_model_as_render_does(run_folder, tmp_path):
    riff = save(tmp_path / "riff.wav", playing(2.0, 44_100), 44_100)
    refused = [
        drywet(*verb, riff, tmp_path / "no.wav")
        for verb in (("process", run_folder), ("render", run_folder))
    ]
    for done in refused:
        assert done.code == 2
        assert "Add --resample" in done.err
    assert drywet("process", run_folder, riff, tmp_path / "a.wav", "--resample").code == 0
    assert drywet("render", run_folder, riff, tmp_path / "b.wav", "--resample").code == 0
    a, b = (soundfile.read(tmp_path / name)[0] for name in ("a.wav", "b.wav"))
    assert len(a) == len(b) == 88_200
    assert np.abs(a - b).max() < 1e-5


SLOW = """
import signal, sys, time
from pathlib import Path
from drywet.audio import write
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
real, flag = write.atomic_path, Path(sys.argv.pop(1))
import contextlib
import signal
import subprocess
import sys
@contextlib.contextmanager
def slow(path):
    with real(path) as temporary:
        flag.touch()
        time.sleep(60)
        yield temporary
write.atomic_path = slow
from drywet.cli.app import main
main()
"""


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [(signal.SIGINT, 130, "stopped by Ctrl-C"), (signal.SIGTERM, 143, "")],
)
def test_what_is_stopped_leaves_nothing_half_written(riff, tmp_path, how, code, said):
    (tmp_path / "out").mkdir()
    flag, target = tmp_path / "flag", tmp_path / "out" / "a.wav"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, flag, "process", "sd1", riff, target],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: flag.exists() or process.poll() is not None)
    assert list(target.parent.iterdir()), "half-written by now"
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert said in err
    assert "Traceback" not in err
    assert not list(target.parent.iterdir())
