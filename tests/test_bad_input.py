"""Every input is suspect: one clear line, exit code 2, nothing half-written."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from drywet.errors import DrywetError
from drywet.runs.folder import RunFolder
from tests.support import RATE, drywet, overdrive, playing, save

DRY = playing(8)
WET = overdrive(DRY)


def wav_header(rate: int = RATE, channels: int = 1, data_bytes: int = 0) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    size = 36 + min(data_bytes, 2**32 - 37)
    return (
        b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", data_bytes)
    )  # fmt: skip


def pcm(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def text_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def bad_dry(folder: Path, kind: str) -> Path:
    """A dry file with something wrong about it."""
    path = folder / "bad.wav"
    full = wav_header(data_bytes=2 * len(DRY)) + pcm(DRY)
    makers = {
        "missing": lambda: None,
        "folder": path.mkdir,
        "empty": lambda: path.write_bytes(b""),
        "text": lambda: path.write_bytes(b"hello, I am a text file\n" * 100),
        "picture": lambda: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000)),
        "header cut": lambda: path.write_bytes(full[:30]),
        "header only": lambda: path.write_bytes(wav_header()),
        "data cut": lambda: path.write_bytes(full[: len(full) // 2]),
        "huge length": lambda: path.write_bytes(wav_header(data_bytes=2**32 - 64) + pcm(DRY[:100])),
        "0 Hz": lambda: path.write_bytes(wav_header(rate=0, data_bytes=2 * len(DRY)) + pcm(DRY)),
        "1 Hz": lambda: path.write_bytes(wav_header(rate=1, data_bytes=2 * len(DRY)) + pcm(DRY)),
        "1 sample": lambda: save(path, DRY[:1]),
        "half a second": lambda: save(path, DRY[: RATE // 2]),
        "5.1": lambda: save(path, np.stack([DRY * k for k in range(1, 7)], 1) / 6),
        "stereo": lambda: save(path, np.stack([DRY, DRY * 0.5], 1)),
        "NaN": lambda: save(path, np.where(np.arange(len(DRY)) == 999, np.nan, DRY)),
        "Inf": lambda: save(path, np.where(np.arange(len(DRY)) == 999, np.inf, DRY)),
        "silence": lambda: save(path, np.zeros_like(DRY)),
        "integers as floats": lambda: save(path, DRY * 32768),
        "clipped": lambda: save(path, np.clip(DRY * 50, -1, 1)),
        "whisper": lambda: save(path, DRY * 1e-4),
        "unrelated": lambda: save(path, playing(8, seed=77)),
        "noise": lambda: save(
            path, 0.1 * np.random.default_rng(0).standard_normal(len(DRY)).astype("f4")
        ),
        "half as long": lambda: save(path, DRY[: len(DRY) // 3]),
        "other rate": lambda: save(path, DRY, 22_050),
        "DC": lambda: save(path, DRY + 0.5),
    }
    makers[kind]()
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "does not exist"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("text", "not readable as audio"),
        ("picture", "not readable as audio"),
        ("header cut", "not readable as audio"),
        ("header only", "no samples"),
        ("data cut", "cut short"),
        ("huge length", "cut short"),
        ("0 Hz", "Hz"),
        ("1 Hz", "sample rate of 1 Hz"),
        ("1 sample", "lasts 0.000 s"),
        ("half a second", "lasts 0.500 s"),
        ("5.1", "6 channels"),
        ("stereo", "--channel"),
        ("NaN", "NaN"),
        ("Inf", "infinite"),
        ("silence", "silent"),
        ("integers as floats", "dBFS"),
        ("clipped", "stuck at full scale"),
        ("whisper", "peaks at"),
        ("unrelated", "follows the dry"),
        ("noise", "follows the dry"),
        ("half as long", "dry lasts"),
        ("other rate", "22050 Hz"),
        ("DC", "DC offset"),
    ],
)
def test_bad_recordings(tmp_path, kind, words):
    wet = save(tmp_path / "wet.wav", WET)
    bad = bad_dry(tmp_path, kind)
    before = sorted(tmp_path.rglob("*"))
    done = drywet("train", bad, wet, "-o", tmp_path / "run", "--seconds", 1)
    assert_refused(done, words)
    assert sorted(tmp_path.rglob("*")) == before
    checked = drywet("check", bad, wet)
    assert checked.code == 2
    assert words in checked.err + checked.out


def assert_refused(done, words: str) -> None:
    assert done.code == 2, done.err + done.out
    last = done.err.strip().splitlines()[-1]
    assert words in last, done.err
    assert last.startswith("drywet: ")
    assert "Traceback" not in done.err


def test_swapped(tmp_path):
    dry = playing(10)
    a, b = save(tmp_path / "a.wav", dry), save(tmp_path / "b.wav", overdrive(dry))
    assert_refused(drywet("train", b, a, "-o", tmp_path / "r"), "look swapped")
    assert drywet("check", b, a).code == 2
    assert drywet("check", a, b).code == 0
    forced = drywet("train", b, a, "-o", tmp_path / "r", "--force", "--seconds", 0.2)
    assert forced.code == 0, forced.err


def test_the_same_file_twice(tmp_path):
    path = save(tmp_path / "a.wav", DRY)
    assert_refused(drywet("check", path, path), "same file")


def test_wet_of_another_rate_can_be_resampled(tmp_path):
    dry = playing(8, 44_100)
    pair = (
        save(tmp_path / "d.wav", dry, 44_100),
        save(tmp_path / "w.wav", overdrive(dry, 44_100)[::2], 22_050),
    )
    refused = drywet("check", *pair)
    assert_refused(refused, "--resample")
    assert "44100" in refused.err
    assert "22050" in refused.err
    assert drywet("check", *pair, "--resample").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--hidden", 0), "--hidden 0; expected"),
        (("--layers", 9), "layers"),
        (("--cell", "transformer"), "cell"),
        (("--model", "wavenet9000"), "wavenet9000"),
        (("--model", "linear", "--hidden", 8), "--hidden with linear"),
        (("--model", "windowed", "--skip"), "--skip with windowed"),
        (("--epochs", -1), "epochs"),
        (("--seconds", 0), "seconds"),
        (("--seconds", "nan"), "seconds"),
        (("--learning-rate", "inf"), "--learning-rate inf"),
        (("--seed", -1), "seed"),
        (("--compute", "abacus"), "compute"),
        (("--rate", 7), "rate"),
        (("--test", "soon"), "--test soon"),
        (("--test", "7:3"), "test stretch"),
        (("--test", "100:"), "test stretch"),
        (("--test", "0:"), "nothing to train on"),
        (("--mae", "inf"), "--mae inf"),
        (("--epochs", 1e308), "--epochs 1e+308"),
        (("--test", "0:1e306"), "--test"),
        (("--test", "5:5.00007"), "test stretch"),
        (("--segment", 513, "--pre-emphasis", 0.85), "pre-emphasis"),
        (("--segment", 10_000_000), "less than or equal"),
        (("--segment", 1_000_000), "longest stretch"),
        (("--mrstft", 1, "--bptt", 512), "MR-STFT"),
        (("--latency", 180_000), "latency of 180000"),
        (("--channel", 0), "channel"),
        (("--hidden", "many"), "--hidden"),
        (("--no-such-option",), "--no-such-option"),
        (("--resume", "nowhere"), "--resume was given with"),
        (("--esr-weight", 0), "--esr-weight"),
    ],
)
def test_bad_options(capture, tmp_path, options, words):
    done = drywet("train", *capture, "-o", tmp_path / "run", "--epochs", 0.1, *options)
    assert_refused(done, words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"model": {"kind": "recurrent", "hiden": 8}}', "unknown key 'model.hiden'"),
        (b'{"model": {"kind": "recurrent", "hiden": 8}}', "Did you mean model.hidden?"),
        (b'{"modle": {}}', "Did you mean model?"),
        (b'{"training": {"epoch": 3}}', "Did you mean training.epochs?"),
        (b'{"model": {"kind": "linear", "tap": 3}}', "Did you mean model.taps?"),
        (b'{"model": {"hidden": 0}}', "model.hidden is 0"),
        (b'{"modle": {}}', "unknown key 'modle'"),
        (b'{"training": {"batch": "lots"}}', "training.batch"),
        (b'{"training": {"batch": NaN}}', "training.batch"),
        (b'{"loss": {"esr": 0}}', "loss"),
        (b'["not", "an", "object"]', "list"),
        (b"{not json", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_bad_settings_files(capture, tmp_path, content, words):
    file = text_file(tmp_path / "settings.json", content)
    done = drywet("train", *capture, "-o", tmp_path / "run", "--config", file)
    assert_refused(done, words)
    assert not (tmp_path / "run").exists()


class Bomb:
    """Unpickling this writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def bad_model(folder: Path, good: Path, kind: str) -> Path:
    path = folder / "model.safetensors"
    data = good.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])

    def rebuilt(changed: dict, body: bytes = data[8 + length :]) -> bytes:
        text = json.dumps(changed).encode()
        return len(text).to_bytes(8, "little") + text + body

    def card(**changes) -> dict:
        about = json.loads(header["__metadata__"]["drywet"])
        about.update(changes)
        return {**header, "__metadata__": {"drywet": json.dumps(about)}}

    nan = np.full(4, np.nan, "<f4").tobytes()
    makers = {
        "missing": lambda: None,
        "empty": lambda: path.write_bytes(b""),
        "JSON garbage": lambda: path.write_bytes(b'{"architecture": "LSTM", "weights": [1, 2'),
        "a pickle bomb": lambda: path.write_bytes(pickle.dumps(Bomb(folder / "boom"))),
        "cut short": lambda: path.write_bytes(data[: len(data) - 40]),
        "a huge header": lambda: path.write_bytes((2**62).to_bytes(8, "little") + data[8:]),
        "no card": lambda: path.write_bytes(
            rebuilt({k: v for k, v in header.items() if k != "__metadata__"})
        ),
        "a card with an unknown key": lambda: path.write_bytes(rebuilt(card(evil=1))),
        "an unknown kind": lambda: path.write_bytes(rebuilt(card(model={"kind": "oracle"}))),
        "another size": lambda: path.write_bytes(
            rebuilt(card(model={"kind": "recurrent", "hidden": 500}))
        ),
        "a gigantic size": lambda: path.write_bytes(
            rebuilt(card(model={"kind": "recurrent", "hidden": 10**9}))
        ),
        "NaN weights": lambda: path.write_bytes(data[:-16] + nan),
    }
    makers[kind]()
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "does not exist"),
        ("empty", "not a safetensors file"),
        ("JSON garbage", "not a safetensors file"),
        ("a pickle bomb", "not a safetensors file"),
        ("cut short", "not a safetensors file"),
        ("a huge header", "not a safetensors file"),
        ("no card", "not written by drywet"),
        ("a card with an unknown key", "unknown key 'evil'"),
        ("an unknown kind", "oracle"),
        ("another size", "tensor"),
        ("a gigantic size", "less than or equal"),
        ("NaN weights", "NaN"),
    ],
)
def test_bad_model_files(run_folder, tmp_path, kind, words):
    model = bad_model(tmp_path, run_folder / "model.safetensors", kind)
    source = save(tmp_path / "in.wav", DRY)
    assert_refused(drywet("render", model, source, tmp_path / "out.wav"), words)
    assert_refused(drywet("export", model, "-o", tmp_path / "out.nam"), words)
    assert not (tmp_path / "out.wav").exists()
    assert not (tmp_path / "out.nam").exists()
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize("kind", ["bomb", "garbage", "cut", "another net's"])
def test_bad_checkpoints(run_folder, capture, tmp_path, kind):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    checkpoint = run / "checkpoint.pt"
    data = checkpoint.read_bytes()
    if kind == "bomb":
        checkpoint.write_bytes(pickle.dumps(Bomb(tmp_path / "boom")))
    elif kind == "garbage":
        checkpoint.write_bytes(b"garbage" * 100)
    elif kind == "cut":
        checkpoint.write_bytes(data[: len(data) // 2])
    else:
        done = drywet(
            "train", *capture, "-o", tmp_path / "other", "--hidden", 4, "--epochs", 0.1,
            "--segment", 1024,
        )  # fmt: skip
        assert done.code == 0, done.err
        checkpoint.write_bytes((tmp_path / "other" / "checkpoint.pt").read_bytes())
    before = (run / "model.safetensors").read_bytes()
    assert_refused(drywet("train", "--resume", run), "checkpoint.pt")
    assert (run / "model.safetensors").read_bytes() == before
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rate": "fast"}, "rate"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"rate": 0}, "rate"),
        ({"output_latency": -(10**9)}, "output_latency"),
        ({"split": {"train": [[0, 9]], "validation": [[9, 12]], "test": [[12, 10**9]]}}, "fit"),
        (None, "not valid JSON"),
    ],
)
def test_bad_run_configurations(run_folder, tmp_path, change, words):
    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    file = run / "config.json"
    found = json.loads(file.read_text())
    part = found["captures"][0] if "split" in (change or {}) else found
    part.update(change or {})
    file.write_text("{" if change is None else json.dumps(found))
    assert_refused(drywet("evaluate", run), words)
    assert_refused(drywet("train", "--resume", run), words)


