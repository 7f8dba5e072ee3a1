"""What a study answers, held against results made up to have a known answer."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from scipy import stats

from drywet.evaluation.result import Cost
from drywet.metrics.per_second import Second
from drywet.metrics.scores import Scores, evaluate
from drywet.runs.config import Settings
from drywet.studies import tables
from drywet.studies.claim import Claim, Finding, settled
from drywet.studies.claims import answers
from drywet.studies.claims_2022 import high_db
from drywet.studies.effects import effect, error_db
from drywet.studies.estimate import WRONG, Estimate, estimate, levels, seeds_wanted
from drywet.studies.outcome import Outcome
from drywet.studies.plan import Plan
from drywet.studies.results import Cell, Results, key_of

RATE = 22_050


@pytest.fixture(scope="module")
def template() -> Scores:
    rng = np.random.default_rng(0)
    y, noise = rng.standard_normal((2, 2 * RATE)).astype(np.float32)
    return evaluate([y + np.float32(0.1) * noise], [y], RATE)


def joined(cells):
    """Seeds of one thing."""
    first = cells[0]
    return Cell(
        first.grids, first.source, first.settings, first.epochs, *(
            tuple(getattr(c, name)[0] for c in cells) for name in ("scores", "outcomes", "seeds")
        ),
    )  # fmt: skip


def spread(count, apart, name):
    """Factors about 1 whose geometric mean is 1, other ones for another name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    logs = rng.standard_normal(count) * apart
    return np.exp(logs - logs.mean())


@pytest.fixture(scope="module")
def made(template):
    """A cell with an ESR and an error over 8 kHz of one's choice, on ten seconds."""

    def one(esr, high=None, source="SD-1", epochs=None, seed=0, unrelated=True, **sections):
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
        return Cell(("g",), source, settings, epochs, (scores,), (outcome,), (seed,))

    def cell(esr, high=None, *, seeds=4, apart=0.01, **rest):
        """Of several seeds, whose errors lie some share apart."""
        each = [
            one(esr * factor, high and high * factor, seed=seed, **rest)
            for seed, factor in enumerate(spread(seeds, apart, f"{esr}{rest}"))
        ]
        return joined(each)

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


def test_an_interval_and_its_chance_are_students():
    values = [1.0, 2.5, 0.5, 3.0]
    found = estimate(values, limit=0.3)
    for level in (0.05, 0.01):
        want = stats.ttest_1samp(values, 0.3).confidence_interval(1 - level)
        assert found.interval(level)[1:] == pytest.approx((want.low, want.high))
    assert found.chance == pytest.approx(stats.ttest_1samp(values, 0.3).pvalue)
    assert estimate([2.0]).sign(0.05) == 0


def with_chance(p, freedom=9):
    """An estimate whose chance under the limit is p."""
    return Estimate(float(stats.t.isf(p / 2, freedom)), 1.0, freedom + 1, freedom)


def test_many_comparisons_are_corrected_as_by_holm():
    """The textbook's four: the second of 0.03 and 0.04 would pass alone."""
    each = [with_chance(p) for p in (0.01, 0.04, 0.03, 0.005)]
    found = levels(each)
    assert found == pytest.approx([0.05 / 3, 0.05 / 2, 0.05 / 2, 0.05 / 4])
    assert levels([*each, estimate([1.0])])[:4] == found  # which is no test
    assert [one.sign(level) for one, level in zip(each, found, strict=True)] == [1, 0, 0, 1]


def test_where_there_is_nothing_hardly_any_study_finds_something():
    rng = np.random.default_rng(5)
    studies, wrong = 400, 0
    for values in rng.standard_normal((studies, 20, 4)):
        each = [estimate(list(row)) for row in values]
        allowed = zip(each, levels(each), strict=True)
        wrong += any(one.sign(level) for one, level in allowed)
    assert wrong <= studies * WRONG + 3 * np.sqrt(studies * WRONG * (1 - WRONG))


def test_the_seeds_that_would_do_are_enough_and_no_more():
    found = estimate([1.0, -0.5, 2.0])
    wanted = seeds_wanted(found, 0.05, 3)
    deviation = np.std([1.0, -0.5, 2.0], ddof=1)

    def decided(count):
        return found.mean > stats.t.isf(0.025, count - 1) * deviation / np.sqrt(count)

    assert decided(wanted)
    assert not decided(wanted - 1)
    assert seeds_wanted(estimate([1.0]), 0.05, 1) is None


