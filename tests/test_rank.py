"""Models in order of how close they sound, brought to the recording's delay and level first."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import fftconvolve

from drywet.audio.resample import resample
from drywet.evaluation.match import matched
from drywet.inference.stream import predict
from drywet.metrics.statistics import Comparison
from drywet.report.tables import sentences
from drywet.trained.model_file import load_model
from drywet.verbs.rank import rank
from tests.support import drywet, overdrive, playing, save

RATE = 16_000


def delayed(signal: np.ndarray, samples: float) -> np.ndarray:
    """By a windowed sinc, in the time domain."""
    whole = int(np.floor(samples))
    n = np.arange(-40, 41)
    taps = np.sinc(n - (samples - whole)) * np.kaiser(81, 10)
    moved = fftconvolve(signal, taps)[40 : 40 + len(signal)]
    return np.concatenate((np.zeros(whole), moved))[: len(signal)]


@pytest.mark.parametrize("delay", [0.0, 3.0, 10.3, 57.75])
@pytest.mark.parametrize("gain", [0.5, -2.0])
def test_delay_level_and_polarity_are_found(delay, gain):
    x = playing(4).astype(np.float64)
    low = fftconvolve(x, np.hanning(9) / 4, "same")  # a delay by a sinc needs room below Nyquist
    target = (gain * delayed(low, delay)).astype(np.float32)
    found, change = matched(low.astype(np.float32), target, RATE)
    assert change.delay_samples == pytest.approx(delay, abs=0.01)
    assert change.gain_db == pytest.approx(20 * np.log10(abs(gain)), abs=0.05)
    assert change.inverted == (gain < 0)
    middle = slice(200, -200)
    error = np.sum((found[middle] - target[middle]) ** 2) / np.sum(target[middle] ** 2)
    assert error < 1e-4


def test_silence_is_left_alone():
    target = playing(1)
    found, change = matched(np.zeros_like(target), target, RATE)
    assert not found.any()
    assert not change.inverted


@pytest.fixture
def recording(run_folder, tmp_path):
    """The small run's own answer to something else, turned over, late and soft."""
    x = playing(8, seed=9)
    y = predict(load_model(run_folder), x)
    return save(tmp_path / "d.wav", x), save(tmp_path / "w.wav", -0.4 * np.roll(y, 7))


@pytest.fixture
def others(run_folder, tmp_path):
    """The run as a .nam, and as one that plays at another rate."""
    made = drywet("export", run_folder, "-o", tmp_path / "same.nam", "--json")
    assert made.code == 0, made.err
    text = (tmp_path / "same.nam").read_text()
    assert '"sample_rate": 16000' in text
    faster = tmp_path / "faster.nam"
    faster.write_text(text.replace('"sample_rate": 16000', '"sample_rate": 22050'))
    return tmp_path / "same.nam", faster


def test_the_closest_comes_first_whatever_its_level_and_rate(recording, others, tmp_path):
    done = drywet("rank", *recording, *reversed(others), "-o", tmp_path / "r.html", "--json")
    assert done.code == 0, done.err
    first, second = done.json["models"]
    assert (first["name"], second["name"]) == ("same.nam", "faster.nam")
    assert first["esr"] < 1e-4
    assert first["match"]["inverted"]
    assert first["match"]["gain_db"] == pytest.approx(20 * np.log10(0.4), abs=0.1)
    assert second["esr"] > 10 * first["esr"]
    assert second["rate"] == RATE
    page = (tmp_path / "r.html").read_text()
    assert page.count("same.nam") > 2
    delayed_by = f"{first['match']['delay_samples']:+.2f}"
    louder_by = f"{first['match']['gain_db']:+.1f}"
    for head, cell in (
        ("delayed by, samples", delayed_by), ("made louder by, dB", louder_by), ("inverted", "yes"),
    ):  # fmt: skip
        assert f'<td data-head="{head}">{cell}</td>' in page
    assert "another seed" not in " ".join(done.json["notes"])  # ten times the error is no luck
    told = drywet("rank", *recording, *others, "-o", tmp_path / "r.html", "--overwrite")
    assert [line[4:12] for line in told.out.splitlines()[1:3]] == ["same.nam", "faster.n"]


def test_it_says_what_it_does_from_the_start_to_the_page(recording, others, tmp_path):
    told = []
    rank(*recording, others, out=tmp_path / "r.html", on_progress=lambda *now: told.append(now))
    assert (told[0], told[-1]) == (("reading the models", 0.0), ("drawing the page", 0.0))
    assert "looking for the delay" in [what for what, _ in told]
    assert all(0 <= done < 1 for _, done in told)


def scored(name, esr, low_db=None):
    against = None if low_db is None else Comparison(low_db, low_db - 1, low_db + 1, 8)
    evaluation = SimpleNamespace(esr=esr, by_second=[None] * 8)
    return SimpleNamespace(name=name, audio=0, evaluation=evaluation, against_best=against)


def test_a_seed_is_no_reason_for_a_large_difference():
    said = " ".join(sentences([scored("a", 0.0002), scored("b", 0.76, 36.0)], []))
    assert said == "a is closer than b, beyond chance over the seconds."
    models = [scored("a", 0.01), scored("b", 0.015, 1.8), scored("c", 0.03, 4.8)]
    said = " ".join(sentences(models, []))
    assert "a is closer than b and c," in said
    assert "b: so small a difference may be one of seeds alone" in said


def test_a_model_of_another_rate_is_resampled_there_and_back(others, tmp_path):
    x = playing(8, seed=9)
    trained = load_nam(others[1])
    y = resample(predict(trained, resample(x, RATE, 22_050)), 22_050, RATE)[: len(x)]
    pair = save(tmp_path / "d.wav", x), save(tmp_path / "w.wav", y)
    done = drywet("rank", *pair, others[1], "-o", tmp_path / "r.html", "--json")
    assert done.code == 0, done.err
    assert done.json["models"][0]["esr"] < 1e-6


def load_nam(path):
    import drywet as package

    return package.load(path)


def test_a_run_that_knows_the_recording_is_scored_on_what_it_has_not_heard(
    run_folder, capture, others, tmp_path
):
    out = tmp_path / "r.html"
    done = drywet("rank", *capture, run_folder, others[0], "-o", out, "--json")
    assert done.code == 0, done.err
    assert done.json["seconds"] < 3
    assert "learned from this recording" in done.json["notes"][0]
    own = drywet("evaluate", run_folder, "--json").json
    assert done.json["seconds"] == pytest.approx(own["seconds"], abs=0.01)
    assert done.json["models"][0]["esr"] == pytest.approx(own["esr"], rel=0.3)


@pytest.mark.parametrize("fault", ["no model", "no page", "a folder"])
def test_what_cannot_be_ranked_is_one_line(recording, others, tmp_path, fault):
    (tmp_path / "empty").mkdir()
    models = {"no model": [tmp_path / "gone.nam"], "a folder": [tmp_path / "empty"]}
    out = tmp_path / ("page.pdf" if fault == "no page" else "page.html")
    done = drywet("rank", *recording, *models.get(fault, others), "-o", out)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert not out.exists()


def test_anyones_model_has_a_report_on_a_recording(others, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = playing(7, seed=9)
    pair = save(tmp_path / "d.wav", x), save(tmp_path / "w.wav", overdrive(x))
    done = drywet("report", others[0], *pair, "--json")
    assert done.code == 0, done.err
    page = (tmp_path / done.json["report"]).read_text()
    assert "another capture" in page
    assert "same.nam" in page
    assert drywet("report", others[0], *pair, "-o", "x.txt").code == 2
