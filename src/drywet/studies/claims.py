"""The claims of the 2022 study, answered by the results of a study.

Each claim looks for the pairs of cells that can say something about it, and gives an answer with
numbers and intervals, or none where the study holds no such pairs. An answer is "yes" or "no" only
where a 95 % interval leaves the other out. Most compare cells that differ in one setting alone;
those on cost and on state compare each kind at its best on the test audio, and say so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from drywet.losses.config import LossConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.windowed.config import WindowedConfig
from drywet.studies.effects import Effect, Interval, effect, interval, means
from drywet.studies.results import (
    Cell,
    Results,
    against,
    closest,
    high_error,
    key_of,
    value_of,
)

_NEARLY_DB = 3.0
_SAME_ORDER = 0.9  # Kendall's tau: one pair in twenty turned round
_Pairs = list[tuple[Cell, Cell]]


@dataclass(frozen=True)
class Answer:
    """What the results say to a claim.

    Attributes:
        claim: as the study put it.
        verdict: ``yes``, ``no``, ``undecided``, or ``mixed`` where devices or comparisons differ.
        lines: a sentence for every source and comparison, with numbers.
    """

    claim: str
    verdict: str
    lines: list[str]


def answers(results: Results) -> list[Answer]:
    """Every claim that these results can say something about."""
    tried = (
        _cells(results),
        _bigger(results),
        _more_data(results),
        _longer(results),
        _cost(results),
        _blind_scores(results),
        _easier(results),
        _stateful(results),
        _skip(results),
        _losses(results),
    )
    return [answer for answer in tried if answer is not None]


def _verdict(signs: Sequence[int], wanted: int) -> str:
    if signs and all(sign == wanted for sign in signs):
        return "yes"
    if signs and all(sign == -wanted for sign in signs):
        return "no"
    return "undecided" if not any(signs) else "mixed"


def _counterparts(
    cells: Iterable[Cell], name: str, differs: Callable[[Cell, Cell], bool]
) -> _Pairs:
    """Pairs of cells of one source that differ in one setting, as ``differs`` wants it."""
    together: dict[tuple[str, str, float | None], list[Cell]] = {}
    for cell in cells:
        key = (cell.source, key_of(cell.settings, name), cell.epochs)
        together.setdefault(key, []).append(cell)
    return [
        (a, b)
        for same in together.values()
        for a, b in itertools.permutations(same, 2)
        if differs(a, b)
    ]


def _lines(results: Results, pairs: _Pairs, what: str) -> tuple[list[int], list[str]]:
    """For every source the effect over its pairs, as signs and in words."""
    signs, lines = [], []
    for source in [one.name for one in results.plan.sources]:
        found = effect([pair for pair in pairs if pair[0].source == source], high_error)
        if found is None:
            continue
        signs.append(found.esr.sign)
        lines.append(f"{source}: {what} changes the error by {found.esr}{_rest(found)}.")
    return signs, lines


def _rest(found: Effect) -> str:
    said = f" over {found.pairs} pair{'s' * (found.pairs > 1)}"
    if found.trainings < found.pairs:
        said += f" of {found.trainings} trainings"
    said += f", closer beyond chance in {found.closer} and farther in {found.farther}"
    if found.high is not None and np.isfinite(found.high.low):
        said += f"; over 8 kHz by {found.high}"
    return said


def _cells(results: Results) -> Answer | None:
    signs, lines = [], []
    for other in ("rnn", "gru", "dense"):
        pairs = _counterparts(
            results.cells, "model.cell",
            lambda a, b, other=other: (  # type: ignore[misc]
                value_of(a, "model.cell") == other and value_of(b, "model.cell") == "lstm"
            ),
        )  # fmt: skip
        named = "a feed-forward net" if other == "dense" else f"{other.upper()}"
        found = _lines(results, pairs, f"an LSTM in place of {named}")
        signs += found[0]
        lines += found[1]
    if not lines:
        return None
    return Answer("LSTMs beat RNNs, GRUs and feed-forward nets", _verdict(signs, -1), lines)


def _size(cell: Cell) -> tuple[str, str]:
    """What must be the same for two models to differ in size alone."""
    model = cell.settings.model
    if not isinstance(model, RecurrentConfig | WindowedConfig):
        return (model.title, "")
    frame = f"{model.frame}" if isinstance(model, WindowedConfig) else f"skip {model.skip}"
    return (f"{model.kind} {model.cell}", frame)


def _bigger(results: Results) -> Answer | None:
    """Every net against the next larger one of its kind."""
    larger = _counterparts(
        results.cells, "model",
        lambda a, b: _size(a) == _size(b) and a.parameters < b.parameters,
    )  # fmt: skip
    following: dict[int, int] = {}
    for a, b in larger:
        following[id(a)] = min(following.get(id(a), b.parameters), b.parameters)
    pairs = [(a, b) for a, b in larger if b.parameters == following[id(a)]]
    signs, lines = _lines(results, pairs, "the next larger net")
    return Answer("Bigger nets are better", _verdict(signs, -1), lines) if lines else None


def _more_data(results: Results) -> Answer | None:
    signs, lines = [], []
    for name in ("training.examples", "capture.train_seconds"):
        largest = _extremes(results.cells, name)
        found = _lines(results, largest, "the largest training set in place of the smallest")
        signs += found[0]
        lines += found[1]
    return Answer("More data is better", _verdict(signs, -1), lines) if lines else None


def _extremes(cells: Iterable[Cell], name: str) -> _Pairs:
    """Cells that differ in the amount of data only: of each such family the least and the most."""
    families: dict[tuple[str, str, float | None], list[Cell]] = {}
    for cell in cells:
        if value_of(cell, name) is not None:
            key = (cell.source, key_of(cell.settings, name), cell.epochs)
            families.setdefault(key, []).append(cell)
    return [
        (
            min(found, key=lambda cell: float(value_of(cell, name))),
            max(found, key=lambda cell: float(value_of(cell, name))),
        )
        for found in families.values()
        if len(found) > 1
    ]


def _longer(results: Results) -> Answer | None:
    """The error over 8 kHz late in a training: from its geometric middle to its end.

    Not from the least on the way: that a curve ends above its least point is no finding.
    """
    lines, signs = [], []
    for source in [one.name for one in results.plan.sources]:
        whole, late = _stretches(results.of(source))
        found, end = effect(whole, high_error), effect(late, high_error)
        if found is None or end is None:
            continue
        both = [
            (b.esr / a.esr, there / here)
            for a, b in late
            if (here := a.mean(high_error)) and (there := b.mean(high_error))
        ]
        hidden = sum(esr < 1 < high for esr, high in both)
        signs.append(0 if end.high is None else end.high.sign)
        first, middle, last = whole[0][0].epochs, late[0][0].epochs, whole[0][1].epochs
        lines.append(
            f"{source}: from {first:g} to {last:g} epochs the error changes by {found.esr}"
            f"{_rest(found)}. From {middle:g} to {last:g} by {end.esr}{_rest(end)}; in {hidden} of "
            f"{len(both)} the ESR falls there while the error over 8 kHz rises."
        )
    if not lines:
        return None
    return Answer("Longer training adds high-frequency noise", _verdict(signs, 1), lines)


def _stretches(cells: Iterable[Cell]) -> tuple[_Pairs, _Pairs]:
    """Of every training its first and last length, and its middle and last one."""
    families: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.epochs is not None:
            families.setdefault(key_of(cell.settings), []).append(cell)
    whole, late = [], []
    for found in families.values():
        ordered = sorted(found, key=lambda cell: cell.epochs or 0.0)
        if len(ordered) < 2:
            continue
        first, last = ordered[0].epochs or 1.0, ordered[-1].epochs or 1.0
        middle = min(
            ordered[:-1],
            key=lambda cell: abs(np.log((cell.epochs or 1.0) ** 2 / (first * last))),
        )
        whole.append((ordered[0], ordered[-1]))
        late.append((middle, ordered[-1]))
    return whole, late


def _cost(results: Results) -> Answer | None:
    """The cheapest net against the closest, each at its best on the test audio."""
    lines, signs = [], []
    for source in [one.name for one in results.plan.sources]:
        best = [c for c in closest(results.of(source)) if c.settings.model.kind != "linear"]
        if len(best) < 2:
            continue
        first = min(best, key=lambda c: c.esr)
        cheapest = min(best, key=lambda c: c.multiply_adds)
        if first is cheapest:
            lines.append(f"{source}: {first.title} is both the closest and the cheapest.")
            signs.append(1)
            continue
        found = against(cheapest, first)
        if found is None:
            continue
        behind = Interval(found.difference_db, found.low_db, found.high_db)
        times = first.multiply_adds / cheapest.multiply_adds
        signs.append(1 if behind.high < _NEARLY_DB else -1 if behind.low > _NEARLY_DB else 0)
        lines.append(
            f"{source}: {first.title} is the closest (ESR {first.esr:.2g}); the cheapest, "
            f"{cheapest.title}, is {behind} behind at 1/{times:.0f} of the multiply-adds."
        )
    if not lines:
        return None
    claim = f"Small models are nearly as good (within {_NEARLY_DB:g} dB) at a fraction of the cost"
    return Answer(claim, _verdict(signs, 1), lines)


def _blind_scores(results: Results) -> Answer | None:
    """How often two models are put in another order by ESR than by the error over 8 kHz."""
    from scipy.stats import kendalltau

    lines, signs = [], []
    for source in [one.name for one in results.plan.sources]:
        rows = [
            (cell.esr, high, cell.mean(lambda s: s.log_spectral_db), cell.trainings)
            for cell in results.of(source)
            if (high := cell.mean(high_error)) is not None
        ]
        if len({row[3] for row in rows}) < 6:
            continue
        esr, treble, spectral = (np.array([row[i] for row in rows], float) for i in range(3))
        tau, other = (float(kendalltau(esr, x).statistic) for x in (treble, spectral))
        low, upper = _tau_interval(esr, treble, [row[3] for row in rows])
        signs.append(1 if upper < _SAME_ORDER else -1 if low > _SAME_ORDER else 0)
        lines.append(
            f"{source}: of all pairs of the {len(rows)} points ESR and the error over 8 kHz put "
            f"{(1 - tau) / 2:.0%} in opposite order (Kendall's tau {tau:.2f}, {low:.2f} to "
            f"{upper:.2f}); ESR and log-spectral distance {(1 - other) / 2:.0%}."
        )
    if not lines:
        return None
    claim = "ESR does not show what spectrograms show (R² is 1 - ESR)"
    return Answer(claim, _verdict(signs, 1), lines)


def _tau_interval(
    x: np.ndarray, y: np.ndarray, trainings: Sequence[tuple[str, ...]]
) -> tuple[float, float]:
    """Bootstrap over the trainings, each with all of its lengths."""
    from scipy.stats import kendalltau

    rng = np.random.default_rng(2022)
    places: dict[tuple[str, ...], list[int]] = {}
    for place, name in enumerate(trainings):
        places.setdefault(name, []).append(place)
    groups = list(places.values())
    draws = []
    for _ in range(400):
        drawn = rng.integers(len(groups), size=len(groups))
        chosen = np.concatenate([groups[i] for i in drawn])
        draws.append(kendalltau(x[chosen], y[chosen]).statistic)
    low, high = np.nanquantile(draws, (0.025, 0.975))
    return float(low), float(high)


def _easier(results: Results) -> Answer | None:
    """Two sources are scored on other audio each: only the same models' ESR can be compared."""
    names = [one.name for one in results.plan.sources]
    if len(names) != 2:
        return None
    first, second = names
    theirs = {(key_of(c.settings), c.epochs): c for c in results.of(second)}
    pairs = [
        (cell, theirs[key])
        for cell in results.of(first)
        if (key := (key_of(cell.settings), cell.epochs)) in theirs
    ]
    together: dict[tuple[tuple[str, ...], ...], list[float]] = {}
    for a, b in pairs:
        ratio = 10 * float(np.log10(a.esr / b.esr))
        together.setdefault((a.trainings, b.trainings), []).append(ratio)
    if len(together) < 3:
        return None
    found = interval(means(together.values()))
    linear = [_linear(pairs[0][i]) for i in (0, 1)]
    line = (
        f"{first} against {second}: the ESR of the same model is {found} over {len(together)} "
        f"trainings. A linear filter alone has {linear[0]:.2g} and {linear[1]:.2g}."
    )
    claim = f"{first} is easier to learn than {second}"
    return Answer(claim, _verdict([found.sign], -1), [line])


