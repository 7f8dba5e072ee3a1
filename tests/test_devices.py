"""Devices from the command line and from Python."""

from __future__ import annotations

import json

import numpy as np
import pytest

from drywet.audio.read import read
from drywet.circuits.netlist import read_netlist
from drywet.circuits.simulate import Simulation
from drywet.devices.catalog import find
from drywet.devices.circuit import built_in
from drywet.errors import DrywetError
from tests.support import drywet, playing, save, short_captures


def test_every_device_is_listed_with_its_knobs():
    found = {device["name"]: device for device in drywet("devices", "--json").json}
    assert set(found) == set(built_in())
    for name, device in found.items():
        assert set(device["knobs"]) == set(read_netlist(built_in()[name]).knobs)
        assert all(0 <= knob["default"] <= 1 for knob in device["knobs"].values())
        assert "0 dBFS is 1 V" in device["about"]
    shown = drywet("devices").out
    assert "--drive --tone --level" in shown
    assert max(map(len, shown.splitlines())) < 100
    assert len(shown.splitlines()) < 24, "a list, not a wall"


def test_one_device_is_told_in_full_its_knobs_first():
    shown = drywet("devices", "TS808").out
    assert shown.index("--drive 0.5, 0 to 1: Drive") < shown.index("LiveSPICE")
    wrong = drywet("devices", "ts880")
    assert wrong.code == 2
    assert "Did you mean ts808?" in wrong.err


def test_process_writes_what_the_circuit_gives(tmp_path):
    source = save(tmp_path / "in.wav", playing(0.5), 48_000)
    out = drywet(
        "process", "sd1", source, tmp_path / "out.wav", "--drive", "0.7", "--tone=0.2", "--json"
    )
    assert out.code == 0, out.err
    assert out.json["knobs"] == {"drive": 0.7, "tone": 0.2, "level": 0.5}
    dry, rate = read(source)
    wanted = Simulation(read_netlist(built_in()["sd1"]), rate, {"drive": 0.7, "tone": 0.2})
    wet, _ = read(tmp_path / "out.wav")
    np.testing.assert_allclose(wet, wanted.process(dry, last=True), atol=1e-7)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sd1", "--drve", "0.7"), "no option --drve;"),
        (("sd1", "--drve", "0.7"), "Did you mean --drive?"),
        (("sd1", "--oversampel", "4"), "Did you mean --oversample?"),
        (("sd1", "--resampel"), "Did you mean --resample?"),
        (("sd1", "--blend", "0.7"), "--blend is no option of 'drywet process'"),
        (("sd1", "--blend", "0.7"), "expected --drive, --tone, --level."),
        (("sd1", "--knob", "oversampel=4"), "sd1 has no knob oversampel"),
        (("sd1", "--drive", "1.7"), "knob drive = 1.7"),
        (("sd1", "--drive", "nan"), "knob drive = nan"),
        (("sd1", "--drive", "loud"), "--drive loud"),
        (("sd1", "--drive"), "--drive"),
        (("sd2",), "no device sd2"),
        (("sd1", "--oversample", "0"), "oversampling by 0"),
        (("sd1", "--oversample", "1000"), "oversampling by 1000"),
        (("nowhere.cir",), "nowhere.cir"),
        (("lv2:-x",), "-x"),
        (("x" * 300,), "no device xxx"),
        (("in.wav",), "no device in.wav"),
        (("sd1", "--knob", "drive"), "--knob drive"),
    ],
)
def test_process_refuses_in_one_line(tmp_path, arguments, said):
    source = save(tmp_path / "in.wav", playing(0.1), 48_000)
    out = drywet("process", arguments[0], source, tmp_path / "out.wav", *arguments[1:])
    assert out.code == 2
    assert said in out.err and out.err.count("\n") == 1
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ts9", "ts808"), ("TS-9", "ts808"), ("ts80", "ts808"), ("tubescreamer", "ts808"),
        ("tube-screamer", "ts808"), ("sd-1", "sd1"), ("ds2", "ds1"), ("rat2", "rat"),
        ("muff", "bigmuff"), ("big-muf", "bigmuff"), ("fuzz", "fuzzface"), ("proco", "rat"),
    ],
)  # fmt: skip
def test_well_known_names_are_told_what_there_is(tmp_path, name, meant):
    source = save(tmp_path / "in.wav", playing(0.1), 48_000)
    for command in (("devices", name), ("process", name, source, tmp_path / "out.wav")):
        assert f"Did you mean {meant}?" in drywet(*command).err


@pytest.mark.parametrize("name", ["phaser", "plate", "in.wav", "x" * 300])
def test_what_is_like_nothing_there_is_not_guessed_at(name):
    assert "Did you mean" not in drywet("devices", name).err


def test_a_netlist_of_ones_own_is_a_device(tmp_path):
    path = tmp_path / "half.cir"
    path.write_text("half\n*@ knob much How much\n.param much=0.5\nVin in 0 0\n"
                    "R1 in out 1k\nR2 out 0 {1 + much*1998}\n")  # fmt: skip
    device = find(path)
    x = playing(0.2)
    np.testing.assert_allclose(device.process(x, 48_000)[50:-50], x[50:-50] / 2, atol=1e-3)
    with pytest.raises(DrywetError, match="a circuit or a model, to oversample"):
        find("lv2:urn:none", oversampling=4)


