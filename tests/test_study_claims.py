"""What a study answers, held against results made up to have a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from drywet.metrics.per_second import Second
from drywet.metrics.scores import Scores, evaluate
from drywet.runs.config import Settings
from drywet.studies import tables
from drywet.studies.claims import answers
from drywet.studies.effects import effect, interval
from drywet.studies.outcome import Outcome
from drywet.studies.plan import Plan
from drywet.studies.results import Cell, Results, high_error, key_of

RATE = 22_050


@pytest.fixture(scope="module")
def template() -> Scores:
    rng = np.random.default_rng(0)
    y, noise = rng.standard_normal((2, 2 * RATE)).astype(np.float32)
    return evaluate([y + np.float32(0.1) * noise], [y], RATE)


@pytest.fixture(scope="module")
def made(template):
    """A cell with an ESR and an error over 8 kHz of one's choice, on ten seconds."""

    def cell(esr, high=None, source="SD-1", epochs=None, seed=0, unrelated=True, **sections):
        rng = np.random.default_rng(seed)
        noise = 10 ** (rng.standard_normal(10) * 0.01)
        seconds = [Second(float(esr * n), 1.0) for n in noise]
        bands = [
            band._replace(esr=(high or esr) if band.low >= 8000 else esr) for band in template.bands
        ]
        scores = template.model_copy(update={"esr": esr, "by_second": seconds, "bands": bands})
        outcome = Outcome(
            id=f"{esr}{seed}{sections}{epochs if unrelated else 0}", state="done", full=False,
            points=[], linear=template, cost=None, aliasing_db=None,
            idle_dbfs=None, validation_esr=esr, train_seconds=1, train_samples=100,
            busy_seconds=1, worker="here:1",
        )  # fmt: skip
        if "model" in sections:
            sections["model"] = {"kind": "recurrent", **sections["model"]}
        settings = Settings.model_validate(sections)
        return Cell(("g",), source, settings, epochs, (scores,), (outcome,))

    return cell


def results(cells, *sources):
    plan = Plan.model_validate(
        {
            "name": "made-up",
            "devices": [{"name": name, "device": "sd1"} for name in sources or ("SD-1",)],
            "grids": [{"name": "g", "axes": {}}],
        }
    )
    return Results(plan, cells, 0, 0.0)


def answer(found, text):
    return next(a for a in answers(found) if text in a.claim)


def test_an_interval_is_students():
    values = [1.0, 2.5, 0.5, 3.0]
    want = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = interval(values)
    assert (found.low, found.high) == pytest.approx((want.low, want.high))
    assert interval([2.0]).sign == 0


def test_an_effect_is_the_difference_in_db(made):
    pairs = [(made(0.1, seed=i), made(0.05, high=0.2, seed=i)) for i in range(3)]
    found = effect(pairs, high_error)
    assert found.esr.mean == pytest.approx(10 * np.log10(0.5))
    assert found.high.mean == pytest.approx(10 * np.log10(0.2 / 0.1))
    assert (found.pairs, found.closer, found.farther) == (3, 3, 0)


def test_models_scored_on_other_seconds_are_not_compared(made):
    other = made(0.1)
    moved = [Second(s.error, 2.0) for s in other.scores[0].by_second]
    scores = other.scores[0].model_copy(update={"by_second": moved})
    elsewhere = Cell(("g",), "SD-1", other.settings, None, (scores,), other.outcomes)
    assert effect([(made(0.1), elsewhere)], high_error) is None


NETS = {
    "lstm": {"hidden": 16}, "gru": {"hidden": 16, "cell": "gru"},
    "rnn": {"hidden": 16, "cell": "rnn"},
}  # fmt: skip


def nets(made, lstm, gru, rnn):
    return [
        made(esr, model=NETS[cell], seed=i)
        for i, (cell, esr) in enumerate((("lstm", lstm), ("gru", gru), ("rnn", rnn)))
    ]


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [((0.01, 0.03, 0.05), "yes"), ((0.05, 0.01, 0.01), "no"), ((0.02, 0.03, 0.01), "mixed")],
)
def test_lstm_against_the_others(made, errors, verdict):
    assert answer(results(nets(made, *errors)), "LSTMs beat").verdict == verdict


def grown(made, errors, highs=None):
    """Three sets of frames, two lengths: errors by (frames, epochs)."""
    frames = {"kind": "windowed", "hidden": 16}
    training = {"segment": 1, "final_rate": 1.0}
    return [
        made(
            esr, None if highs is None else highs[key], epochs=key[1], seed=i, model=frames,
            training=training | {"examples": key[0], "epochs": key[1], "milestones": (20, 200)},
        )
        for i, (key, esr) in enumerate(errors.items())
    ]  # fmt: skip