def test_an_effect_is_the_difference_in_db(made):
    pairs = [(made(0.1, seeds=1), made(0.05, high=0.2, seeds=1)) for i in range(3)]
    for hidden, pair in enumerate(pairs):
        pair[0].outcomes[0].id = f"a{hidden}"
    found = effect(pairs, error_db)
    assert found.found.mean == pytest.approx(10 * np.log10(0.5))
    assert effect(pairs, high_db).found.mean == pytest.approx(10 * np.log10(0.2 / 0.1))
    assert (found.pairs, found.trainings, found.less) == (3, 3, 3)


def test_seeds_are_compared_each_with_its_own(made):
    """What all trainings of a seed have in common says nothing about the setting."""
    factors = (1.0, 4.0, 0.3)
    alone = [[made(esr * f, seeds=1) for f in factors] for esr in (0.1, 0.09)]
    for cells in alone:
        for seed, one in enumerate(cells):
            cells[seed] = Cell(*(getattr(one, f) for f in FIELDS[:-1]), (seed,))
    found = effect([(joined(alone[0]), joined(alone[1]))], error_db)
    assert found.found.error == pytest.approx(0, abs=1e-9)
    assert found.found.mean == pytest.approx(10 * np.log10(0.9))


def test_models_scored_on_other_seconds_are_not_compared(made):
    other = made(0.1, seeds=1)
    moved = [Second(s.error, 2.0) for s in other.scores[0].by_second]
    scores = other.scores[0].model_copy(update={"by_second": moved})
    elsewhere = Cell(("g",), "SD-1", other.settings, None, (scores,), other.outcomes, (0,))
    assert effect([(made(0.1, seeds=1), elsewhere)], error_db) is None


def claimed(*figures, above=()):
    """A claim with a finding for each figure in dB, of which the last may be of all devices."""
    claim = Claim("it is less", -1)
    claim.add(
        [
            Finding(
                Estimate(mean, 0.1, 5, 4), lambda found, level: f"{found}", 3, f"d{i}", i in above
            )
            for i, mean in enumerate(figures)
        ]
    )
    return settled([claim])[0]


def test_of_three_devices_the_verdict_is_of_all_and_names_one_that_goes_against():
    assert claimed(-5, -6, 0.05, -4, above=(3,)).verdict == "yes"
    assert claimed(-5, -6, 4, -2, above=(3,)).verdict == "mixed"
    assert claimed(-5, 0.05, -4, 0.01, above=(3,)).verdict == "undecided"
    assert claimed(-5, 0.05).verdict == "mixed"  # two devices are no devices in general
    assert claimed(4, 5).verdict == "no"
    general, each = claimed(-5, -6, 0.05, -4, above=(3,)).lines
    assert general.startswith("-4.0 dB (")
    assert (
        each == "Device by device, in dB: d0 -5.0, d1 -6.0, d2 +0.1?; with ? by itself undecided."
    )
    line = claimed(-5, 0.05).lines[1]
    assert "undecided" in line
    assert "seeds in place of 3" in line


FIELDS = ("grids", "source", "settings", "epochs", "scores", "outcomes", "seeds")

NETS = {
    "lstm": {"hidden": 16}, "gru": {"hidden": 16, "cell": "gru"},
    "rnn": {"hidden": 16, "cell": "rnn"},
}  # fmt: skip


def nets(made, lstm, gru, rnn):
    return [
        made(esr, model=NETS[cell]) for cell, esr in (("lstm", lstm), ("gru", gru), ("rnn", rnn))
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
            esr, None if highs is None else highs[key], epochs=key[1], model=frames,
            training=training | {"examples": key[0], "epochs": key[1], "milestones": (20, 200)},
        )
        for key, esr in errors.items()
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
        made(esr, model={"hidden": hidden}) for hidden, esr in ((8, 0.02), (16, 0.012), (32, 0.011))
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
    # Of ten in one order nobody knows whether an eleventh keeps it; of forty one does.
    assert answer(results(along), "spectrograms").verdict == "undecided"
    many = [made(0.01 * h, 0.01 * h, model={"hidden": h}, seeds=1) for h in range(4, 64)]
    assert answer(results(many), "spectrograms").verdict == "no"


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
    windowed = made(0.01, model={"kind": "windowed", "hidden": 32, "layers": 2})
    found = answer(results([stateful, windowed]), "stateful")
    assert found.verdict == "yes"
    assert "-10.0 dB" in found.lines[0]
    assert "fewer multiply-adds" in found.lines[0]