def test_things_that_are_no_run(tmp_path, capture):
    assert_refused(drywet("evaluate", tmp_path), "not the folder of a run")
    assert_refused(drywet("train", "--resume", tmp_path / "none"), "not the folder of a run")
    assert_refused(drywet("export", tmp_path), "holds no model.safetensors")
    stuff = tmp_path / "stuff"
    stuff.mkdir()
    (stuff / "precious.txt").write_text("mine")
    done = drywet("train", *capture, "-o", stuff, "--overwrite")
    assert_refused(done, "already exists and is no run")
    assert (stuff / "precious.txt").read_text() == "mine"
    assert_refused(drywet("train", *capture, "-o", stuff / "precious.txt"), "already exists")
    assert_refused(drywet("train"), "no pair was named")
    assert_refused(drywet("train", capture[0]), "only")


def test_evaluate_with_one_file(run_folder, capture):
    assert_refused(drywet("evaluate", run_folder, capture[0]), "one file was given")


def test_unknown_export_format(run_folder):
    assert_refused(drywet("export", run_folder, "--format", "vst"), "unknown format 'vst'")


@pytest.mark.parametrize("name", ["out.xyz", "out", "missing/out.wav"])
def test_places_that_cannot_be_rendered_to(run_folder, tmp_path, name):
    source = save(tmp_path / "in.wav", DRY)
    assert drywet("render", run_folder, source, tmp_path / name).code == 2
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seconds", 5), "--seconds 5"),
        (("--rate", 100), "--rate 100"),
        (("--kind", "noise"), "--kind noise"),
        (("--kind", "mixed", "--seconds", 30), "60 to 600"),
        (("--seconds", 480), "30 to 180"),
    ],
)
def test_bad_signals(tmp_path, options, words):
    assert_refused(drywet("signal", tmp_path / "s.wav", *options), words)
    assert not (tmp_path / "s.wav").exists()