def _linear(cell: Cell) -> float:
    found = [o.linear.esr for o in cell.outcomes if o.linear is not None]
    return float(np.mean(found)) if found else float("nan")


def _stateful(results: Results) -> Answer | None:
    lines, signs = [], []
    for source in [one.name for one in results.plan.sources]:
        best = closest(results.of(source))
        stateful = [c for c in best if isinstance(c.settings.model, RecurrentConfig)]
        windowed = [c for c in best if isinstance(c.settings.model, WindowedConfig)]
        if not stateful or not windowed:
            continue
        one = min(stateful, key=lambda c: c.esr)
        other = min(windowed, key=lambda c: c.esr)
        found = effect([(other, one)], high_error)
        if found is None:
            continue
        signs.append(found.esr.sign)
        ratio = other.multiply_adds / one.multiply_adds
        change = f"{ratio:.0f} times fewer" if ratio > 1 else f"{1 / ratio:.1f} times as many"
        lines.append(
            f"{source}: {one.title} (ESR {one.esr:.2g}) in place of {other.title} (ESR "
            f"{other.esr:.2g}) changes the error by {found.esr}, with {change} multiply-adds."
        )
    if not lines:
        return None
    return Answer("A stateful net is closer than the best windowed one", _verdict(signs, -1), lines)