def test_more_data_and_longer_training(made):
    errors = {
        (n, e): 0.1 / (n / 20_000) ** 0.5 / (e / 20) ** 0.2
        for n in (20_000, 50_000, 100_000)
        for e in (20, 50, 200)
    }
    highs = {key: (0.2 if key[1] < 200 else 2.0) + key[0] * 1e-7 for key in errors}
    found = results(grown(made, errors, highs))
    more = answer(found, "More data")
    assert more.verdict == "yes"
    assert f"{-10 * np.log10(5**0.5):+.1f} dB" in more.lines[0]
    longer = answer(found, "high-frequency noise")
    assert longer.verdict == "yes"
    assert "in 3 of 3 the ESR falls there while the error over 8 kHz rises" in longer.lines[0]
    fallen = {key: 2.0 / key[1] for key in errors}
    calm = answer(results(grown(made, errors, fallen)), "high-frequency noise")
    assert calm.verdict == "no"
    # Now up, now down: a curve that ends above its least point says nothing.
    rng = np.random.default_rng(3)
    noisy = {key: 0.2 * 10 ** rng.normal(0, 0.1) for key in errors}
    wild = answer(results(grown(made, errors, noisy)), "high-frequency noise")
    assert wild.verdict == "undecided"


def test_bigger_and_its_price(made):
    sizes = [
        made(esr, model={"hidden": hidden}, seed=hidden)
        for hidden, esr in ((8, 0.02), (16, 0.012), (32, 0.011))
    ]
    found = results(sizes)
    assert answer(found, "Bigger").verdict == "yes"
    small = answer(found, "nearly as good")
    assert small.verdict == "yes"
    assert f"is {10 * np.log10(0.02 / 0.011):+.1f} dB (" in small.lines[0]
    sizes[0] = made(0.2, model={"hidden": 8})
    assert answer(results(sizes), "nearly as good").verdict == "no"


def test_scores_that_do_not_see_the_treble(made):
    """ESR and treble error in opposite order, in the same order."""
    hidden = range(4, 14)
    against, along = (
        [made(0.01 * h, 0.01 * (14 - h if turned else h), model={"hidden": h}) for h in hidden]
        for turned in (True, False)
    )
    blind = answer(results(against), "spectrograms")
    assert blind.verdict == "yes"
    assert "100%" in blind.lines[0]
    assert answer(results(along), "spectrograms").verdict == "no"


def test_which_pedal_is_easier(made):
    hidden = (8, 16, 32, 64)
    easy = [made(0.01 / h, source="SD-1", model={"hidden": h}) for h in hidden]
    hard = [made(0.08 / h, source="B", model={"hidden": h}) for h in hidden]
    found = answer(results([*easy, *hard], "SD-1", "B"), "easier")
    assert (found.claim, found.verdict) == ("SD-1 is easier to learn than B", "yes")
    found = answer(results([*easy, *hard], "B", "SD-1"), "easier")
    assert found.verdict == "no"


def test_state_against_frames(made):
    stateful = made(0.001, model={"hidden": 16})
    windowed = made(0.01, model={"kind": "windowed", "hidden": 32, "layers": 2}, seed=1)
    found = answer(results([stateful, windowed]), "stateful")
    assert found.verdict == "yes"
    assert "-10.0 dB" in found.lines[0]
    assert "fewer multiply-adds" in found.lines[0]


def test_seeds_widen_what_is_said(made):
    """Two seeds far apart: the same mean decides nothing."""

    def seeds(*errors, **sections):
        cells = [made(esr, seed=i, **sections) for i, esr in enumerate(errors)]
        return Cell(("g",), "SD-1", cells[0].settings, None, tuple(c.scores[0] for c in cells),
                    tuple(c.outcomes[0] for c in cells))  # fmt: skip

    near = effect([(seeds(0.1, 0.11), seeds(0.05, 0.052))], high_error)
    far = effect([(seeds(0.1, 0.3), seeds(0.02, 0.2))], high_error)
    assert near.esr.sign == -1
    assert far.esr.sign == 0


def test_what_is_not_there_is_not_answered(made):
    claims = {a.claim for a in answers(results([made(0.1)]))}
    assert claims == set()


def test_tables_hold_the_published_figures_beside_ours(made):
    plan = results([]).plan.model_dump() | {
        "published": [
            {"model": "LSTM 16", "source": "SD-1", "mae": 0.0021, "r2": 0.9898, "esr": 0.0077},
        ],
    }  # fmt: skip
    cells = [made(0.01, model={"hidden": 16}), made(0.02, model={"hidden": 8})]
    found = Results(Plan.model_validate(plan), cells, 0, 0.0)
    best = tables.of(found)[0]
    assert [row[-1] for row in best.rows] == ["-", ".0021 / .9898 / .0077"]
    assert best.heads[:5] == ["structure", "parameters", "MAE", "R²", "ESR"]


def test_what_makes_two_cells_the_same_but_for_a_setting(made):
    a, b = made(0.1, training={"seed": 3}), made(0.1, training={"epochs": 7})
    assert key_of(a.settings) == key_of(b.settings)
    c = made(0.1, model={"cell": "gru"})
    assert key_of(a.settings) != key_of(c.settings)
    assert key_of(a.settings, "model.cell") == key_of(c.settings, "model.cell")
    assert key_of(a.settings, "model") == key_of(made(0.1, model={"hidden": 9}).settings, "model")