@pytest.fixture
def clipper(tmp_path):
    """A circuit that is simulated in no time: the built-in ones are asked for their harmonics."""
    path = tmp_path / "clipper.cir"
    path.write_text("clipper\n*@ knob drive Drive\n.param drive=0.5\nVin in 0 0\n"
                    "R1 in out {100 + (1 - drive)*10k}\nD1 out 0 d\nD2 0 out d\n"
                    ".model d D(is=1e-9 n=1.8)\n"
                    "C1 out 0 10n\n")  # fmt: skip
    return path


def is_learned(device, folder):
    out = drywet("train", "--device", device, "--drive", "0.2", "-o", folder / "run",
                 "--epochs", "2", "--hidden", "8", "--batch", "16", "--json")  # fmt: skip
    assert out.code == 0, out.err
    config = json.loads((folder / "run" / "config.json").read_text())
    recording = config["captures"][0]["recording"]
    assert recording["wet"] == str((folder / "run-capture" / "wet.wav").resolve())
    assert recording["knobs"]["drive"] == 0.2
    assert out.json["evaluation"]["esr"] < 1
    again = drywet("train", "--device", device, "-o", folder / "run")
    assert again.code == 2 and "already holds a run" in again.err


def test_a_device_is_learned_like_a_pair(tmp_path, clipper):
    with short_captures():
        is_learned(clipper, tmp_path)


@pytest.mark.proof
def test_a_pedal_is_learned_like_a_pair(tmp_path):
    is_learned("ts808", tmp_path)


def test_a_signal_of_ones_own_is_played_through_the_device(tmp_path, clipper):
    source = save(tmp_path / "in.wav", playing(12), 16_000)
    out = drywet("train", "--device", clipper, "--signal", source, "-o", tmp_path / "run",
                 "--model", "linear", "--json")  # fmt: skip
    assert out.code == 0, out.err
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["captures"][0]["recording"]["dry"] == str(source.resolve())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--device", "sd1", "--hiden", "8"), "Did you mean --hidden?"),
        (("--signal", "x.wav"), "--signal x.wav alone"),
        (("--device", "sd2"), "no device sd2"),
    ],
)
def test_train_refuses_a_device_in_one_line(tmp_path, arguments, said):
    out = drywet("train", *arguments, "-o", tmp_path / "run")
    assert out.code == 2 and said in out.err
    assert not (tmp_path / "run").exists()


def test_a_slip_in_an_option_is_no_knob_where_there_is_no_device():
    out = drywet("train", "a.wav", "b.wav", "--hiden", "8")
    assert out.code == 2 and "--hiden" in out.err


def test_a_knob_may_be_called_like_an_option(tmp_path):
    path = tmp_path / "odd.cir"
    path.write_text("odd\n*@ knob channel Odd\n.param channel=0.5\nVin in 0 0\n"
                    "R1 in out 1k\nR2 out 0 {1 + channel*1998}\n")  # fmt: skip
    source = save(tmp_path / "in.wav", playing(0.2), 48_000)
    out = drywet("process", path, source, tmp_path / "out.wav", "--knob", "channel=1", "--json")
    assert out.code == 0, out.err
    assert out.json["knobs"] == {"channel": 1.0}


def test_a_recording_is_never_its_own_output(tmp_path):
    source = save(tmp_path / "in.wav", playing(0.1), 48_000)
    before = source.read_bytes()
    assert drywet("process", "sd1", source, source).code == 2
    assert source.read_bytes() == before


def test_a_capture_that_failed_doesnt_block_the_next(tmp_path, clipper):
    short = save(tmp_path / "short.wav", playing(0.5), 16_000)
    first = drywet("train", "--device", clipper, "--signal", short, "-o", tmp_path / "run")
    assert first.code == 2
    assert not (tmp_path / "run").exists()
    long = save(tmp_path / "long.wav", playing(12), 16_000)
    again = drywet("train", "--device", clipper, "--signal", long, "-o", tmp_path / "run",
                   "--model", "linear")  # fmt: skip
    assert again.code == 0, again.err


@pytest.mark.parametrize(
    "position", [np.zeros(3), np.zeros(0), np.zeros((10, 1)), np.full(10, np.nan), "loud", None]
)
def test_positions_of_a_knob_are_one_or_one_for_each_sample(position):
    with pytest.raises(DrywetError, match="drive"):
        find("sd1").process(np.zeros(10, np.float32), 48_000, {"drive": position})


@pytest.mark.parametrize(
    ("dry", "rate"),
    [(np.zeros((10, 2)), 48_000), (np.zeros(10), 0), (np.full(10, np.nan), 48_000)],
)
def test_a_device_refuses_what_is_no_signal(dry, rate):
    with pytest.raises(DrywetError, match="sd1"):
        find("sd1").process(dry, rate)