def _skip(results: Results) -> Answer | None:
    pairs = _counterparts(
        results.cells, "model.skip",
        lambda a, b: value_of(a, "model.skip") is False and value_of(b, "model.skip") is True,
    )  # fmt: skip
    signs, lines = _lines(results, pairs, "adding the dry signal to the output")
    claim = "Adding the dry signal to the output (skip) helps"
    return Answer(claim, _verdict(signs, -1), lines) if lines else None


def _losses(results: Results) -> Answer | None:
    """Every other loss against plain ESR."""
    plain = LossConfig(pre_emphasis=0)
    signs, lines = [], []
    others = {cell.settings.minimised for cell in results.cells} - {plain}
    for other in sorted(others, key=str):
        pairs = _counterparts(
            results.cells, "loss",
            lambda a, b, other=other: (  # type: ignore[misc]
                a.settings.minimised == plain and b.settings.minimised == other
            ),
        )  # fmt: skip
        found = _lines(results, pairs, f"the loss {_loss_title(other)} in place of ESR")
        signs += found[0]
        lines += found[1]
    return Answer("Other losses than ESR are better", _verdict(signs, -1), lines) if lines else None


def _loss_title(loss: LossConfig) -> str:
    emphasis = f" pre-emphasised by {loss.pre_emphasis:g}" if loss.pre_emphasis else ""
    parts = [
        f"{weight:g} {name}" if weight != 1 else name
        for name, weight in (
            (f"ESR{emphasis}", loss.esr),
            ("MAE", loss.mae), ("DC", loss.dc), ("MR-STFT", loss.mrstft),
        )
        if weight
    ]  # fmt: skip
    return " + ".join(parts)
