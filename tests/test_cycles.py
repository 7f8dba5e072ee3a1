"""Cycles of the learning rate, several starts, and when it is enough."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import drywet
from drywet.models.recurrent.kind import Recurrent
from drywet.runs.config import Settings
from drywet.runs.folder import RunFolder
from drywet.training import trainer
from drywet.training.budget import Budget
from drywet.training.checkpoint import LoopState, load_checkpoint, save_checkpoint
from drywet.training.control import Progress
from drywet.training.cycles import Cycles, after_cycle, cycles_of, learned_by_heart
from drywet.training.schedule import Schedule
from tests.support import drywet as cli

SMALL = ("--hidden", 8, "--segment", 1024, "--batch", 8)
DOUBLING = Cycles((1 / 7, 3 / 7, 1.0), (4, 2, 1), open_ended=True)


def test_the_learning_rate_falls_to_its_end_in_every_cycle():
    rates = [DOUBLING.rate(0, done, 0.1) for done in (0, 1 / 14, 1 / 7)]
    assert rates == pytest.approx([1, 0.55, 0.1])
    last = [DOUBLING.rate(2, done, 0.0) for done in (3 / 7, 5 / 7, 1)]
    assert last == pytest.approx([0.49, 0.245, 0], abs=1e-12)


def test_what_starts_cost_together():
    assert DOUBLING.total == pytest.approx((4 * 1 + 2 * 2 + 1 * 4) / 7)
    alone = cycles_of(Settings(training=drywet.TrainingConfig(epochs=3)))
    assert (alone.stops, alone.starts, alone.total) == ((1.0,), (1,), 1.0)
    five = cycles_of(Settings(training=drywet.TrainingConfig(seconds=60, restarts=5)))
    assert five.starts == (5, 3, 2, 1)
    assert five.stops == (1 / 16, 3 / 16, 7 / 16, 1.0)


def test_seconds_are_those_of_all_starts_together():
    settings = Settings(training=drywet.TrainingConfig(seconds=60, restarts=4))
    cycles = cycles_of(settings)
    budget = Budget(settings, 10_000, 1_000, cycles.total)
    assert budget.progress(0, 60 / cycles.total) == 1


@pytest.mark.parametrize("power", [0.3, 0.9])
def test_the_expected_score_goes_on_as_a_power_law(power):
    scores = [stop**-power for stop in DOUBLING.stops[:2]]
    assert DOUBLING.expected(scores) == pytest.approx(1.0)
    assert DOUBLING.expected(scores[:1]) is None
    assert DOUBLING.expected([*scores, 1.0]) is None
    longer = Cycles((1 / 15, 3 / 15, 7 / 15, 1.0), (1, 1, 1, 1), open_ended=True)
    scores = [stop**-power for stop in longer.stops[:3]]
    assert longer.expected(scores) == pytest.approx(1.0)
    # Of three the middle one does not count: a cycle may be lucky.
    assert longer.expected([scores[0], 0.1, scores[2]]) == pytest.approx(1.0)


def test_it_ends_where_another_cycle_would_gain_nothing():
    alone = dataclasses.replace(DOUBLING, starts=(1, 1, 1))
    assert alone.enough([1.0, 0.99], 1e-3)
    assert alone.enough([1.0, 1.2], 1e-3)
    assert not alone.enough([1.0, 0.7], 1e-3)
    assert not alone.enough([1.0, 0.99], 0.2), "it may not have found its way yet"
    assert not DOUBLING.enough([1.0, 0.99], 1e-3), "two are still compared"
    assert not dataclasses.replace(alone, open_ended=False).enough([1.0, 0.99], 1e-3)
    assert alone.enough([1.0, 0.5, 0.2], 0.2), "the last one is over"
    assert not alone.enough([1.0, 0.99], 0.01), "differences are heard"
    assert alone.enough([1.0, 0.5], 0.01, by_heart=True)
    assert not alone.enough([1.0, 0.5], 1e-3)
    assert learned_by_heart(2.1, 1.0, 2.1, 1.0)
    assert not learned_by_heart(1.9, 1.0, 1.9, 0.1), "it may come back"
    assert not learned_by_heart(2.1, 1.0, 2.1, 2.0), "worse on the training audio too"


def test_none_is_given_up_early_while_none_has_learned():
    assert [DOUBLING.going_on(number, 1e-3) for number in (1, 2)] == [2, 1]
    assert [DOUBLING.going_on(number, 0.2) for number in (1, 2)] == [4, 1]
    closed = dataclasses.replace(DOUBLING, open_ended=False)
    assert closed.going_on(1, 0.2) == 2


def test_the_better_half_goes_on():
    settings = Settings(training=drywet.TrainingConfig(epochs=7, batch=1, segment=10, restarts=4))
    budget, cycles = Budget(settings, 100, 10), cycles_of(settings)
    assert budget.steps == 70
    scores = {0: 0.4, 1: 0.1, 2: 0.3, 3: 0.2}
    state = LoopState({}, {}, start=0)
    state.waiting = [LoopState({}, {}, start=number).of_start() for number in (1, 2, 3)]
    went = []
    while not state.finished:
        went.append((state.cycle, state.start))
        state.step = int(np.ceil(cycles.stops[state.cycle] * 70))
        state.best_score = scores[state.start] / (1 + state.cycle)
        after_cycle(state, cycles, budget)
    assert went == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 3), (2, 1)]
    assert state.ends == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert state.start == 1
    assert not state.waiting


def test_starts_are_compared_and_the_best_is_kept(capture, tmp_path):
    budget = (*SMALL, "--epochs", 6, "--restarts", 4)
    done = cli("train", *capture, "-o", tmp_path / "r", *budget, "--json")
    assert done.code == 0, done.err
    run = RunFolder.open(tmp_path / "r")
    rows = run.history_of_all_starts()
    assert {row.start for row in rows} == {0, 1, 2, 3}
    last = {row.start: row for row in rows}  # of each
    by_length = sorted(last.values(), key=lambda row: row.step)
    assert by_length[0].step == by_length[1].step < by_length[2].step < by_length[3].step
    winner = by_length[3]
    assert winner.best_score == min(row.best_score for row in rows)
    assert {row.start for row in run.history()} == {winner.start}
    state = load_checkpoint(run.checkpoint_file)
    assert state.best_score == winner.best_score
    assert len(state.ends) == 3
    assert done.json["training"]["restarts"] == 4


def test_a_training_without_a_budget_ends_once_nothing_is_gained(capture, tmp_path, monkeypatch):
    """At a learning rate at which it learns nothing, from a model that knows all it will."""
    short = dataclasses.replace(Recurrent.training, cycle_steps=(40, 40, 40, 2000))
    monkeypatch.setattr(Recurrent, "training", short)
    assert cli("train", *capture, "-o", tmp_path / "a", *SMALL, "--epochs", 20).code == 0
    done = cli(
        "train", *capture, "-o", tmp_path / "r", "--start", tmp_path / "a",
        "--learning-rate", 1e-7, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["training"]["steps"] == 40 + 40 + 40  # the last cycle is for the treble
    assert not done.json["training"]["interrupted"]


def scheduled(**more) -> Schedule:
    return Schedule(Settings(training=drywet.TrainingConfig(**more)), 100_000, 1_000)


@pytest.mark.parametrize(
    ("ends", "steps"),
    [
        ((0.1, 0.05, 0.02, 0.01), 960),  # twice as long as the one before, as any cycle
        ((0.011, 0.0105, 0.0102, 0.01), 480),  # where that gained nothing, as long
        ((0.1, 0.05, 0.01), 240),  # ended early
    ],
)
def test_the_last_cycle_is_for_the_treble(ends, steps):
    settings = Settings()
    assert settings.cycle_steps == (60, 120, 240, 480)
    assert settings.treble_steps == 960
    state = LoopState({}, {}, step=sum(settings.cycle_steps[: len(ends)]), ends=list(ends))
    state.cycle = len(ends) - 1
    schedule = scheduled()
    state.treble = schedule.treble(state, 2e-3, 4e-3)
    assert state.treble.steps == steps
    before = schedule.done(state)
    state.ramp_from = state.step - 1000
    rates = []
    while not schedule.at_end(state):
        rates.append(schedule.rate(state))
        state.step += min(30, schedule.at_most(state, 1.0))
    assert rates[0] == pytest.approx(0.5 * 0.032)
    assert rates == sorted(rates, reverse=True)
    assert 0 < before < schedule.done(state) == 1
    # A third of the pre-emphasised error gone; but not at the cost of more than 5 % of the ESR.
    assert state.treble.score(2.08e-3, 8e-3 / 3) == pytest.approx(4e-3 / 3)
    assert state.treble.score(2.2e-3, 1e-3) == 2.2e-3


@pytest.mark.parametrize(
    "given",
    [
        {"training": {"epochs": 2}}, {"training": {"seconds": 2}}, {"training": {"cycles": 1}},
        {"training": {"select": "esr_pre"}}, {"training": {"patience": 3}},
        {"loss": {"pre_emphasis": 0.5}}, {"loss": {"mae": 1}}, {"training": {"segment": 1}},
        {"model": {"kind": "windowed"}},
    ],
)  # fmt: skip
def test_who_asks_for_something_else_gets_no_cycle_for_the_treble(given):
    settings = Settings.model_validate(given)
    assert settings.treble_steps == 0
    assert settings.cycle_steps[-1] == (60 if "cycles" in str(given) else settings.cycle_steps[-1])


def test_the_share_that_is_done_never_stands_at_its_end():
    """Also where no start is given up after the first cycle, as none has learned."""
    schedule = scheduled(cycles=3)
    assert schedule.cycles.starts == (4, 2)
    state = LoopState({}, {}, step=60, ends=[0.5], cycle=1)
    state.waiting = [LoopState({}, {}, step=60, start=number).of_start() for number in (1, 2, 3)]
    four = schedule.done(state)
    assert four == pytest.approx(4 * 60 / (4 * 180 + 240))
    state.step = 180
    assert schedule.done(state) == pytest.approx((180 + 3 * 60) / (4 * 180 + 240))


def test_stopped_in_the_last_cycle_it_ends_as_if_unbroken(capture, tmp_path, monkeypatch):
    short = dataclasses.replace(Recurrent.training, cycle_steps=(4, 8), restarts=1)
    monkeypatch.setattr(Recurrent, "training", short)
    made = []
    for number, stop in enumerate((None, 7)):
        out = tmp_path / str(number)
        run = drywet.train(
            *capture, out=out, model=drywet.RecurrentConfig(hidden=4),
            training=drywet.TrainingConfig(batch=4, segment=512, validate_every=2),
            control=StopsAfter(stop),
        )  # fmt: skip
        assert run.interrupted is (stop is not None)
        if run.interrupted:
            assert load_checkpoint(out / "checkpoint.pt").treble is not None
            drywet.resume(out)
        made.append(load_checkpoint(out / "checkpoint.pt"))
    assert [state.step for state in made] == [12, 12]
    first, second = (state.best_weights for state in made)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_was_learned_by_heart_gets_no_last_cycle(capture, tmp_path, monkeypatch):
    short = dataclasses.replace(Recurrent.training, cycle_steps=(4, 8), restarts=1)
    monkeypatch.setattr(Recurrent, "training", short)
    monkeypatch.setattr(trainer, "learned_by_heart", lambda *figures: True)
    run = drywet.train(
        *capture, out=tmp_path / "r", model=drywet.RecurrentConfig(hidden=4),
        training=drywet.TrainingConfig(batch=4, segment=512),
    )  # fmt: skip
    assert run.fit.steps == 4
    assert not run.interrupted


def test_milestones_and_restarts_do_not_go_together(tmp_path, capture):
    path = tmp_path / "settings.json"
    path.write_text('{"training": {"milestones": [1], "restarts": 2, "epochs": 2}}')
    done = cli("train", *capture, "-o", tmp_path / "r", "--config", path)
    assert done.code == 2
    assert "milestones" in done.err


def test_a_checkpoint_of_before_goes_on(tmp_path):
    """It had the last score of each start, by which it was said what had been learned by heart."""
    state = LoopState({}, {}, best_esr=0.1)
    state.waiting = [LoopState({}, {}, start=1).of_start()]
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, state)
    found = torch.load(path, weights_only=True)
    for start in (found, *found["waiting"]):
        start["last_score"] = 0.2
        del start["by_heart"]
    torch.save(found, path)
    back = load_checkpoint(path)
    assert back.by_heart is False
    assert back.waiting[0]["by_heart"] is False


class StopsAfter(drywet.Control):
    """Asks a training to stop once it has done so many steps."""

    def __init__(self, steps: int | None) -> None:
        super().__init__()
        self.steps = steps

    def on_progress(self, progress: Progress) -> None:
        if self.steps is not None and progress.step >= self.steps:
            self.request_stop()


def test_a_run_trained_on_gets_a_cycle_as_long_as_all_before():
    once = Settings(training=drywet.TrainingConfig(epochs=3, restarts=4))
    twice = Settings(training=drywet.TrainingConfig(epochs=3, restarts=4, longer=1))
    before, now = cycles_of(once), cycles_of(twice)
    assert now.stops == (*(stop / 2 for stop in before.stops), 1.0)
    assert now.starts == (*before.starts, 1)
    steps = [Budget(settings, 100_000, 1_000).steps for settings in (once, twice)]
    assert steps[1] == 2 * steps[0]
    assert Settings(training=drywet.TrainingConfig(longer=2)).cycle_steps[-3:] == (480, 960, 1920)


def test_what_seconds_were_spent_is_half_of_those_of_a_run_trained_on():
    for restarts in (1, 4):
        once, twice = (
            Settings(training=drywet.TrainingConfig(seconds=60, restarts=restarts, longer=longer))
            for longer in (0, 1)
        )
        first = Budget(once, 10_000, 1_000, cycles_of(once).total)
        second = Budget(twice, 10_000, 1_000, cycles_of(twice).total)
        for elapsed in (1.0, 10.0):
            assert second.progress(0, elapsed) == pytest.approx(first.progress(0, elapsed) / 2)


@pytest.mark.parametrize("budget", [pytest.param(2, marks=pytest.mark.proof), None])
def test_a_finished_run_is_trained_on_and_stopped_meanwhile(capture, tmp_path, budget, monkeypatch):
    """Stopped in the added cycle and resumed, it ends where it ends unbroken, to the bit."""
    short = dataclasses.replace(Recurrent.training, cycle_steps=(6, 12), restarts=2)
    monkeypatch.setattr(Recurrent, "training", short)
    made = {}
    for name in ("unbroken", "broken"):
        out = tmp_path / name
        drywet.train(
            *capture, out=out, model=drywet.RecurrentConfig(hidden=4),
            training=drywet.TrainingConfig(
                batch=4, segment=512, validate_every=2, epochs=budget,
            ),
        )  # fmt: skip
        before = load_checkpoint(out / "checkpoint.pt")
        control = StopsAfter(before.step + 3 if name == "broken" else None)
        made[name] = drywet.resume(out, longer=True, control=control)
        if name == "broken":
            assert made[name].interrupted
            with pytest.raises(drywet.DrywetError, match="has not finished"):
                drywet.resume(out, longer=True)
            made[name] = drywet.resume(out)
        after = load_checkpoint(out / "checkpoint.pt")
        assert after.finished
        assert after.step >= 2 * before.step
        assert after.best_score <= before.best_score
    first, second = (made[name] for name in ("unbroken", "broken"))
    assert first.evaluation.esr == second.evaluation.esr
    weights = [load_checkpoint(run.path / "checkpoint.pt").best_weights for run in (first, second)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
