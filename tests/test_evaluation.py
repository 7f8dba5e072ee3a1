"""The judgement of a run: its baselines, its probes, and what it says in words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from drywet.audio.resample import resample
from drywet.devices.circuit import CircuitDevice, built_in
from drywet.evaluation.cost import cost
from drywet.evaluation.probes import ask, ask_device, idle_offset_db
from drywet.evaluation.result import Course, Evaluation, Remark
from drywet.evaluation.saved import read_scores
from drywet.evaluation.verdict import verdict
from drywet.metrics.aliasing import AliasPoint
from drywet.metrics.bands import BandScore
from drywet.metrics.harmonics import HarmonicError
from drywet.metrics.silence import Quiet
from drywet.runs.capture import Recording
from drywet.runs.folder import RunFolder
from drywet.trained.model_file import TrainedModel, load_model
from tests.support import RATE, drywet, overdrive, playing, save


@pytest.fixture(scope="module")
def scored(run_folder) -> Evaluation:
    return read_scores(RunFolder.open(run_folder))


def test_silence_is_what_one_means(scored):
    assert scored.silence.esr == pytest.approx(1)
    assert scored.silence.esr_a_weighted == pytest.approx(1)
    assert all(b.esr == pytest.approx(1) for b in scored.silence.bands if b.esr is not None)
    assert scored.silence.predicted_mushra < scored.linear.predicted_mushra
    assert scored.silence.loudness.lufs is None


def test_the_error_of_the_bands_is_the_error(scored):
    total = sum(band.esr * band.share for band in scored.bands)
    # The frames leave out the ends of the short test stretches.
    assert total == pytest.approx(scored.esr, rel=0.2)
    assert sum(second.error for second in scored.by_second) / sum(
        second.signal for second in scored.by_second
    ) == pytest.approx(scored.esr, rel=1e-6)


def test_the_cost_is_that_of_the_net(scored):
    assert scored.cost.parameters == 4 * 8 * (1 + 8 + 1) + 8 + 1
    assert scored.cost.multiply_adds == 4 * 8 * (1 + 8) + 8
    assert scored.cost.block_p99_us * 1e3 >= scored.cost.ns_per_sample * 64
    assert scored.model == "LSTM 8"


def test_a_device_that_plays_twice_is_scored_against_itself(tmp_path):
    """Noise of a thousandth of the power, in both passes: ESR 0.002, of which half is the floor."""
    rng = np.random.default_rng(8)
    phrase, rest = playing(4, seed=1), playing(12, seed=2)
    dry = np.concatenate([phrase, rest, phrase])
    wet = overdrive(dry)
    noise = np.sqrt(1e-3 * np.mean(wet**2)) * rng.standard_normal(len(wet))
    pair = save(tmp_path / "d.wav", dry), save(tmp_path / "w.wav", (wet + noise).astype("f4"))
    done = drywet(
        "train", *pair, "-o", tmp_path / "r", "--hidden", 4, "--segment", 1024, "--epochs", 1,
        "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = done.json["evaluation"]
    assert found["itself"]["esr"] == pytest.approx(0.002, rel=0.3)
    assert found["noise_floor_esr"] == pytest.approx(found["itself"]["esr"] / 2, rel=0.05)


def test_the_device_is_asked_where_drywet_played_it(tmp_path):
    circuit = tmp_path / "half.cir"
    circuit.write_text(
        "half the voltage\nVin in 0 0\nR1 in out 1k\nR2 out 0 1k\nC1 out 0 1n\n.end\n"
    )
    recording = Recording(
        dry="d", wet="w", dry_sha256="", wet_sha256="", rate=48_000, seconds=1, latency=0,
        polarity=1, replicate_esr=None, device=str(circuit), knobs={},
    )  # fmt: skip
    kept = tmp_path / "device.json"
    answers, note = ask_device(recording, 48_000, kept)
    assert note is None
    found = answers.probes
    low = [tone for tone in found.tones if tone.hz < 2000]
    assert all(t.harmonics_db[0] == pytest.approx(t.level_db - 6.02, abs=0.05) for t in low)
    assert all(t.thd_db < -90 for t in low)
    assert found.aliasing.mean_db < -90
    # Kept answers count for this very device only.
    told = answers.model_copy(update={"probes": found.model_copy(update={"idle_dbfs": -1.0})})
    kept.write_text(told.model_dump_json())
    assert ask_device(recording, 48_000, kept)[0].probes.idle_dbfs == -1
    assert ask_device(recording, 44_100, kept)[0].probes.idle_dbfs < -100
    kept.write_text("{")
    assert ask_device(recording, 48_000, kept)[0].probes.idle_dbfs < -100
    kept.write_text(told.model_dump_json())
    circuit.write_text(circuit.read_text().replace("R2 out 0 1k", "R2 out 0 2k"))
    assert ask_device(recording, 48_000, kept)[0].probes.idle_dbfs < -100


def test_a_device_answers_side_by_side_what_it_answers_alone():
    clipper = CircuitDevice(built_in()["sd1"], oversampling=1)

    def play(signal):
        return clipper.process(signal, 8_000)

    assert ask(play, 8_000, at_once=3) == ask(play, 8_000)


@pytest.mark.parametrize("device", ["lv2:urn:some:plugin", "gone.cir", "some/plugin.vst3"])
def test_plugins_and_what_is_gone_are_not_asked(device):
    """A run may be untrusted, and loading a plugin runs its code."""
    recording = Recording(
        dry="d", wet="w", dry_sha256="", wet_sha256="", rate=48_000, seconds=1, latency=0,
        polarity=1, replicate_esr=None, device=device, knobs={},
    )  # fmt: skip
    found, note = ask_device(recording, 48_000, None)
    assert found is None
    assert device.removeprefix("lv2:") in note


def changed(scored: Evaluation, **new) -> list[str]:
    return [remark.text for remark in verdict(scored.model_copy(update=new))]


def test_the_verdict_names_what_is_wrong(scored):
    def says(words: str, **new) -> bool:
        return any(words in text for text in changed(scored, **new))

    assert says("Indistinguishable", esr=5e-4, esr_a_weighted=9e-4)
    assert says("Close: the error is 33 dB below", esr=5e-4, esr_a_weighted=2e-3)
    assert says("27 dB as the ear weighs it", esr=5e-4, esr_a_weighted=2e-3)
    assert says("Audibly different", esr=2e-2, esr_a_weighted=2e-3)
    assert says("Another sound", esr=0.2)
    assert says("As close as the noise", esr=1e-3, noise_floor_esr=8e-4)
    assert says("differs from itself", esr=0.8, noise_floor_esr=0.45)
    assert says("plain filter", beats_baseline=False)
    noisy = [BandScore(8000, 12_000, 5.0, 7.0, 1e-4)]
    assert says("not make at 8-12 kHz (+7 dB, there 33 dB under the whole)", bands=noisy)
    inaudible = [BandScore(8000, 12_000, 5.0, 7.0, 1e-10)]
    assert not says("adds sound", bands=inaudible)
    dull = [BandScore(4000, 8000, 0.8, -9.0, 1e-3)]
    assert says("lacks sound that the device makes at 4-8 kHz (-9 dB)", bands=dull)
    blurred = [BandScore(4000, 8000, 1.4, -0.3, 1e-3)]
    assert says("mostly not the same sound at 4-8 kHz", bands=blurred)
    assert says("silence would be closer", esr=3.2)
    assert says("another device", esr=3.2, held_out=False)
    assert says("another device", esr=0.3, held_out=False)
    assert len(changed(scored, esr=0.3, held_out=False, bands=noisy)) == 1, "and nothing else"
    assert says("In pauses it makes -50 dBFS", pauses=Quiet(-80, -50, 1.0))
    assert not says("In pauses", pauses=Quiet(-50, -50, 1.0))
    hiss = scored.linear.model_copy(update={"bands": [BandScore(4000, 8000, 1.9, 0.0, 1e-3)]})
    assert not says("lacks", bands=dull, itself=hiss), "no model can predict hiss"
    assert says("hardly anything is played, too, at 4-8 kHz (50%)", bands=dull, band_noise=[0.5])
    assert not says("lacks", bands=dull, band_noise=[0.5])
    assert says("lacks", bands=dull, band_noise=[0.3])
    louder = scored.loudness._replace(loudness_db=1.2)
    assert says("1.2 dB louder", loudness=louder)
    assert says("harmonics", harmonic_error=HarmonicError(6.0, 20.0, 1.0, []))
    assert says("Scored on 3.3 s", seconds=3.3)
    assert not says("Scored on", seconds=6.0)
    uneven = scored.per_second | {"esr": scored.per_second["esr"]._replace(worst=0.9)}
    assert says("uneven", per_second=uneven, esr=1e-3)


def test_what_no_net_learns_is_the_only_advice(scored):
    dull = [BandScore(4000, 8000, 0.8, -9.0, 1e-3)]
    for behaviour, words in (("modulation", "switched off"), ("compression", "in part only")):
        (found,) = remarks(scored, esr=0.3, behaviour=behaviour, bands=dull)
        assert words in found.advice
        assert "longer" not in found.advice
    close = remarks(scored, esr=5e-4, esr_a_weighted=5e-4, behaviour="compression")
    assert "Indistinguishable" in close[0].text, "and learned all the same"


def test_a_position_of_the_knobs_is_no_other_device(scored):
    found = remarks(scored, esr=0.03, held_out=False, knobs={"drive": 4.0})
    assert "another device" not in found[0].text
    assert "Record this position" in found[0].advice


def test_dc_on_silence_is_told(scored):
    assert any("DC, 14 dB under" in text for text in changed(scored, idle_offset_db=-14.0))
    assert any("DC, 1 dB over" in text for text in changed(scored, idle_offset_db=1.2))
    assert not any("DC" in text for text in changed(scored, idle_offset_db=-70.0))


def test_the_offset_is_that_of_the_model_beyond_the_devices_own():
    target = [np.full(1000, 0.2, np.float32) + np.tile(np.float32([0.3, -0.3]), 500)]

    def offset(level: float) -> float | None:
        return idle_offset_db(lambda x: np.full_like(x, level), target, 1000)

    assert offset(0.2 + 0.036) == pytest.approx(-20, abs=0.05)  # the RMS is 0.36
    assert offset(0.2) < -100


def remarks(scored: Evaluation, **new) -> list[Remark]:
    return verdict(scored.model_copy(update=new))


def test_what_is_added_far_under_the_whole_is_no_alarm(scored):
    def kinds(share: float) -> list[str]:
        bands = [BandScore(16_000, 20_000, 5.0, 6.0, share)]
        found = remarks(scored, esr=5e-4, esr_a_weighted=5e-4, bands=bands)
        assert found[0].text.startswith("Close" if share > 1e-6 else "Indistinguishable")
        return [one.kind for one in found if "adds sound" in one.text]

    assert kinds(1e-5) == ["bad"]  # 50 dB under the whole, and 6 dB more than that
    assert kinds(1e-7) == ["warning"]


def test_advice_is_what_was_not_tried(scored):
    def advice(**new) -> str:
        return remarks(scored, esr=0.03, **new)[0].advice

    assert "--longer" in advice(course=Course(validation_esr=0.02, best_at=0.95))
    early = advice(course=Course(validation_esr=0.02, best_at=0.3))
    assert "30%" in early
    assert "--longer" not in early
    lucky = changed(scored, esr=0.03, course=Course(validation_esr=3e-3, best_at=0.9))
    assert any("On the validation audio its ESR was 0.0030" in text for text in lucky)
    same = changed(scored, esr=0.03, course=Course(validation_esr=2e-2, best_at=0.9))
    assert not any("On the validation audio" in text for text in same)


def test_a_model_that_inverts_is_told_so(scored):
    (found,) = remarks(scored, esr=3.3, held_out=False, inverted_esr=0.07)
    assert found.text.startswith("Upside down")
    assert "rank" in found.advice
    assert "silence would be closer" in changed(scored, esr=3.3, inverted_esr=2.0)[0]


def test_a_training_that_was_stopped_is_told_to_go_on_and_nothing_else(scored):
    noisy = [BandScore(8000, 12_000, 5.0, 7.0, 1e-4)]
    for esr in (0.2, 3.0):
        found = verdict(scored.model_copy(update={"esr": esr, "unfinished": True, "bands": noisy}))
        assert len(found) == 1
        assert "--resume" in found[0].advice
        assert "bigger" not in found[0].advice
    stopped = {"esr": 5e-4, "esr_a_weighted": 5e-4, "unfinished": True}
    assert "Indistinguishable" in verdict(scored.model_copy(update=stopped))[0].text
    flawed = verdict(scored.model_copy(update=stopped | {"bands": noisy}))
    assert flawed[0].text.startswith("Close"), "what is wrong counts, though it is not told yet"
    assert len(flawed) == 1


def test_a_cost_is_measured_once(scored, run_folder):
    trained = load_model(run_folder)
    dry = np.zeros(4800, np.float32)
    quiet = cost(trained, dry).model_copy(update={"busy": False})
    assert cost(trained, dry, before=quiet) is quiet
    other = TrainedModel({n: w + 1 for n, w in trained.weights.items()}, trained.card)
    assert cost(other, dry, before=quiet) is not quiet
    assert cost(trained, dry, 2, before=quiet) is not quiet
    busy = quiet.model_copy(update={"busy": True})
    assert cost(trained, dry, before=busy) is not busy


def test_aliasing_is_judged_where_the_model_was_taught(scored):
    points = [AliasPoint(1000.0, 0.0, -10.0), AliasPoint(1000.0, -36.0, -90.0)]
    probes = scored.probes.model_copy(
        update={"aliasing": scored.probes.aliasing._replace(points=points)}
    )
    quiet = changed(scored, probes=probes, trained_peak_dbfs=-20.0)
    assert not any("Aliasing" in text for text in quiet)
    loud = changed(scored, probes=probes, trained_peak_dbfs=-1.0)
    assert not any("Aliasing" in text for text in loud), "0 dBFS was never in the training"
    assert any("-10 dB" in text for text in changed(scored, probes=probes, trained_peak_dbfs=0.0))


def test_scores_come_back_as_they_were_saved(run_folder, scored):
    saved = json.loads((run_folder / "scores.json").read_text())
    assert saved["esr"] == scored.esr
    assert saved["verdict"][0]["text"] == scored.verdict[0].text


def test_damaged_scores_are_one_line(run_folder, tmp_path):
    folder = RunFolder(tmp_path)
    (tmp_path / "scores.json").write_text('{"esr": 1}')
    from drywet.errors import DrywetError

    with pytest.raises(DrywetError, match="lacks the key"):
        read_scores(folder)
    (tmp_path / "scores.json").unlink()
    with pytest.raises(DrywetError, match="no scores yet"):
        read_scores(folder)


def test_what_was_never_taught_does_not_count(scored):
    """Aliasing and harmonics of sines louder than the training's are guesses."""
    from drywet.metrics import aliasing, harmonics

    points = [AliasPoint(1000.0, 0.0, -10.0), AliasPoint(1000.0, -36.0, -90.0)]
    found = aliasing.Aliasing(-13.0, -10.0, points)
    assert aliasing.up_to(found, -30.0) == pytest.approx(-90)
    assert aliasing.up_to(found, None) == pytest.approx(-13, abs=0.1)
    assert aliasing.up_to(found, -60.0) == pytest.approx(-13, abs=0.1), "nothing taught: all"
    good = harmonics.Tone(100.0, -36.0, [-40.0], -200.0)
    wild = harmonics.Tone(100.0, 0.0, [-30.0], -200.0)
    device = [good, harmonics.Tone(100.0, 0.0, [-4.0], -200.0)]
    assert harmonics.compare([good, wild], device, -20.0).rms_db == 0
    assert harmonics.compare([good, wild], device, 0.0).worst_db == 26