def test_a_damaged_flac(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, DRY, RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    done = drywet("check", path, save(tmp_path / "w.wav", WET))
    assert done.code == 2
    assert done.err.count("\n") == 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte, where we may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk(run_folder, small_disk, tmp_path):
    source = save(tmp_path / "in.wav", playing(60))
    done = drywet("render", run_folder, source, small_disk / "out.wav")
    assert_refused(done, "cannot write")
    assert list(small_disk.iterdir()) == []
    assert_refused(drywet("signal", small_disk / "s.wav", "--seconds", 30), "cannot write")
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("free_pages", range(1, 12))
def test_a_disk_that_fills_up_while_training(capture, small_disk, free_pages):
    """Whichever write is the first to fail: configuration, baseline, model, history, checkpoint."""
    (small_disk / "ballast").write_bytes(bytes(1_048_576 - 4096 * free_pages))
    done = drywet("train", *capture, "-o", small_disk / "run", "--hidden", 8, "--epochs", 1)
    assert_refused(done, "cannot write")
    assert not list(small_disk.rglob(".*"))


def test_overwrite_touches_only_what_drywet_made(capture, run_folder, tmp_path):
    project = tmp_path / "project"
    (project / "audio").mkdir(parents=True)
    (project / "config.json").write_text('{"vite": 1}')
    (project / "audio" / "album.wav").write_text("music")
    done = drywet("train", *capture, "-o", project, "--overwrite", "--epochs", 0.1)
    assert_refused(done, "is no run")
    assert (project / "audio" / "album.wav").read_text() == "music"
    run = tmp_path / "run"
    shutil.copytree(run_folder, run)
    assert drywet("export", run).code == 0
    (run / "audio" / "mine.txt").write_text("note")
    done = drywet(
        "train", *capture, "-o", run, "--overwrite", "--epochs", 0.1, "--hidden", 4,
        "--segment", 1024,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert (run / "audio" / "mine.txt").read_text() == "note"
    assert not (run / "run.nam").exists(), "an export of the old model"


def test_export_never_lands_on_a_run_file(run_folder, tmp_path):
    for name in ("config", "scores"):
        run = tmp_path / name
        shutil.copytree(run_folder, run)
        assert drywet("export", run, "--format", "rtneural").code == 0
        assert drywet("evaluate", run).code == 0


def test_the_demo_spares_files_that_are_not_its_own(tmp_path):
    save(tmp_path / "dry.wav", DRY)
    before = (tmp_path / "dry.wav").read_bytes()
    assert_refused(drywet("demo", "-o", tmp_path, "--overwrite"), "not from a demo")
    assert (tmp_path / "dry.wav").read_bytes() == before


SPOILED = ("5\n", "{}\n", '{"step": "x"}\n', "\xff\x00")


def test_a_spoiled_history_is_none(tmp_path):
    for text in SPOILED:
        (tmp_path / "history.jsonl").write_text(text)
        assert RunFolder(tmp_path).history() == []


@pytest.mark.parametrize(
    "text", [SPOILED[0], *(pytest.param(text, marks=pytest.mark.proof) for text in SPOILED[1:])]
)
def test_a_spoiled_history_is_no_obstacle(run_folder, tmp_path, text):
    run = shutil.copytree(run_folder, tmp_path / "run")
    (run / "history.jsonl").write_text(text)
    assert drywet("evaluate", run).code == 0


def test_unreadable_paths(tmp_path):
    wet = save(tmp_path / "w.wav", WET)
    assert_refused(drywet("check", tmp_path / ("x" * 300), wet), "cannot be read")


@pytest.mark.parametrize("name", ["a.aiff", "a.wav"])
def test_cut_files_of_every_kind(tmp_path, name):
    path = tmp_path / name
    soundfile.write(path, DRY, RATE, format="RF64" if name == "a.wav" else None)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert_refused(drywet("check", path, save(tmp_path / "w.wav", WET)), "cut short")


def test_a_folder_that_may_not_be_written(capture, tmp_path):
    if os.geteuid() == 0:
        place = Path("/proc/drywet")
    else:
        tmp_path.chmod(0o500)
        place = tmp_path / "run"
    assert_refused(drywet("train", *capture, "-o", place), "cannot write")
    assert_refused(drywet("signal", place / "s.wav", "--seconds", 30), "cannot write")


def test_an_error_crosses_processes_whole():
    error = DrywetError("a", "b", "c")
    back = pickle.loads(pickle.dumps(error))
    assert (back.found, back.expected, back.fix, str(back)) == ("a", "b", "c", str(error))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("render", "RUN", "DRY", "OUT", "--oversampel", 4), "no option --oversampel;"),
        (("render", "RUN", "DRY", "OUT", "--oversampel", 4), "Did you mean --oversample?"),
        (("render", "RUN", "DRY", "OUT", "--overwrit"), "Did you mean --overwrite?"),
        (("render", "RUN", "DRY", "OUT", "--gain", 1), "the model has no such knob; expected none"),
        (("export", "RUN", "--oversampel", 4), "Did you mean --oversample?"),
        (("convert", "RUN", "x.nam", "--oversampel", 4), "Did you mean --oversample?"),
        (("evaluate", "RUN", "--oversampel", 4), "Did you mean --oversample?"),
        (("evaluate", "RUN", "--gain", 4), "--gain is no option of 'drywet evaluate'"),
        (("report", "RUN", "--oversampel", 4), "Did you mean --oversample?"),
        (("report", "RUN", "--gain", 4), "See 'drywet report --help'."),
        (("render", "RUN", "DRY", "OUT", "--oversample", "abc"), "--oversample has a value"),
        (("render", "RUN", "DRY", "OUT", "--block", 0), "--block has a value"),
        (("render", "RUN"), "files is missing"),
        (("reprot", "RUN"), "'reprot'"),
        (("--verbose",), "no option --verbose"),
        (("study", "show"), "folder is missing"),
        (("study", "show", "RUN", "--jsn"), "Did you mean --json?"),
    ],
)  # fmt: skip
def test_a_slip_in_a_command_is_one_line(run_folder, capture, tmp_path, arguments, words):
    places = {"RUN": run_folder, "DRY": capture[0], "OUT": tmp_path / "out.wav"}
    done = drywet(*(places.get(argument, argument) for argument in arguments))
    assert_refused(done, words)
    assert done.err.startswith("drywet: ") and done.err.count("\n") == 1
