"""Cleaning: aliasing as a loss, trained away, and everything that can stop it."""

from __future__ import annotations

import json
import shutil
import signal

import numpy as np
import pytest
import torch
from torch import nn

import drywet
from drywet.data.sines import SineSampler
from drywet.losses.aliasing import AliasingLoss
from drywet.losses.config import LossConfig
from drywet.models.kind import STATEFUL
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.runs.folder import RunFolder
from drywet.training.cleaning import Cleaning
from drywet.training.sines import PlayedSines
from tests.support import RATE, Held, killed_at, mild_model, playing, random_model, save
from tests.support import drywet as cli
from tests.test_training import same

SMALL = ("--hidden", 8, "--segment", 1024, "--batch", 16, "--epochs", 12)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Short trainings of small nets learn faster."""
    monkeypatch.setattr(type(STATEFUL), "__setattr__", object.__setattr__)
    monkeypatch.setattr(STATEFUL, "cleaning_steps", 100)
    monkeypatch.setattr(STATEFUL, "cleaning_rate", 8e-3)
    monkeypatch.setattr(STATEFUL, "cleaning_bptt", 512)


def cube(periods: int, length: int) -> torch.Tensor:
    """The cube of a sine: (3 sin x - sin 3x) / 4, sampled."""
    turns = 2 * np.pi * periods * np.arange(length) / length
    return torch.from_numpy(np.sin(turns) ** 3).reshape(1, length, 1)


def harmonics(periods: int, length: int) -> torch.Tensor:
    return torch.from_numpy(np.arange(1, length // 2 + 1) % periods == 0).reshape(1, -1)


@pytest.mark.parametrize(("periods", "ratio"), [(40, 0.0), (84, 0.0), (86, 1 / 9), (240, 1 / 9)])
def test_the_loss_of_a_cube_is_known(periods, ratio):
    """A third harmonic above half the rate folds: a ninth of the fundamental's energy."""
    found = AliasingLoss()(cube(periods, 509), harmonics(periods, 509))
    assert float(found) == pytest.approx(ratio, abs=1e-12)


def test_the_gradient_leaves_the_harmonics_alone():
    """Only what is off the harmonics is pushed, and towards silence."""
    frame = (cube(200, 509) + 0.3 * cube(30, 509)).requires_grad_()
    (gradient,) = torch.autograd.grad(AliasingLoss()(frame, harmonics(200, 509)), frame)
    spectrum = torch.fft.rfft(gradient[0, :, 0])[1:].abs()
    on = harmonics(200, 509)[0]
    assert float(spectrum[on].max()) < 1e-12 * float(spectrum[~on].max())
    step = frame.detach() - 1e-3 * gradient
    smaller = AliasingLoss()(step, harmonics(200, 509))
    assert float(smaller) < float(AliasingLoss()(frame.detach(), harmonics(200, 509)))


def test_sines_are_what_they_say():
    sampler = SineSampler(RATE, 0.5, 100, 512, 8, seed=3)
    found = sampler.draw(7, 2)
    assert found.signal.shape == (8, 100 + 2 * found.length, 1)
    for frame in (found.signal[:, 100 : 100 + found.length], found.signal[:, -found.length :]):
        power = torch.fft.rfft(frame[..., 0].double()).abs()[:, 1:] ** 2
        lowest = found.harmonic.double().argmax(1)
        held = power.gather(1, lowest[:, None])[:, 0] / power.sum(1)
        assert float(held.min()) > 1 - 1e-9  # all of it in the first harmonic
    peaks = found.signal.abs().amax((1, 2))
    assert 0.004 < float(peaks.min()) <= float(peaks.max()) <= 0.5
    again = SineSampler(RATE, 0.5, 100, 512, 8, seed=3).draw(7, 2)
    assert torch.equal(again.signal, found.signal)
    assert not torch.equal(sampler.draw(8, 2).signal[:, :100], found.signal[:, :100])


def played(model, seed: int = 0) -> PlayedSines:
    sines = PlayedSines(model, RATE, 0.8, 512, 4, seed, torch.device("cpu"))
    sines.begin(0, 2)
    return sines


def with_gradient(model, size: float) -> list[nn.Parameter]:
    """Its parameters with a gradient of that length."""
    parameters = [each for each in model.parameters() if each.requires_grad]
    count = sum(each.numel() for each in parameters)
    for each in parameters:
        each.grad = torch.full_like(each, size / count**0.5)
    return parameters