def test_another_capture_is_aligned_as_the_model_was(tmp_path):
    """A delay is in the model or is taken away before: another pair cannot tell which by itself."""
    played = {name: playing(seconds, seed=seconds) for name, seconds in (("own", 12), ("new", 6))}
    pairs = {}
    for name, dry in played.items():
        files = {"dry": dry, "wet": overdrive(dry)}
        pairs[name] = [save(tmp_path / f"{name}-{side}.wav", x) for side, x in files.items()]
    run = tmp_path / "r"
    small = ("--hidden", 8, "--epochs", 12, "--segment", 1024, "--batch", 16, "--latency", -1)
    assert drywet("train", *pairs["own"], "-o", run, *small).code == 0
    esr = {
        latency: drywet("evaluate", run, *pairs["new"], *given, "--json").json["esr"]
        for latency, given in ((-1, ("--latency", -1)), (0, ("--latency", 0)), (None, ()))
    }
    assert esr[0] > 2 * esr[-1]
    assert esr[None] == esr[-1]


def test_a_capture_at_twice_the_rate_is_aligned_to_its_own_sample(run_folder, tmp_path):
    """A delay of an odd number of its samples is half a sample of the model's."""
    dry = resample(playing(6, seed=5), RATE, 2 * RATE)
    wet = resample(overdrive(playing(6, seed=5)), RATE, 2 * RATE)
    found = []
    for delay in (0, 5):
        moved = np.concatenate([np.zeros(delay, np.float32), wet])[: len(wet)]
        pair = save(tmp_path / "d.wav", dry, 2 * RATE), save(tmp_path / "w.wav", moved, 2 * RATE)
        found.append(drywet("evaluate", run_folder, *pair, "--json").json["esr"])
    assert found[1] == pytest.approx(found[0], rel=0.02)


