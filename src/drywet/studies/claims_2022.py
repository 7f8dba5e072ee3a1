"""The claims of the 2022 study, as what a study finds for and against each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drywet.metrics.scores import Scores
from drywet.studies.claim import Claim, Finding, Pairs, compared, witnesses
from drywet.studies.effects import Effect, decibel, effect, error_db, means, over_devices
from drywet.studies.estimate import Estimate, Interval, estimate
from drywet.studies.outcome import Outcome
from drywet.studies.pairs import counterparts, extremes, next_larger, stretches
from drywet.studies.results import Cell, Results, closest, high_error, key_of, value_of
from drywet.words import listed

_NEARLY_DB = 3.0
_SAME_ORDER = 0.9  # Kendall's tau: one pair in twenty turned round
_DRAWS = 400
_LEAST_TRAININGS = 6
_LEAST_PAIRS = 3


def high_db(scores: Scores, outcome: Outcome) -> float | None:
    """The error over 8 kHz."""
    return decibel(high_error(scores))


def treble(pairs: Pairs, level: float) -> str:
    """What the pairs' treble does, to be said beside the error in all."""
    found = effect(pairs, high_db)
    return "" if found is None else f"; the error over 8 kHz by {found.found.interval(level)}"


def cells(results: Results) -> Claim:
    """LSTMs against other cells, of those that were trained."""
    there = {value_of(cell, "model.cell") for cell in results.cells}
    others = {"rnn": "RNNs", "gru": "GRUs", "dense": "feed-forward nets"}
    tried = [name for cell, name in others.items() if cell in there]
    claim = Claim(f"LSTMs beat {listed(tried)}", -1)
    for other in others:
        pairs = counterparts(
            results.cells, "model.cell",
            lambda a, b, other=other: (  # type: ignore[misc]
                value_of(a, "model.cell") == other and value_of(b, "model.cell") == "lstm"
            ),
        )  # fmt: skip
        named = "a feed-forward net" if other == "dense" else f"{other.upper()}"
        claim.add(compared(results, pairs, f"an LSTM in place of {named}", beside=treble))
    return claim


def bigger(results: Results) -> Claim:
    """Every net against the next larger one of its kind."""
    claim = Claim("Bigger nets are better", -1)
    claim.add(compared(results, next_larger(results.cells), "the next larger net", beside=treble))
    return claim


def more_data(results: Results) -> Claim:
    """The most data against the least."""
    claim = Claim("More data is better", -1)
    what = "the largest training set in place of the smallest"
    for name in ("training.examples", "capture.train_seconds"):
        claim.add(compared(results, extremes(results.cells, name), what, beside=treble))
    return claim


def longer(results: Results) -> Claim:
    """The error over 8 kHz late in a training: from its geometric middle to its end."""
    claim = Claim("Longer training adds high-frequency noise", 1)
    for source in results.plan.sources:
        whole, late = stretches(results.of(source.name))
        end, all_of_it = effect(late, high_db), effect(whole, error_db)
        if end is None or all_of_it is None:
            continue
        both = [
            (b.esr / a.esr, there / here)
            for a, b in late
            if (here := a.mean(high_error)) and (there := b.mean(high_error))
        ]
        hidden = sum(esr < 1 < high for esr, high in both)
        first, middle, last = whole[0][0].epochs, late[0][0].epochs, whole[0][1].epochs
        errors = effect(late, error_db)

        def said(
            interval: Interval, level: float, name: str = source.name, whole: Pairs = whole,
            errors: Estimate | None = None if errors is None else errors.found,
            most: Estimate = all_of_it.found, rest: str = witnesses(end),
            lengths: tuple[float | None, ...] = (first, middle, last),
            counts: str = f"{hidden} of {len(both)}",
        ) -> str:  # fmt: skip
            late_error = "" if errors is None else f", the error by {errors.interval(level)}"
            return (
                f"{name}: from {lengths[1]:g} to {lengths[2]:g} epochs the error over 8 kHz "
                f"changes by {interval}{rest}{late_error}; in {counts} the ESR falls there while "
                f"the error over 8 kHz rises. From {lengths[0]:g} epochs on the error changes by "
                f"{most.interval(level)}{treble(whole, level)}"
            )

        claim.add([Finding(end.found, said, end.seeds)])
    return claim