def test_the_gradient_is_autograds_over_the_whole_frame():
    model = mild_model(RecurrentConfig(hidden=6), 1.0, 1.0)
    parameters = with_gradient(model, 1.0)
    before = [each.grad.clone() for each in parameters]
    sines = played(model)
    drawn, state = sines._sines, sines._state
    ratio = sines.add_gradient(0, parameters, 0.5)
    frame, _ = model(drawn.signal[:, -2 * drawn.length : -drawn.length], state)
    expected = AliasingLoss()(frame, drawn.harmonic).mean()
    assert ratio == pytest.approx(float(expected.detach()), rel=1e-5)
    for each, was, part in zip(
        parameters, before, torch.autograd.grad(expected, parameters), strict=True
    ):
        assert torch.allclose(each.grad, was + 0.5 * part, rtol=1e-3, atol=1e-7)


def test_a_sine_that_is_lost_in_noise_teaches_nothing(monkeypatch):
    """Its gradient leads nowhere; the others' stays what it is without it."""
    model = mild_model(RecurrentConfig(hidden=6), 1.0, 1.0)
    sines = played(model)
    drawn, state = sines._sines, sines._state
    frame, _ = model(drawn.signal[:, -2 * drawn.length : -drawn.length], state)
    ratios = AliasingLoss()(frame, drawn.harmonic)
    loudest = int(ratios.argmax())
    others = (ratios.sum() - ratios[loudest]) / len(ratios)
    parameters = with_gradient(model, 1.0)
    before = [each.grad.clone() for each in parameters]
    wanted = torch.autograd.grad(others, parameters)
    monkeypatch.setattr("drywet.training.sines._CHAOTIC", float(ratios[loudest].detach()))
    found = sines.add_gradient(0, parameters, 0.5)
    assert found == pytest.approx(float(ratios.mean().detach()), rel=1e-5)
    for each, was, part in zip(parameters, before, wanted, strict=True):
        assert torch.allclose(each.grad, was + 0.5 * part, rtol=1e-3, atol=1e-7)


def test_weights_that_no_output_depends_on_are_left_alone():
    """NAM's nets have such: the last layer's residual leads nowhere."""
    model = mild_model(WaveNetConfig(preset="nano"), 1.0, 1.0)
    model.trains_in_kernels = False  # the kernels give these a gradient of zero
    sines = played(model)
    model(torch.randn(1, model.receptive_field, 1), model.init_state(1))[0].sum().backward()
    parameters = [each for each in model.parameters() if each.requires_grad]
    before = [None if each.grad is None else each.grad.clone() for each in parameters]
    assert None in before
    sines.add_gradient(0, parameters, 1e9)
    for each, was in zip(parameters, before, strict=True):
        assert (each.grad is None) == (was is None)
    assert any(
        was is not None and not torch.equal(each.grad, was)
        for each, was in zip(parameters, before, strict=True)
    )


