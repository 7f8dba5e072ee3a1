"""Rendering: the same for every block size, in constant memory, at any rate."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from drywet.audio.read import read
from drywet.audio.resample import resample
from drywet.inference.cabinet import Cabinet
from drywet.inference.stream import predict
from drywet.trained.model_file import load_model
from tests.support import RATE, drywet, playing, save


@pytest.mark.parametrize("block", [1, 13, 64, 1000, 65_536])
def test_rendering_is_whole_file_inference(run_folder, tmp_path, block):
    x = playing(0.3 if block == 1 else 3)
    source = save(tmp_path / "in.wav", x)
    done = drywet("render", run_folder, source, tmp_path / "out.wav", "--block", block, "--json")
    assert done.code == 0, done.err
    y, rate = read(tmp_path / "out.wav")
    assert rate == 16_000
    assert len(y) == len(x)
    assert np.max(np.abs(y - predict(load_model(run_folder), x))) < 2e-6
    assert done.json["output_latency"] == 1


def test_the_models_rate_is_enforced_or_resampled(run_folder, tmp_path):
    x = playing(3, 44_100)
    source = save(tmp_path / "in.wav", x, 44_100)
    done = drywet("render", run_folder, source, tmp_path / "out.wav")
    assert done.code == 2
    assert "44100 Hz" in done.err
    assert "16000 Hz" in done.err
    assert "--resample" in done.err
    assert not (tmp_path / "out.wav").exists()
    outputs = []
    for block in (333, 65_536):
        done = drywet(
            "render", run_folder, source, tmp_path / "out.wav", "--resample", "--block", block,
            "--overwrite",
        )  # fmt: skip
        assert done.code == 0, done.err
        y, rate = read(tmp_path / "out.wav")
        assert (rate, len(y)) == (44_100, len(x))
        outputs.append(y)
    assert np.max(np.abs(outputs[0] - outputs[1])) < 5e-6
    there = resample(x, 44_100, 16_000)
    back = resample(predict(load_model(run_folder), there), 16_000, 44_100)
    n = min(len(back), len(x))
    assert np.max(np.abs(outputs[0][:n] - back[:n])) < 5e-6


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg"])
def test_output_formats(run_folder, tmp_path, suffix):
    source = save(tmp_path / "in.wav", playing(1))
    out = tmp_path / f"out{suffix}"
    assert drywet("render", run_folder, source, out).code == 0
    assert len(read(out)[0]) == pytest.approx(16_000, abs=2000)


def test_a_model_file_alone_is_enough(run_folder, tmp_path):
    alone = tmp_path / "elsewhere.safetensors"
    alone.write_bytes((run_folder / "model.safetensors").read_bytes())
    source = save(tmp_path / "in.wav", playing(1))
    assert drywet("render", alone, source, tmp_path / "a.wav").code == 0
    assert drywet("render", run_folder, source, tmp_path / "b.wav").code == 0
    assert np.array_equal(read(tmp_path / "a.wav")[0], read(tmp_path / "b.wav")[0])


def test_memory_does_not_grow_with_the_file(run_folder, tmp_path):
    """Thirty times the audio, which held whole would be 115 MB more, takes no more memory."""
    code = (
        "import resource, sys\n"
        "from drywet.verbs.render import render\n"
        "render(sys.argv[1], sys.argv[2], sys.argv[3], resample=True, overwrite=True)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak(seconds):
        source = tmp_path / "long.wav"
        x = np.tile(playing(10), seconds // 10)
        save(source, x, subtype="PCM_16")
        command = [sys.executable, "-c", code, run_folder, source, tmp_path / "out.wav"]
        done = subprocess.run(list(map(str, command)), capture_output=True, check=True)
        return int(done.stdout) / 1024

    assert peak(600 * 3) - peak(60) < 40


def test_broken_samples_are_refused(run_folder, tmp_path):
    x = playing(3)
    x[20_000] = np.nan
    done = drywet("render", run_folder, save(tmp_path / "in.wav", x), tmp_path / "out.wav")
    assert done.code == 2
    assert "NaN" in done.err
    assert not (tmp_path / "out.wav").exists()


def test_rendering_over_the_input_is_refused(run_folder, tmp_path):
    x = playing(1)
    source = save(tmp_path / "in.wav", x)
    assert drywet("render", run_folder, source, source).code == 2
    assert np.array_equal(read(source)[0], x)


def saved(run):
    """The scores of a run but for what was measured with a clock."""
    scores = json.loads((run / "scores.json").read_text())
    del scores["cost"]
    return scores


def test_evaluate_on_new_audio(run_folder, capture, tmp_path):
    from tests.support import overdrive

    x = playing(5, seed=3)
    pair = save(tmp_path / "d.wav", x), save(tmp_path / "w.wav", overdrive(x))
    before = saved(run_folder)
    done = drywet("evaluate", run_folder, *pair, "--json")
    assert done.code == 0, done.err
    assert done.json["esr"] < 0.2
    assert done.json["seconds"] == pytest.approx(5, abs=0.01)
    # Its own capture under its own name: the held-out part only, as in training.
    own = drywet("evaluate", run_folder, *capture, "--json").json
    assert own["esr"] == pytest.approx(drywet("evaluate", run_folder, "--json").json["esr"])
    assert own["seconds"] < 3
    assert saved(run_folder) == before


def test_evaluate_aligns_by_itself(run_folder, tmp_path):
    """A capture that lags by 300 samples scores like one that does not."""
    from tests.support import overdrive

    x = playing(5, seed=4)
    wet = overdrive(x)
    straight = save(tmp_path / "d.wav", x), save(tmp_path / "w.wav", wet)
    late = straight[0], save(tmp_path / "l.wav", np.concatenate([np.zeros(300, "f4"), wet]))
    a = drywet("evaluate", run_folder, *straight, "--json").json
    b = drywet("evaluate", run_folder, *late, "--json").json
    assert b["latency_samples"] - a["latency_samples"] == 300
    assert b["esr"] == pytest.approx(a["esr"], rel=0.02)


def test_evaluate_finds_its_own_capture_elsewhere(run_folder, capture, tmp_path):
    """Moved files with the same samples are still the run's own: the test part is scored."""
    moved = [tmp_path / path.name for path in capture]
    for old, new in zip(capture, moved, strict=True):
        new.write_bytes(old.read_bytes())
    own = drywet("evaluate", run_folder, "--json").json
    assert drywet("evaluate", run_folder, *moved, "--json").json["esr"] == own["esr"]


