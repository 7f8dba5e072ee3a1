"""What the 2022 study could not ask, as what a study finds for and against each claim."""

from __future__ import annotations

from collections.abc import Callable

from drywet.losses.config import LossConfig
from drywet.metrics.scores import Scores
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.models.windowed.config import WindowedConfig
from drywet.studies.claim import Claim, Finding, Pairs, compared
from drywet.studies.claims_2022 import treble
from drywet.studies.effects import effect, error_db
from drywet.studies.estimate import Interval
from drywet.studies.outcome import Outcome
from drywet.studies.pairs import counterparts, extremes
from drywet.studies.results import Cell, Results, closest, value_of

_AS_DEAR = 1.5  # times the time of a sample: the most that counts as equal cost


def stateful(results: Results) -> Claim:
    """A net that keeps its state against the best one over frames."""
    claim = Claim("A stateful net is closer than the best windowed one", -1)
    for source in results.plan.sources:
        best = closest(results.of(source.name))
        keeping = [c for c in best if isinstance(c.settings.model, RecurrentConfig)]
        windowed = [c for c in best if isinstance(c.settings.model, WindowedConfig)]
        if not keeping or not windowed:
            continue
        one = min(keeping, key=lambda c: c.esr)
        other = min(windowed, key=lambda c: c.esr)
        found = effect([(other, one)], error_db)
        if found is None:
            continue
        ratio = other.multiply_adds / one.multiply_adds
        change = f"{ratio:.0f} times fewer" if ratio > 1 else f"{1 / ratio:.1f} times as many"

        def said(
            interval: Interval, level: float, name: str = source.name, one: Cell = one,
            other: Cell = other, change: str = change,
        ) -> str:  # fmt: skip
            return (
                f"{name}: {one.title} (ESR {one.esr:.2g}) in place of {other.title} (ESR "
                f"{other.esr:.2g}) changes the error by {interval}, with {change} multiply-adds"
            )

        claim.add([Finding(found.found, said, found.seeds)])
    return claim


def frames(results: Results) -> Claim:
    """The longest frame against the shortest: what a windowed net can remember."""
    claim = Claim("A longer frame is closer", -1)
    pairs = extremes(results.cells, "model.frame")
    claim.add(compared(results, pairs, "the longest frame for the shortest", beside=treble))
    return claim


def skip(results: Results) -> Claim:
    """Adding the dry signal."""
    pairs = counterparts(
        results.cells, "model.skip",
        lambda a, b: value_of(a, "model.skip") is False and value_of(b, "model.skip") is True,
    )  # fmt: skip
    claim = Claim("Adding the dry signal to the output (skip) helps", -1)
    claim.add(compared(results, pairs, "adding the dry signal to the output", beside=treble))
    return claim


def losses(results: Results) -> Claim:
    """Every other loss against plain ESR."""
    claim = Claim("Other losses than ESR are better", -1)
    plain = LossConfig(pre_emphasis=0)
    others = {cell.settings.minimised for cell in results.cells} - {plain}
    for other in sorted(others, key=str):
        pairs = counterparts(
            results.cells, "loss",
            lambda a, b, other=other: (  # type: ignore[misc]
                a.settings.minimised == plain and b.settings.minimised == other
            ),
        )  # fmt: skip
        what = f"the loss {_loss_title(other)} in place of ESR"
        claim.add(compared(results, pairs, what, beside=treble))
    return claim


def optimizer(results: Results) -> Claim:
    """SOAP against Adam, whatever else goes with each of them."""
    pairs = counterparts(
        results.cells, "training",
        lambda a, b: (a.settings.optimizer, b.settings.optimizer) == ("adam", "soap")
        and a.settings.capture == b.settings.capture,
    )  # fmt: skip
    claim = Claim("The preconditioned optimiser (SOAP) beats Adam", -1)
    claim.add(compared(results, pairs, "SOAP in place of Adam", beside=treble))
    return claim


def wavenets(results: Results) -> Claim:
    """Every WaveNet against the closest recurrent net that costs at most as much to run."""
    claim = Claim("A WaveNet is closer than a recurrent net of its cost", -1)
    pairs = _as_dear(
        results,
        lambda cell: isinstance(cell.settings.model, WaveNetConfig),
        lambda cell: isinstance(cell.settings.model, RecurrentConfig),
    )
    what = "a WaveNet in place of the closest recurrent net of no higher cost"
    claim.add(compared(results, pairs, what, beside=treble))
    return claim


def state_spaces(results: Results) -> Claim:
    """Every net of state-space layers against the closest LSTM that costs at most as much."""
    claim = Claim("State-space layers are closer than an LSTM of their cost", -1)
    pairs = _as_dear(
        results,
        lambda cell: _is_recurrent(cell, "ssm"),
        lambda cell: _is_recurrent(cell, "lstm"),
    )
    what = "state-space layers in place of the closest LSTM of no higher cost"
    claim.add(compared(results, pairs, what, beside=treble))
    return claim


def _is_recurrent(cell: Cell, name: str) -> bool:
    model = cell.settings.model
    return isinstance(model, RecurrentConfig) and model.cell == name


def _as_dear(
    results: Results, these: Callable[[Cell], bool], others: Callable[[Cell], bool]
) -> Pairs:
    """Each of these with the closest of the others that costs at most as much to run."""
    pairs: Pairs = []
    for source in results.plan.sources:
        best = [(cell, cell.ns_per_sample) for cell in closest(results.of(source.name))]
        priced = [(cell, cost) for cell, cost in best if cost is not None]
        for cell, cost in priced:
            if these(cell):
                beside = [one for one, other in priced if others(one) and other <= cost * _AS_DEAR]
                if beside:
                    pairs.append((min(beside, key=lambda one: one.esr), cell))
    return pairs


def rate(results: Results) -> Claim:
    """The highest rate against the lowest: aliasing, for the scores are of other audio."""

    def aliasing(scores: Scores, outcome: Outcome) -> float | None:
        return outcome.aliasing_db

    claim = Claim("A higher rate aliases less", -1)
    pairs = extremes(results.cells, "capture.rate")
    named = "the highest rate in place of the lowest"
    claim.add(
        compared(results, pairs, named, aliasing, changed="the aliasing of sines", same_audio=False)
    )
    return claim


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
