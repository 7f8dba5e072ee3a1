"""How a training descends: in cycles of the learning rate, and with several starts at first.

Each cycle takes the learning rate along a cosine from its peak to its end (warm restarts:
Loshchilov and Hutter, "SGDR", ICLR 2017), so that what stands at its end is a finished model. A
training without a budget has cycles twice as long each time, and ends once another is not expected
to gain anything.

Several seeds begin; after each cycle the better half of them goes on (successive halving: Jamieson
and Talwalkar, AISTATS 2016). Nets that are to learn a fuzz may stay for long where they
barely do better than a filter, and then find their way at once: as long as all do, none is given up
after the first cycle. Others halt half-way, at errors that are heard, and get on after one more
restart: none is thought to be done before it is close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from drywet.runs.config import Settings
from drywet.training.budget import Budget
from drywet.training.checkpoint import LoopState

_FIRST_SHARE = 1 / 16  # of a given budget, while seeds are compared; the next cycles are twice that
_NEXT_PEAK = 0.7  # of the learning rate, over the one before: a high one may lose what was learned
_WORTH_IT = 0.9  # times the score is what another cycle must be expected to reach
_BY_HEART = 2.0  # times the best score, and times the training loss
_LEARNED = 0.03  # ESR above which a net may not have found its way yet
_CLOSE = 0.005  # ESR above which differences are heard


@dataclass(frozen=True)
class Cycles:
    """The cycles of a training.

    Attributes:
        stops: shares of a start's budget at which they end, rising to 1.
        starts: how many take part in each, falling to 1.
        open_ended: it may end after any that one start has gone through alone.
    """

    stops: tuple[float, ...]
    starts: tuple[int, ...]
    open_ended: bool

    @property
    def total(self) -> float:
        """What all starts take together, where a single one from start to end takes 1."""
        edges = pairwise((0.0, *self.stops))
        return sum((b - a) * count for (a, b), count in zip(edges, self.starts, strict=True))

    def rate(self, number: int, done: float, final: float) -> float:
        """The learning rate over its peak, in a cycle, ``done`` of the budget spent.

        Each cycle's peak is lower than that of the one before.
        """
        first, last = (0.0, *self.stops)[number : number + 2]
        within = min(max((done - first) / (last - first), 0.0), 1.0)
        return cosine(within, final) * _NEXT_PEAK**number

    def expected(self, scores: Sequence[float], following: float | None = None) -> float | None:
        """The score at the end of the next cycle, after those at the ends so far.

        By the power law through the last and the last but one before it, or the one before
        where there is no other (Hestness et al., "Deep learning scaling is predictable,
        empirically", 2017); ``None`` where there is no next or there are no two.

        Args:
            scores: at the ends so far.
            following: where the next one ends, as a share of the budget, if not in these cycles.
        """
        count = len(scores)
        ends = self.stops if following is None else (*self.stops, following)
        if not 2 <= count < len(ends) or min(scores) <= 0:
            return None
        first = max(count - 3, 0)
        last, following = ends[count - 1 : count + 1]
        power = math.log(scores[-1] / scores[first]) / math.log(last / self.stops[first])
        return scores[-1] * float((following / last) ** power)

    def enough(self, scores: Sequence[float], esr: float, by_heart: bool = False) -> bool:
        """Whether a training may end after cycles that ended with these scores.

        Args:
            scores: the best so far, at the end of each.
            esr: of the best so far.
            by_heart: the last cycle has learned the training audio by heart.
        """
        if len(scores) >= len(self.stops):
            return True
        alone = self.starts[len(scores) - 1] == 1
        if not (self.open_ended and alone and esr <= _LEARNED):
            return False
        no_more = self.flat(scores) and esr <= _CLOSE
        return by_heart or no_more

    def flat(self, scores: Sequence[float], following: float | None = None) -> bool:
        """Whether the next cycle is expected to gain next to nothing; arguments as `expected`."""
        expected = self.expected(scores, following)
        return expected is not None and expected > _WORTH_IT * scores[-1]

    def going_on(self, number: int, esr: float) -> int:
        """How many starts go on into a cycle, after the best reached such an ESR."""
        if self.open_ended and number == 1 and esr > _LEARNED:
            return self.starts[0]
        return self.starts[number]


def cycles_of(settings: Settings) -> Cycles:
    """The cycles of a training with these settings."""
    training = settings.training
    restarts = settings.restarts
    halvings = math.ceil(math.log2(restarts))
    if training.epochs is None and training.seconds is None:
        steps = settings.cycle_steps
        stops = tuple(stop / sum(steps) for stop in accumulate(steps))
        starts = tuple(max(math.ceil(restarts / 2**n), 1) for n in range(len(steps)))
        return Cycles(stops, starts, open_ended=True)
    stops = (*((2 ** (n + 1) - 1) * _FIRST_SHARE for n in range(halvings)), 1.0)
    starts = tuple(math.ceil(restarts / 2**n) for n in range(halvings + 1))
    for _ in range(training.longer):
        stops, starts = (*(stop / 2 for stop in stops), 1.0), (*starts, 1)
    return Cycles(stops, starts, open_ended=False)


def go_on(state: LoopState, settings: Settings) -> None:
    """Take a finished training into the cycles that were added to it since, with its best start.

    Args:
        state: as it was when it finished.
        settings: of the training now.
    """
    training = settings.training
    if not state.finished or state.longer == training.longer:
        return
    everyone = [state.of_start(), *state.waiting]
    state.take(min(everyone, key=lambda one: float(one["best_score"])))
    if state.treble is not None:
        state.off_schedule += state.step - state.treble.began
        state.best_score, state.treble = state.best_esr, None
    state.waiting, state.idle, state.weights = [], 0, state.best_weights
    then = settings.model_copy(
        update={"training": training.model_copy(update={"longer": state.longer})}
    )
    state.given_up *= _length(then) / _length(settings)
    state.cycle, state.longer, state.finished = state.cycle + 1, training.longer, False


def _length(settings: Settings) -> float:
    """Of a start's whole budget, against that of the same training trained on or not."""
    training = settings.training
    if training.epochs is None and training.seconds is None:
        return sum(settings.cycle_steps)
    return 2.0**training.longer


def after_cycle(state: LoopState, cycles: Cycles, budget: Budget) -> None:
    """Go on with a start that is not as far yet, or into the next cycle with the best, or end.

    Args:
        state: its own start at the end of a cycle, its weights and its optimiser's up to date.
        cycles: of the training.
        budget: of each start.
    """
    stop = cycles.stops[state.cycle]
    everyone = [state.of_start(), *state.waiting]
    behind = [one for one in everyone if budget.progress(one["step"], one["elapsed"]) < stop]
    if not behind:
        everyone.sort(key=lambda one: float(one["best_score"]))
        state.ends.append(everyone[0]["best_score"])
        esr = float(everyone[0]["best_esr"])
        state.finished = cycles.enough(state.ends, esr, everyone[0]["by_heart"])
        if not state.finished:
            state.cycle += 1
            going_on = cycles.going_on(state.cycle, esr)
            for one in everyone[going_on:]:
                state.given_up += budget.progress(one["step"], one["elapsed"])
                state.given_up_seconds += one["elapsed"]
            del everyone[going_on:]
    next_one = behind[0] if behind else everyone[0]
    state.take(next_one)
    state.waiting = [one for one in everyone if one is not next_one]


def learned_by_heart(
    score: float, best: float, validation_loss: float, training_loss: float
) -> bool:
    """Whether a net has come to know the training audio at the cost of all other.

    One that has merely become worse, as recurrent nets do now and then, has on both.

    Args:
        score: of the net as it is.
        best: of its best.
        validation_loss: what it is trained by, on the validation audio.
        training_loss: the same of late on the training audio.
    """
    return score > _BY_HEART * best and validation_loss > _BY_HEART * training_loss


def cosine(progress: float, final: float) -> float:
    """Cosine schedule (Loshchilov and Hutter, ICLR 2017): 1 down to ``final``."""
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))