def test_a_chaotic_net_does_not_drown_the_recording():
    """Gradients of 1e15 are real (LSTM 32 on the TS9)."""
    model = random_model(RecurrentConfig(hidden=24), 3.0, 1.0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(4)
    parameters = with_gradient(model, 1e-3)
    played(model).add_gradient(0, parameters, 1e6)
    length = float(torch.stack([each.grad.square().sum() for each in parameters]).sum().sqrt())
    assert length <= 2.001e-3


def aliasing(run) -> float:
    return json.loads((run / "scores.json").read_text())["aliasing_db"]


def test_the_cleanest_is_kept_that_has_lost_next_to_nothing():
    before = Cleaning(esr=1e-3, aliasing=1e-4)
    start = before.score(1e-3, 1e-4)
    assert before.score(1.05e-3, 1e-6) < before.score(0.5e-3, 2e-6) < start == 1
    tenth = before.score(1.155e-3, 1e-6) / before.score(1.05e-3, 1e-6)
    assert 10 * np.log10(tenth) == pytest.approx(2.5, abs=0.02)
    assert before.score(3e-3, 1e-6) > start, "clean, but not the device any more"
    assert not before.fell_apart(1.5e-3)
    assert before.fell_apart(2.1e-3)


def test_a_run_is_cleaned(run_folder, tmp_path):
    before = json.loads(json.dumps(drywet.evaluate(run_folder).model_dump(mode="json")))
    done = cli("clean", run_folder, "-o", tmp_path / "c", "--json")
    assert done.code == 0, done.err
    after = done.json["evaluation"]
    assert after["aliasing_db"] < before["aliasing_db"] - 6
    assert after["esr"] < 1.3 * before["esr"]
    assert done.json["before"]["esr"] == pytest.approx(before["esr"], rel=1e-6)
    assert done.json["before"]["aliasing_db"] == pytest.approx(before["aliasing_db"], abs=1e-6)
    config = RunFolder.open(tmp_path / "c").config()
    assert config.cleans
    assert config.settings.loss.aliasing >= 4
    assert config.captures == RunFolder.open(run_folder).config().captures  # the same test audio
    rows = RunFolder.open(tmp_path / "c").history()
    assert rows[-1].validation_aliasing_db < rows[0].validation_aliasing_db - 3
    told = cli("train", "--resume", tmp_path / "c").out  # finished: nothing changes
    assert "Cleaned: aliasing" in told


def test_stopped_and_resumed_is_as_if_unbroken(run_folder, tmp_path):
    assert cli("clean", run_folder, "-o", tmp_path / "whole").code == 0
    with killed_at(50):
        cli("clean", run_folder, "-o", tmp_path / "r")
    done = cli("train", "--resume", tmp_path / "r")
    assert done.code == 0, done.err
    assert same(tmp_path / "r", tmp_path / "whole")


@pytest.mark.proof
def test_one_that_is_unfinished_is_not_begun_anew_in_silence(run_folder, tmp_path):
    run = shutil.copytree(run_folder, tmp_path / "my")
    begun = tmp_path / "my-clean"
    with killed_at(50):
        cli("clean", run)
    refused = cli("clean", run)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert f"drywet train --resume {begun}" in refused.err
    assert f"-o {begun} --overwrite" in refused.err
    assert cli("train", "--resume", begun).code == 0
    assert cli("clean", run).code == 0  # that one is finished: another may begin
    assert (tmp_path / "my-clean-2" / "scores.json").is_file()


@pytest.mark.proof
def test_train_clean_can_stop_anywhere(capture, tmp_path):
    options = ("--clean", *SMALL)
    whole = tmp_path / "whole"
    done = cli("train", *capture, "-o", whole, *options)
    assert done.code == 0, done.err
    assert aliasing(whole) < aliasing(whole / "uncleaned")
    with killed_at(30):  # in the training itself: cleaning has fewer steps before it validates
        cli("train", *capture, "-o", tmp_path / "r", *options)
    assert not (tmp_path / "r" / "config.json").exists()
    refused = cli("train", *capture, "-o", tmp_path / "r", *options)
    assert refused.code == 2
    assert f"--resume {tmp_path / 'r'}" in refused.err
    early = cli("evaluate", tmp_path / "r")
    assert early.code == 2
    assert "yet to be cleaned" in early.err
    done = cli("train", "--resume", tmp_path / "r")
    assert done.code == 0, done.err
    assert same(tmp_path / "r", whole)
    assert same(tmp_path / "r" / "uncleaned", whole / "uncleaned")


@pytest.mark.proof
def test_killed_between_training_and_cleaning(capture, tmp_path, monkeypatch):
    options = ("--clean", *SMALL)
    held = Held(tmp_path, 10**6, "train", *capture, "-o", tmp_path / "r", *options)
    first = tmp_path / "r" / "uncleaned" / "scores.json"
    while not first.exists():
        assert held.process.poll() is None
    held.kill()
    assert cli("train", "--resume", tmp_path / "r").code == 0
    assert aliasing(tmp_path / "r") < aliasing(tmp_path / "r" / "uncleaned")


@pytest.mark.proof
def test_overwriting_leaves_nothing_of_before(capture, run_folder, tmp_path):
    run = tmp_path / "r"
    for more in ((), ("--overwrite",)):
        done = cli("train", *capture, "-o", run, "--clean", *SMALL, *more)
        assert done.code == 0, done.err
        assert aliasing(run) < aliasing(run / "uncleaned")
    silent = save(tmp_path / "silent.wav", np.zeros(12 * RATE, np.float32))
    refused = cli("train", capture[0], silent, "-o", run, "--clean", *SMALL, "--overwrite")
    assert refused.code == 2  # and what is there stays
    assert aliasing(run) < aliasing(run / "uncleaned")
    assert cli("clean", run_folder, "-o", run, "--overwrite").code == 0
    assert not (run / "uncleaned" / "config.json").exists()
    assert cli("train", *capture, "-o", run, "--clean", *SMALL, "--overwrite").code == 0
    again = cli("train", *capture, "-o", run, *SMALL, "--overwrite")
    assert again.code == 0, again.err
    assert not (run / "uncleaned" / "config.json").exists()
    assert not (run / "start.safetensors").exists()


@pytest.mark.proof
def test_a_model_file_without_a_capture_teaches_itself(run_folder, tmp_path, monkeypatch):
    from drywet.verbs import clean

    def short_signal(out, **_):
        drywet.signal(out, seconds=30, rate=RATE, overwrite=True)

    monkeypatch.setattr(clean, "signal", short_signal)
    nam = tmp_path / "m.nam"
    assert cli("export", run_folder, "-o", nam).code == 0
    done = cli("clean", nam, "-o", tmp_path / "c", "--json")
    assert done.code == 0, done.err
    assert (tmp_path / "c-capture" / "wet.wav").is_file()
    before, after = done.json["before"], done.json["evaluation"]
    assert after["aliasing_db"] < before["aliasing_db"] - 3
    assert after["esr"] < 0.05  # still itself
    assert RunFolder.open(tmp_path / "c").config().start == str(nam.resolve())


def test_recordings_of_the_users_own_are_not_written_over(run_folder, tmp_path):
    nam = tmp_path / "m.nam"
    assert cli("export", run_folder, "-o", nam).code == 0
    mine = tmp_path / "my-capture"
    mine.mkdir()
    (mine / "dry.wav").write_bytes(b"a recording")
    done = cli("clean", nam, "-o", tmp_path / "my")
    assert done.code == 2
    assert "holds recordings already" in done.err
    assert (mine / "dry.wav").read_bytes() == b"a recording"


def test_ctrl_c_in_the_training_says_how_to_go_on(capture, tmp_path):
    run = tmp_path / "r"
    options = (*SMALL[:-1], 40, "--clean")
    held = Held(tmp_path, 20, "train", *capture, "-o", run, *options)
    held.wait()
    held.process.send_signal(signal.SIGINT)
    held.go_on()
    out, _ = held.process.communicate(timeout=120)
    assert held.process.returncode == 130
    assert f"drywet train --resume {run}\n" in out
    assert cli("train", "--resume", run).code == 0
    assert aliasing(run) < aliasing(run / "uncleaned")


@pytest.mark.proof
def test_a_model_file_with_its_capture(capture, run_folder, tmp_path):
    nam = tmp_path / "m.nam"
    assert cli("export", run_folder, "-o", nam).code == 0
    done = cli("clean", nam, *capture, "-o", tmp_path / "c", "--json")
    assert done.code == 0, done.err
    assert done.json["evaluation"]["aliasing_db"] < done.json["before"]["aliasing_db"] - 3
    assert done.json["evaluation"]["esr"] < 1.3 * done.json["before"]["esr"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("RUN", "DRY", "WET"), "a pair"),
        (("MODEL", "DRY"), "a dry and a wet file"),
        (("nowhere",), "nowhere"),
        (("LINEAR",), "FIR"),
        (("RUN", "-o", "RUN"), "another folder"),
        (("RUN", "-o", "RUN", "--overwrite"), "another folder"),
        (("RUN", "--latency", 3), "options of a capture"),
    ],
)
def test_what_cannot_be_cleaned_is_refused(capture, run_folder, tmp_path, arguments, said):
    assert cli("export", run_folder, "-o", tmp_path / "m.nam").code == 0
    names = {"RUN": run_folder, "DRY": capture[0], "WET": capture[1], "MODEL": tmp_path / "m.nam"}
    if "LINEAR" in arguments:
        names["LINEAR"] = tmp_path / "linear"
        cli("train", *capture, "-o", tmp_path / "linear", "--model", "linear")
    done = cli("clean", *(names.get(each, each) for each in arguments))
    assert done.code == 2
    assert said in done.err
    assert done.err.strip().count("\n") <= 1


