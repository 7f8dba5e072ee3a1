"""Spreads over seconds and seeds, and comparisons that know what chance can do."""

from __future__ import annotations

import numpy as np
import pytest

from drywet.metrics import per_second, statistics, time
from drywet.metrics.per_second import Second

RATE = 1000


def test_spread_over_known_seconds():
    """Errors of 1 %, 2 %, ... of each second's energy."""
    y = np.random.default_rng(0).standard_normal(20 * RATE)
    share = np.repeat(np.arange(1, 21) / 100, RATE)
    p = y * (1 - np.sqrt(share))
    found = per_second.spread(time.esr, [p], [y], RATE)
    assert found.median == pytest.approx(0.105)
    assert found.p95 == pytest.approx(np.quantile(np.arange(1, 21) / 100, 0.95))
    assert found.worst == pytest.approx(0.2)
    r2 = per_second.spread(time.r2, [p], [y], RATE, best_is_high=True)
    assert r2.worst == pytest.approx(0.8, abs=0.01)
    assert r2.worst < r2.p95 < r2.median


def test_quiet_seconds_do_not_make_ratios():
    """An error in a second 60 dB below the whole is no ESR of 1, but counts in the MAE."""
    y = np.ones(3 * RATE)
    y[RATE : 2 * RATE] = 1e-3
    p = y.copy()
    p[RATE : 2 * RATE] = 0
    assert per_second.spread(time.esr, [p], [y], RATE).worst == 0
    assert per_second.spread(time.mae, [p], [y], RATE, relative=False).worst > 0


def test_no_sample_is_left_out_of_the_seconds():
    parts = [np.ones(2500), np.ones(300), np.ones(700)]
    assert [len(s) for s in per_second.cut(parts, RATE)] == [1000, 1000, 1000, 500]
    assert [len(s) for s in per_second.cut([np.ones(1200), np.ones(200)], RATE)] == [1400]
    assert [len(s) for s in per_second.cut([np.ones(200), np.ones(300)], RATE)] == [500]
    found = per_second.energies([0 * part for part in parts], parts, RATE)
    assert found[0] == (1000, 1000)


def test_summary_of_values():
    found = statistics.summary([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.deviation == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
    assert (found.least, found.most, found.runs) == (1, 4, 4)
    assert statistics.summary([7.0]).deviation == 0


def run(errors) -> list[Second]:
    return [Second(float(error), 100.0) for error in errors]


def test_a_difference_in_every_second_is_decided():
    errors = np.random.default_rng(1).uniform(0.5, 2, 20)
    found = statistics.compare([run(errors)], [run(2 * errors)])
    assert found.difference_db == pytest.approx(-10 * np.log10(2))
    assert found.low_db == pytest.approx(found.high_db), "the ratio is the same in every draw"
    assert found.decided
    assert not statistics.compare([run(errors)], [run(errors)]).decided


def test_few_seconds_decide_nothing():
    errors = np.ones(statistics.LEAST_SECONDS - 1)
    assert not statistics.compare([run(errors)], [run(3 * errors)]).decided


def test_other_seconds_are_refused():
    first = run([1, 2, 3])
    with pytest.raises(ValueError, match="different seconds"):
        statistics.compare([first], [[Second(1.0, 99.0)] * 3])
    with pytest.raises(ValueError):
        statistics.compare([first], [run([1, 2])])


def test_chance_is_called_chance():
    """Of 100 pairs of equally good models about one in twenty looks decided."""
    draw = np.random.default_rng(4)
    decided = sum(
        statistics.compare(
            [run(draw.lognormal(0, 0.5, 25))], [run(draw.lognormal(0, 0.5, 25))]
        ).decided
        for _ in range(100)
    )
    assert decided <= 14  # 5 expected; the bootstrap of 25 seconds is a little narrow


@pytest.mark.parametrize(
    ("seeds", "most"), [((2, 2), 12), ((3, 3), 14), ((5, 5), 14), ((5, 1), 14)]
)
def test_the_luck_of_seeds_is_called_chance(seeds, most):
    """Equal models whose seeds come out up to a factor of two apart (5 of 100 expected)."""
    draw = np.random.default_rng(7)
    decided = 0
    for _ in range(100):
        music = draw.lognormal(0, 0.3, 20)  # some seconds are harder, for all alike
        first, second = (
            [run(music * luck) for luck in draw.lognormal(0, 0.35, count)] for count in seeds
        )
        decided += statistics.compare(first, second).decided
    assert decided <= most


def test_welchs_interval_over_seeds():
    """Against scipy: log errors of the seeds, the same in every second."""
    from scipy.stats import ttest_ind

    first, second = [1.0, 1.4, 2.0, 1.1], [0.5, 0.8, 0.6]
    found = statistics.compare(
        [run(np.full(10, e)) for e in first], [run(np.full(10, e)) for e in second]
    )
    test = ttest_ind(10 * np.log10(first), 10 * np.log10(second), equal_var=False)
    low, high = test.confidence_interval(0.95)
    assert found.high_db - found.low_db == pytest.approx(high - low, rel=1e-6)


def test_seeds_widen_the_interval():
    """Runs of one model a factor of two apart: one seed of each proves less than it seems."""
    base = np.random.default_rng(6).uniform(0.9, 1.1, 30)
    first = [run(base * f) for f in (0.5, 1.0, 2.0)]
    second = [run(base * f) for f in (0.7, 1.2, 2.2)]
    assert statistics.compare(first[:1], second[:1]).decided
    assert not statistics.compare(first, second).decided