def test_scores_at_another_rate_are_in_time(tmp_path):
    """A linear model at half the rate of a low-passed filter is exact: no shift anywhere."""
    from scipy.signal import firwin, lfilter

    noise = np.random.default_rng(0).standard_normal(191_999)
    dry = lfilter(firwin(255, 2500, fs=16_000), 1, noise).astype(np.float32) * 0.3
    wet = lfilter(firwin(31, 1500, fs=16_000), 1, dry).astype(np.float32)
    pair = save(tmp_path / "d.wav", dry), save(tmp_path / "w.wav", wet)
    for margin in (0, 1, 7):
        done = drywet(
            "train", *pair, "-o", tmp_path / f"r{margin}", "--model", "linear", "--rate", 8000,
            "--margin", margin, "--test", "9:", "--json",
        )  # fmt: skip
        assert done.code == 0, done.err
        assert done.json["evaluation"]["esr"] < 1e-4
        assert done.json["evaluation"]["esr_at_recording_rate"] < 1e-4


def impulse_response(seconds: float, rate: int, seed: int = 5) -> np.ndarray:
    taps = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return (taps * np.exp(-np.arange(len(taps)) / (0.2 * len(taps)))).astype(np.float32) * 0.1


@pytest.mark.parametrize("block", [1, 7, 64, 5000])
@pytest.mark.parametrize("taps", [1, 3, 480, 9000])
def test_a_cabinet_is_the_convolution_for_every_block_size(block, taps):
    x = playing(0.2 if block == 1 else 1)
    response = impulse_response(taps / 48_000, 48_000)
    played = Cabinet(response)
    found = np.concatenate([played.process(x[i : i + block]) for i in range(0, len(x), block)])
    wanted = np.convolve(x.astype(np.float64), response.astype(np.float64))[: len(x)]
    assert np.max(np.abs(found - wanted)) < 1e-6


def test_a_recording_is_no_cabinet(run_folder, tmp_path):
    source = save(tmp_path / "in.wav", playing(1))
    song = save(tmp_path / "song.wav", playing(3, seed=4))
    done = drywet("render", run_folder, source, tmp_path / "out.wav", "--ir", song)
    assert done.code == 2
    assert "Is it a recording?" in done.err
    assert not (tmp_path / "out.wav").exists()