def test_a_broken_capture_is_refused_before_it_is_played(run_folder, tmp_path):
    dry = playing(6, seed=5)
    wet = overdrive(dry)
    wet[1000] = np.nan
    done = drywet(
        "evaluate", run_folder, save(tmp_path / "d.wav", dry), save(tmp_path / "w.wav", wet)
    )
    assert done.code == 2
    assert "RuntimeWarning" not in done.err


def test_silence_held_out_is_refused_before_training(tmp_path):
    dry = np.concatenate([playing(11), np.zeros(48_000, "f4")])
    wet = overdrive(dry)
    wet[-48_000:] = 0
    pair = save(tmp_path / "d.wav", dry), save(tmp_path / "w.wav", wet)
    done = drywet("train", *pair, "-o", tmp_path / "r", "--test", "12:")
    assert done.code == 2
    assert "silent" in done.err
    assert not (tmp_path / "r").exists()


def test_a_model_that_gives_no_audio_is_one_line(run_folder, tmp_path):
    import shutil

    from drywet.trained.model_file import TrainedModel, load_model, save_model

    copy = shutil.copytree(run_folder, tmp_path / "r")
    good = load_model(copy)
    loud = {**good.weights, "output_gain": np.array(3e38, np.float32)}
    save_model(copy / "model.safetensors", TrainedModel(loud, good.card))
    done = drywet("evaluate", copy)
    assert done.code == 2
    assert "spoiled" in done.err


def test_judging_needs_no_pytorch(run_folder):
    import subprocess
    import sys

    from drywet.kernels.choice import choice

    if choice().target is None:
        pytest.skip(choice().reason)
    code = (
        "import sys\n"
        "from drywet.verbs.evaluate import evaluate\n"
        "evaluate(sys.argv[1])\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(run_folder)], check=True)