def test_seeds_widen_what_is_said(made):
    """Seeds far apart: the same mean decides nothing."""
    near = effect([(made(0.1, apart=0.05), made(0.05, apart=0.05))], error_db)
    far = effect([(made(0.1, apart=1), made(0.05, apart=1))], error_db)
    assert near.found.sign(0.05) == -1
    assert far.found.sign(0.05) == 0


def test_one_training_of_each_decides_nothing(made):
    cells = [made(esr, seeds=1, model=NETS[cell]) for cell, esr in (("lstm", 0.01), ("gru", 0.1))]
    found = answer(results(cells), "LSTMs beat")
    assert found.verdict == "undecided"
    assert "one training of each" in found.lines[0]


def test_frames_of_one_net(made):
    """Of nets alike but for the frame only; others say nothing about it."""
    frames = [
        made(esr, model={"kind": "windowed", "hidden": hidden, "frame": frame})
        for esr, hidden, frame in ((0.04, 16, 32), (0.01, 16, 64), (0.5, 32, 64))
    ]
    found = answer(results(frames), "longer frame")
    assert found.verdict == "yes"
    assert f"{10 * np.log10(0.01 / 0.04):+.1f} dB" in found.lines[0]
    assert "A longer frame is closer" not in {a.claim for a in answers(results(frames[1:]))}


def test_a_net_against_what_costs_as_much(made):
    def priced(ns, *args, **rest):
        cell = made(*args, **rest)
        price = Cost(
            parameters=1, multiply_adds=1, ns_per_sample=ns, block_p99_us=1.0,
            real_time_share=0.1, engine="here",
        )  # fmt: skip
        dear = tuple(one.model_copy(update={"cost": price}) for one in cell.outcomes)
        return Cell(*(getattr(cell, f) for f in FIELDS[:5]), dear, cell.seeds)

    cells = [
        priced(100, 0.02, model={"kind": "wavenet", "preset": "nano"}),
        priced(90, 0.04, model={"hidden": 16}), priced(60, 0.05, model={"hidden": 8}),
        priced(900, 0.001, model={"hidden": 64}),
    ]  # fmt: skip
    found = answer(results(cells), "WaveNet")
    assert found.verdict == "yes"
    assert f"{10 * np.log10(0.02 / 0.04):+.1f} dB" in found.lines[0]
    cells = [
        priced(60, 0.01, model={"cell": "ssm"}), priced(70, 0.04, model={"hidden": 16}),
        priced(70, 0.001, model={"cell": "gru"}), priced(200, 0.001, model={"hidden": 32}),
        priced(70, 0.001, model={"kind": "windowed", "cell": "lstm", "frame": 32}),
    ]  # fmt: skip
    found = answer(results(cells), "State-space")
    assert found.verdict == "yes"
    assert f"{10 * np.log10(0.01 / 0.04):+.1f} dB" in found.lines[0]


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


def test_models_over_all_devices(made):
    """The geometric mean, and only of models that every device has."""
    esr = {"A": (0.01, 0.04), "B": (0.04, 0.01), "C": (0.2, 0.3)}
    cells = [
        made(value, source=source, model={"hidden": hidden}, seeds=1)
        for source, values in esr.items()
        for hidden, value in zip((16, 8), values, strict=True)
    ]
    cells.append(made(0.001, source="A", model={"hidden": 64}, seeds=1))
    table = tables.of(results(cells, "A", "B", "C"))[0]
    assert table.title == "All 3 devices"
    assert [row[0] for row in table.rows] == ["LSTM 16", "LSTM 8"]
    for i, row in enumerate(table.rows):
        mine = [values[i] for values in esr.values()]
        assert row[-2:] == [f"{np.prod(mine) ** (1 / 3):.2g}", f"{max(mine):.2g}"]


def test_what_makes_two_cells_the_same_but_for_a_setting(made):
    a, b = made(0.1, training={"seed": 3}), made(0.1, training={"epochs": 7})
    assert key_of(a.settings) == key_of(b.settings)
    c = made(0.1, model={"cell": "gru"})
    assert key_of(a.settings) != key_of(c.settings)
    assert key_of(a.settings, "model.cell") == key_of(c.settings, "model.cell")
    assert key_of(a.settings, "model") == key_of(made(0.1, model={"hidden": 9}).settings, "model")