def test_a_model_plays_through_a_cabinet_of_another_rate(run_folder, tmp_path):
    """A response that rings at 1 kHz, recorded at three times the rate: its gain stays."""
    x = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32) * 0.1
    source = save(tmp_path / "in.wav", x)
    delay = np.zeros(48_000 // 100, np.float32)
    delay[239] = 0.5  # half as loud, 5 ms later
    cab = save(tmp_path / "cab.wav", np.convolve(delay, np.hanning(9) / 4).astype("f4"), 48_000)
    plain = drywet("render", run_folder, source, tmp_path / "plain.wav")
    done = drywet("render", run_folder, source, tmp_path / "out.wav", "--ir", cab, "--json")
    assert (plain.code, done.code) == (0, 0), done.err
    before, _ = read(tmp_path / "plain.wav")
    after, _ = read(tmp_path / "out.wav")
    assert len(after) == len(before)
    later = 81  # 243 samples at 48 kHz
    assert np.max(np.abs(after[1000:15_000] - 0.5 * before[1000 - later : 15_000 - later])) < (
        0.05 * np.max(np.abs(before))
    )
    assert done.json["peak_dbfs"] == pytest.approx(20 * np.log10(np.max(np.abs(after))), abs=0.01)


@pytest.mark.parametrize("fault", ["silent", "endless"])
def test_what_is_no_impulse_response_is_refused(run_folder, tmp_path, fault):
    source = save(tmp_path / "in.wav", playing(1))
    bad = np.zeros(100, "f4") if fault == "silent" else playing(31)
    cab = save(tmp_path / "cab.wav", bad)
    done = drywet("render", run_folder, source, tmp_path / "out.wav", "--ir", cab)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert not (tmp_path / "out.wav").exists()


def test_several_files_go_into_a_folder_as_each_by_itself(run_folder, tmp_path):
    names = ("a.wav", "b.wav")
    sources = [save(tmp_path / name, playing(1 + i)) for i, name in enumerate(names)]
    done = drywet("render", run_folder, *sources, "-o", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert [made["path"] for made in done.json] == [
        str(tmp_path / "out" / name) for name in ("a.wav", "b.wav")
    ]
    for source, made in zip(sources, done.json, strict=True):
        drywet("render", run_folder, source, tmp_path / "one.wav", "--overwrite")
        assert np.array_equal(read(tmp_path / "one.wav")[0], read(made["path"])[0])
    one = drywet("render", run_folder, sources[0], "-o", tmp_path / "named.wav")
    assert one.code == 0, one.err
    assert (tmp_path / "named.wav").exists()


@pytest.mark.parametrize(
    "files", [("a.wav",), ("a.wav", "b.wav", "c.wav"), ("a.wav", "sub/a.wav", "-o", "out"),
              ("a.wav", "b.wav", "-o", "."), ("a.wav", "gone.wav", "-o", "out")],
)  # fmt: skip
def test_files_without_a_place_or_with_one_name_are_refused(
    run_folder, tmp_path, monkeypatch, files
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name in ("a.wav", "b.wav", "c.wav", "sub/a.wav"):
        save(tmp_path / name, playing(1))
    before = (tmp_path / "a.wav").read_bytes()
    done = drywet("render", run_folder, *files)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert (tmp_path / "a.wav").read_bytes() == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("fault", ["another rate", "cut short", "not finite"])
def test_of_several_files_none_is_played_where_one_cannot_be(run_folder, tmp_path, fault):
    """So that the same command, once that is mended, finds nothing in its way."""
    first, second = save(tmp_path / "a.wav", playing(1)), tmp_path / "b.wav"
    samples = playing(1)
    if fault == "not finite":
        samples[-1] = np.nan
    save(second, samples, 8_000 if fault == "another rate" else RATE)
    if fault == "cut short":
        second.write_bytes(second.read_bytes()[:-100])
    command = ("render", run_folder, first, second, "-o", tmp_path / "out")
    assert drywet(*command).code == 2
    assert not (tmp_path / "out").exists()
    save(second, playing(1))
    assert drywet(*command).code == 0


@pytest.mark.parametrize("verb", ["render", "process"])
def test_a_recording_that_is_there_is_not_written_over(run_folder, tmp_path, verb):
    """Two inputs and no -o: the second would be lost."""
    first, second = (save(tmp_path / f"{i}.wav", playing(1 + i)) for i in (0, 1))
    before = second.read_bytes()
    done = drywet(verb, run_folder, first, second)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "--overwrite" in done.err
    assert second.read_bytes() == before
    assert drywet(verb, run_folder, first, second, "--overwrite").code == 0
    assert second.read_bytes() != before


def test_files_in_the_folder_are_not_written_over_either(run_folder, tmp_path):
    source = save(tmp_path / "a.wav", playing(1))
    for code, more in ((0, ()), (2, ()), (0, ("--overwrite",))):
        assert drywet("render", run_folder, source, "-o", tmp_path / "out", *more).code == code