def cost(results: Results) -> Claim:
    """The cheapest net against the closest, each at its best on the test audio."""
    claim = Claim(
        f"Small models are nearly as good (within {_NEARLY_DB:g} dB) at a fraction of the cost", -1
    )
    findings: list[Finding] = []
    effects: list[Effect] = []
    for source in results.plan.sources:
        best = [c for c in closest(results.of(source.name)) if c.settings.model.kind != "linear"]
        if len(best) < 2:
            continue
        first = min(best, key=lambda c: c.esr)
        cheapest = min(best, key=lambda c: c.multiply_adds)
        found = effect([(first, cheapest)], error_db, _NEARLY_DB)
        if found is None:
            continue
        times = first.multiply_adds / cheapest.multiply_adds

        def said(
            interval: Interval, level: float, name: str = source.name, first: Cell = first,
            cheapest: Cell = cheapest, times: float = times,
        ) -> str:  # fmt: skip
            if first is cheapest:
                return f"{name}: {first.title} is both the closest and the cheapest"
            return (
                f"{name}: {first.title} is the closest (ESR {first.esr:.2g}); the cheapest, "
                f"{cheapest.title}, is {interval} behind at 1/{times:.0f} of the multiply-adds"
            )

        effects.append(found)
        certain = Estimate(0.0, 0.0, 1, np.inf, _NEARLY_DB)
        decides = certain if first is cheapest else found.found
        findings.append(Finding(decides, said, found.seeds, source.name))
    general = over_devices(effects, _NEARLY_DB)
    if general is not None:

        def over_all(interval: Interval, level: float) -> str:
            return f"All {general.trainings} devices: the cheapest is {interval} behind the closest"

        findings.append(Finding(general.found, over_all, general.seeds, above=True))
    claim.add(findings)
    return claim


def blind_scores(results: Results) -> Claim:
    """How often two models are put in another order by ESR than by the error over 8 kHz."""
    from scipy.stats import kendalltau

    claim = Claim("ESR does not show what spectrograms show (R² is 1 - ESR)", -1)
    for source in results.plan.sources:
        rows = [
            (cell.esr, high, cell.mean(lambda s: s.log_spectral_db), cell.trainings)
            for cell in results.of(source.name)
            if (high := cell.mean(high_error)) is not None
        ]
        trainings = [row[3] for row in rows]
        if len(set(trainings)) < _LEAST_TRAININGS:
            continue
        esr, treble_error, spectral = (np.array([row[i] for row in rows], float) for i in range(3))
        tau, other = (float(kendalltau(esr, x).statistic) for x in (treble_error, spectral))
        error = _tau_error(esr, treble_error, trainings)
        found = Estimate(tau, error, len(set(trainings)), np.inf, _SAME_ORDER)

        def said(
            interval: Interval, level: float, name: str = source.name, count: int = len(rows),
            other: float = other,
        ) -> str:  # fmt: skip
            tau, low, high = interval
            return (
                f"{name}: of all pairs of the {count} points ESR and the error over 8 kHz put "
                f"{(1 - tau) / 2:.0%} in opposite order (Kendall's tau {tau:.2f}, {low:.2f} to "
                f"{min(high, 1.0):.2f}); ESR and log-spectral distance {(1 - other) / 2:.0%}"
            )

        claim.add([Finding(found, said, None)])
    return claim


def _tau_error(x: np.ndarray, y: np.ndarray, trainings: Sequence[tuple[str, ...]]) -> float:
    """Standard error by a bootstrap over the trainings, each with all of its lengths.

    Of few that all lie in one order every draw gives the same: no less than one in as many.
    """
    from scipy.stats import kendalltau

    rng = np.random.default_rng(2022)
    places: dict[tuple[str, ...], list[int]] = {}
    for place, name in enumerate(trainings):
        places.setdefault(name, []).append(place)
    groups = list(places.values())
    draws = []
    for _ in range(_DRAWS):
        drawn = rng.integers(len(groups), size=len(groups))
        chosen = np.concatenate([groups[i] for i in drawn])
        draws.append(kendalltau(x[chosen], y[chosen]).statistic)
    return max(float(np.nanstd(draws, ddof=1)), 1 / len(groups))


def easier(results: Results) -> Claim:
    """Two sources are scored on other audio each: only the same models' ESR can be compared."""
    names = [one.name for one in results.plan.sources]
    if len(names) != 2:
        return Claim("One device is easier to learn than another", -1)
    first, second = names
    claim = Claim(f"{first} is easier to learn than {second}", -1)
    theirs = {(key_of(c.settings), c.epochs): c for c in results.of(second)}
    pairs = [
        (cell, theirs[key])
        for cell in results.of(first)
        if (key := (key_of(cell.settings), cell.epochs)) in theirs
    ]
    together: dict[tuple[str, str], list[float]] = {}
    for a, b in pairs:
        for seed, (scores, outcome) in a.by_seed.items():
            if seed in b.by_seed:
                others, there = b.by_seed[seed]
                ratio = 10 * float(np.log10(scores.esr / others.esr))
                together.setdefault((outcome.id, there.id), []).append(ratio)
    if len(together) < _LEAST_PAIRS:
        return claim
    found = estimate(means(together.values()))
    linear = [_linear(pairs[0][i]) for i in (0, 1)]

    def said(interval: Interval, level: float) -> str:
        return (
            f"{first} against {second}: the ESR of the same model is {interval} over "
            f"{len(together)} trainings. A linear filter alone has {linear[0]:.2g} and "
            f"{linear[1]:.2g}"
        )

    claim.add([Finding(found, said, min(min(a.runs, b.runs) for a, b in pairs))])
    return claim


def _linear(cell: Cell) -> float:
    found = [o.linear.esr for o in cell.outcomes if o.linear is not None]
    return float(np.mean(found)) if found else float("nan")