def test_a_filter_is_not_trained_to_be_cleaned(capture, tmp_path):
    done = cli("train", *capture, "-o", tmp_path / "r", "--model", "linear", "--clean")
    assert done.code == 2
    assert not (tmp_path / "r").exists()


def test_seeds_are_not_cleaned(capture, tmp_path):
    done = cli("train", *capture, "-o", tmp_path / "r", "--seeds", 2, "--clean", *SMALL)
    assert done.code == 2
    assert "drywet clean" in done.err
    assert not (tmp_path / "r").exists()


def test_aliasing_alone_is_no_loss():
    with pytest.raises(ValueError, match="every loss weight is 0"):
        LossConfig(esr=0, aliasing=1)


def test_a_recording_of_something_else_is_not_learned_as_its_own(run_folder, tmp_path):
    made = cli("export", run_folder, "-o", tmp_path / "m.nam")
    assert made.code == 0, made.err
    dry = playing(8, seed=4)
    pair = save(tmp_path / "d.wav", dry), save(tmp_path / "w.wav", 0.5 * np.tanh(20 * dry))
    done = cli("clean", tmp_path / "m.nam", *pair, "-o", tmp_path / "c")
    assert done.code == 2
    assert "is far from this recording" in done.err.splitlines()[-1]
    assert not (tmp_path / "c").exists()


def test_what_waits_to_be_cleaned_says_so_to_every_verb(run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "r" / "uncleaned")
    x = save(tmp_path / "x.wav", playing(1))
    for verb in (("info",), ("render", x, tmp_path / "y.wav"), ("export",), ("evaluate",)):
        done = cli(verb[0], tmp_path / "r", *verb[1:])
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert "is yet to be cleaned" in done.err
        assert f"--resume {tmp_path / 'r'}" in done.err
