"""Training: it learns, it repeats to the bit, and being killed does not matter."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import drywet
from drywet.cli import show
from drywet.kernels.choice import choice
from drywet.runs.config import Settings
from drywet.runs.folder import RunFolder
from drywet.training.budget import Budget
from drywet.training.checkpoint import load_checkpoint
from drywet.training.control import Control
from drywet.training.cycles import cosine
from tests.support import RATE, Held, killed_at, overdrive, playing, save
from tests.support import drywet as cli

SMALL = ("--hidden", 8, "--segment", 1024, "--batch", 8)


def weights(run: Path) -> dict[str, np.ndarray]:
    return load_file(run / "model.safetensors")


def same(a: Path, b: Path) -> bool:
    x, y = weights(a), weights(b)
    return x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)


def test_it_learns_the_overdrive(run_folder):
    scores = json.loads((run_folder / "scores.json").read_text())
    assert scores["esr"] < 0.1
    assert scores["esr"] < scores["linear"]["esr"]


@pytest.mark.parametrize(
    "model",
    [
        ("--cell", "gru"),
        ("--cell", "rnn", "--skip"),
        ("--cell", "ssm"),
        ("--layers", 2),
        ("--model", "windowed", "--frame", 32, "--cell", "dense", "--hidden", 16),
        ("--model", "windowed", "--frame", 16, "--cell", "lstm", "--segment", 128),
    ],
    ids=lambda m: " ".join(map(str, m)),
)
def test_every_kind_of_net_learns(capture, tmp_path, model):
    done = cli("train", *capture, "-o", tmp_path / "r", *SMALL, "--epochs", 2, *model, "--json")
    assert done.code == 0, done.err
    history = RunFolder.open(tmp_path / "r").history()
    assert history[-1].best_esr < 0.8
    assert done.json["evaluation"]["esr"] < 0.9


def test_the_linear_model_is_its_own_baseline(capture, tmp_path):
    done = cli("train", *capture, "-o", tmp_path / "r", "--model", "linear", "--json")
    assert done.code == 0, done.err
    result = done.json
    assert result["training"] is None
    assert result["evaluation"]["esr"] == pytest.approx(result["evaluation"]["linear"]["esr"])


def test_the_linear_model_of_a_filter_is_exact(tmp_path):
    dry = playing(10)
    wet = np.convolve(dry, [0.5, -0.2, 0.1])[: len(dry)].astype(np.float32)
    pair = save(tmp_path / "d.wav", dry), save(tmp_path / "w.wav", wet)
    done = cli("train", *pair, "-o", tmp_path / "r", "--model", "linear", "--json")
    assert done.json["evaluation"]["esr"] < 1e-8


def test_a_seed_gives_the_same_weights(capture, tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        done = cli("train", *capture, "-o", tmp_path / name, *SMALL, "--epochs", 1, "--seed", seed)
        assert done.code == 0, done.err
    assert same(tmp_path / "a", tmp_path / "b")
    assert not same(tmp_path / "a", tmp_path / "c")


# Frames one at a time, which the kernels learn from many steps at once.
FRAMES = (
    "--model", "windowed", "--frame", 32, "--hidden", 16, "--segment", 1, "--batch", 64,
    "--examples", 2_000,
)  # fmt: skip
WAVENET = ("--preset", "nano", "--segment", 1024, "--batch", 4, "--examples", 24)
BUDGETS = {
    "wavenet": (*WAVENET, "--epochs", 6, "--restarts", 2),
    "starts": (*SMALL, "--epochs", 6, "--restarts", 3),
    "segments": (*SMALL, "--epochs", 3),
    "frames": (*FRAMES, "--epochs", 4),
}
LONG = {
    "wavenet": (*WAVENET, "--epochs", 20, "--restarts", 3),
    "segments": (*SMALL, "--epochs", 20),
    "frames": (*FRAMES, "--epochs", 40),
    "starts": (*SMALL, "--epochs", 10, "--restarts", 3),
}


@pytest.fixture(scope="module")
def unbroken(capture, once):
    """Trainings without a break, by their budget."""

    def find(budget) -> Path:
        def make(folder: Path) -> None:
            done = cli("train", *capture, "-o", folder / "r", *budget)
            assert done.code == 0, done.err

        return once("unbroken" + "".join(map(str, budget)), make) / "r"

    return find


def goes_on_as_if_unbroken(run: Path, whole: Path) -> None:
    checkpoint = load_checkpoint(run / "checkpoint.pt")
    assert not checkpoint.finished
    assert checkpoint.step > 0
    done = cli("train", "--resume", run)
    assert done.code == 0, done.err
    assert same(run, whole)

    def rows(path):
        history = RunFolder.open(path).history()
        return [row.model_dump(exclude={"seconds"}) for row in history]

    assert rows(run) == rows(whole)


@pytest.mark.parametrize("kind", BUDGETS)
def test_stopped_anywhere_and_resumed_is_as_if_unbroken(capture, tmp_path, unbroken, kind):
    """Stopped as by a kill in the midst of a step, at any but the first."""
    whole = unbroken(BUDGETS[kind])
    steps = RunFolder.open(whole).history()[-1].step
    with killed_at(steps // 2):
        cli("train", *capture, "-o", tmp_path / "r", *BUDGETS[kind])
    goes_on_as_if_unbroken(tmp_path / "r", whole)
    # Once finished, resuming again changes nothing.
    before = weights(tmp_path / "r")
    assert cli("train", "--resume", tmp_path / "r").code == 0
    assert all(np.array_equal(before[k], v) for k, v in weights(tmp_path / "r").items())


@pytest.mark.proof
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", LONG)
def test_kill_and_resume_is_as_if_unbroken(capture, tmp_path, unbroken, kind, share):
    """A process that is killed, at the step that it is at."""
    whole = unbroken(LONG[kind])
    at = round(share * RunFolder.open(whole).history()[-1].step)
    process = Held(tmp_path, at, "train", *capture, "-o", tmp_path / "r", *LONG[kind])
    process.wait()
    assert process.kill()[0] == -signal.SIGKILL
    goes_on_as_if_unbroken(tmp_path / "r", whole)


@pytest.mark.parametrize("poison", [float("nan"), 40.0])
def test_a_training_that_falls_apart_goes_on_from_its_best(capture, tmp_path, monkeypatch, poison):
    """Gradients of 1e30 late in a training are real (LSTM 32 on the DS-1, batch 8)."""
    from drywet.training.kernel_learners import SequenceLearner
    from drywet.training.learner import TorchLearner

    kind = TorchLearner if choice().target is None else SequenceLearner
    learn = kind.learn

    def learn_and_break(self, step, rates):
        losses = learn(self, step, rates)
        if step <= 119 < step + len(rates):
            with torch.no_grad():
                self._model.head.weight += poison
        return losses

    monkeypatch.setattr(kind, "learn", learn_and_break)
    often = tmp_path / "often.json"
    often.write_text('{"training": {"validate_every": 10}}')
    done = cli(
        "train", *capture, "-o", tmp_path / "r", *SMALL, "--epochs", 20, "--config", often, "--json"
    )
    assert done.code == 0, done.err
    state = load_checkpoint(tmp_path / "r" / "checkpoint.pt")
    assert state.retreats == 1
    assert state.best_step > 120
    assert all(torch.isfinite(tensor).all() for tensor in state.weights.values())
    rows = RunFolder(tmp_path / "r").history()
    rates = {row.step: row.learning_rate for row in rows}
    before, after = max(s for s in rates if s <= 120), min(s for s in rates if s > 140)
    assert rates[after] < 0.6 * rates[before]


def test_killed_before_the_first_checkpoint_starts_over(capture, tmp_path):
    done = cli("train", *capture, "-o", tmp_path / "a", *SMALL, "--epochs", 1)
    assert done.code == 0
    run = RunFolder.open(tmp_path / "a")
    kept, steps = weights(run.path), [row.step for row in run.history()]
    run.checkpoint_file.unlink()
    run.model_file.unlink()
    with run.history_file.open("a") as file:
        file.write('{"step": 99, "epo')  # the kill fell into a write
    assert cli("train", "--resume", run.path).code == 0
    assert all(np.array_equal(kept[k], v) for k, v in weights(run.path).items())
    assert [row.step for row in run.history()] == steps


def test_a_lost_model_file_comes_back_from_the_checkpoint(capture, tmp_path):
    assert cli("train", *capture, "-o", tmp_path / "a", *SMALL, "--epochs", 1).code == 0
    kept = weights(tmp_path / "a")
    (tmp_path / "a" / "model.safetensors").unlink()
    assert cli("train", "--resume", tmp_path / "a").code == 0
    assert all(np.array_equal(kept[k], v) for k, v in weights(tmp_path / "a").items())


def test_ctrl_c_keeps_the_best_and_can_go_on(capture, tmp_path):
    process = Held(
        tmp_path, 20, "train", *capture, "-o", tmp_path / "r", *SMALL, "--epochs", 3, "--json"
    )
    process.wait()
    process.process.send_signal(signal.SIGINT)
    process.go_on()
    out, err = process.process.communicate(timeout=120)
    assert process.process.returncode == 130, err
    assert "Stopping: the best so far is scored" in err
    result = json.loads(out)
    assert result["training"]["interrupted"]
    assert result["evaluation"]["esr"] < 1
    checkpoint = load_checkpoint(tmp_path / "r" / "checkpoint.pt")
    assert checkpoint.step == result["training"]["steps"]
    assert not checkpoint.finished


def test_a_second_ctrl_c_says_where_to_go_on(capture, tmp_path, monkeypatch):
    """In a folder that drywet has named itself, too."""
    monkeypatch.chdir(tmp_path)
    held = Held(tmp_path, 20, "train", *capture, *SMALL, "--epochs", 3)
    held.wait()
    held.process.send_signal(signal.SIGINT)
    assert any("Stopping" in line for line in held.process.stderr)
    held.process.send_signal(signal.SIGINT)
    _, err = held.process.communicate(timeout=120)
    assert held.process.returncode == 130
    (run,) = (tmp_path / "runs").iterdir()
    assert f"drywet train --resume runs/{run.name}  goes on" in err
    assert load_checkpoint(run / "checkpoint.pt").step > 0
    again = cli("train", *capture, *SMALL, "--epochs", 1)
    assert f"runs/{run.name} is there and unfinished; this begins anew" in again.err
    assert f"drywet train --resume runs/{run.name}" in again.err
    thrice = cli("train", *capture, *SMALL, "--epochs", 1, "--name", "other")
    assert "unfinished" not in thrice.err


class StopIn(Control):
    """Asks to stop once one of several starts has done a number of steps."""

    def __init__(self, start, step):
        super().__init__()
        self.start, self.step, self.seen = start, step, []

    def on_progress(self, progress):
        self.seen.append((progress.start, progress.step))
        if progress.start == self.start and progress.step >= self.step:
            self.request_stop()


def test_of_several_starts_the_one_that_was_stopped_is_named(capture, tmp_path, capsys):
    """The best of them may be another, with other steps; --resume goes on where it says."""
    settings = {"segment": 1024, "batch": 8, "epochs": 30, "restarts": 2, "validate_every": 10}
    training = drywet.TrainingConfig(**settings)
    model, control = drywet.RecurrentConfig(hidden=4), StopIn(1, 2)
    run = drywet.train(
        *capture, out=tmp_path / "r", model=model, training=training, control=control
    )
    assert run.fit.start == 0  # the other has had no time
    assert (run.fit.last_start, run.fit.last_step) == control.seen[-1]
    show.trained(run, json=False)
    assert f"stopped by Ctrl-C at step {run.fit.last_step} of start 2" in capsys.readouterr().out
    on = StopIn(1, 0)
    drywet.resume(tmp_path / "r", control=on)
    assert on.seen[0] == (1, run.fit.last_step + 1)


def test_an_existing_run_is_not_overwritten(capture, run_folder):
    before = (run_folder / "model.safetensors").read_bytes()
    done = cli("train", *capture, "-o", run_folder, *SMALL, "--epochs", 1)
    assert done.code == 2
    assert "already holds a run" in done.err
    assert (run_folder / "model.safetensors").read_bytes() == before


def test_overwrite_replaces_all_of_it(capture, tmp_path):
    for hidden in (8, 4):
        done = cli(
            "train", *capture, "-o", tmp_path / "r", *SMALL, "--hidden", hidden,
            "--epochs", 1, "--overwrite",
        )  # fmt: skip
        assert done.code == 0, done.err
    assert weights(tmp_path / "r")["head.weight"].shape == (1, 4)


def test_a_changed_recording_is_not_resumed(tmp_path):
    dry = playing(8)
    pair = save(tmp_path / "d.wav", dry), save(tmp_path / "w.wav", overdrive(dry))
    assert cli("train", *pair, "-o", tmp_path / "r", *SMALL, "--epochs", 1).code == 0
    save(tmp_path / "w.wav", 0.9 * overdrive(dry))
    for call in (("train", "--resume", tmp_path / "r"), ("evaluate", tmp_path / "r")):
        done = cli(*call)
        assert done.code == 2
        assert "has changed" in done.err


def test_a_run_holds_what_it_promises(run_folder):
    for name in (
        "config.json", "model.safetensors", "baseline.safetensors", "history.jsonl",
        "checkpoint.pt", "scores.json", "audio/dry.wav", "audio/target.wav", "audio/prediction.wav",
        "audio/residual.wav",
    ):  # fmt: skip
        assert (run_folder / name).stat().st_size > 0, name
    assert not list(run_folder.rglob(".*")), "temporary files left behind"
    config = json.loads((run_folder / "config.json").read_text())
    assert {"python", "torch", "drywet"} <= set(config["versions"])
    assert len(config["captures"][0]["recording"]["dry_sha256"]) == 64
    assert config["settings"]["training"]["seed"] == 0


def test_residual_is_target_less_prediction(run_folder):
    from drywet.audio.read import read

    target, prediction, residual = (
        read(run_folder / "audio" / f"{name}.wav")[0]
        for name in ("target", "prediction", "residual")
    )
    assert np.allclose(residual, target - prediction, atol=1e-7)
    scores = json.loads((run_folder / "scores.json").read_text())
    esr = np.sum(residual.astype(float) ** 2) / np.sum(target.astype(float) ** 2)
    assert scores["esr"] == pytest.approx(esr, rel=1e-6)


def test_the_python_api(capture, tmp_path):
    report = drywet.check(*capture)
    assert (report.latency_samples, report.polarity) in {(0, 1), (1, 1)}
    seen = []

    class Watching(drywet.Control):
        def on_progress(self, progress):
            seen.append(progress)

    run = drywet.train(
        *capture,
        out=tmp_path / "r",
        model=drywet.RecurrentConfig(hidden=4),
        training=drywet.TrainingConfig(epochs=1, segment=1024, batch=8),
        control=Watching(),
    )
    assert seen[-1].done == 1
    assert run.evaluation.esr == pytest.approx(drywet.evaluate(run.path).esr)
    assert drywet.render(run.path, capture[0], tmp_path / "o.wav").seconds == pytest.approx(12)
    assert Path(drywet.export(run.path).path).exists()
    with pytest.raises(drywet.DrywetError, match="does not exist"):
        drywet.check("nowhere.wav", capture[1])


def test_until_esr_and_seconds_end_a_run(capture, tmp_path):
    done = cli(
        "train", *capture, "-o", tmp_path / "a", *SMALL, "--until-esr", 0.5, "--epochs", 100,
        "--json",
    )  # fmt: skip
    assert done.json["training"]["best_esr"] <= 0.5
    assert RunFolder.open(tmp_path / "a").history()[-1].epoch < 100
    done = cli("train", *capture, "-o", tmp_path / "b", *SMALL, "--seconds", 0.3, "--json")
    assert done.json["training"]["seconds"] >= 0.3


def test_training_at_another_rate(capture, tmp_path):
    done = cli(
        "train", *capture, "-o", tmp_path / "r", *SMALL, "--epochs", 2, "--rate", 8000, "--json"
    )
    assert done.json["evaluation"]["rate"] == 8000
    # What 8 kHz cannot hold counts at the recording's own rate.
    assert done.json["evaluation"]["esr_at_recording_rate"] > 0
    assert RATE == 16_000


def test_the_default_budget_and_the_schedule():
    config = Settings(training=drywet.TrainingConfig(batch=4, segment=100))
    three = Settings(training=drywet.TrainingConfig(batch=4, segment=100, epochs=3))
    budget = Budget(three, 1000, 100)
    assert budget.steps == 8  # ceil(3 * 1000 / 400)
    assert budget.progress(4, 0.0) == 0.5
    assert Budget(config, 1000, 100).progress(10**9, 0.0) == 1
    assert [cosine(p, 0.1) for p in (0, 0.5, 1)] == pytest.approx([1, 0.55, 0.1])
