"""How far a training is: its learning rate, when it looks up, and when a part of it is over.

It counts a start's steps in cycles. The last one, for the treble (`drywet.training.treble`), comes
after them and has a length of its own.
"""

from __future__ import annotations

from itertools import pairwise

from drywet.runs.config import Settings
from drywet.training.budget import Budget
from drywet.training.checkpoint import LoopState
from drywet.training.cycles import cosine, cycles_of
from drywet.training.treble import Treble

_RAMP_UPDATES = 50  # the learning rate rises linearly over the first ones
_AFTER_DIVERGING = 0.5  # times the learning rate
_TREBLE_PEAK = 0.5  # of the learning rate
_VALIDATIONS = 20  # in a short budget


class Schedule:
    """Of a training; the state of its loop says where it stands.

    Args:
        settings: of the training.
        train_samples: samples in the training spans.
        validation_samples: samples that a validation plays.
        run_up: most of these only settle the net: it validates often all the same.
    """

    def __init__(
        self, settings: Settings, train_samples: int, validation_samples: int, run_up: bool = False
    ) -> None:
        self.cycles = cycles_of(settings)
        self.budget = Budget(
            settings, train_samples, validation_samples, self.cycles.total,
            _VALIDATIONS if run_up else None,
        )  # fmt: skip
        self._settings = settings

    def progress(self, state: LoopState) -> float:
        """Share of its budget that the start at hand has spent."""
        return self.budget.progress(state.step - state.off_schedule, state.elapsed)

    def done(self, state: LoopState) -> float:
        """Share of what all starts may take, were the better half to go on after each cycle."""
        if state.treble is not None:
            spent = state.given_up + self._before_treble(state.treble, state)
            last = state.treble.steps / sum(self._settings.cycle_steps)
            return (spent + last * state.treble.done(state.step)) / (spent + last)
        waiting = [self.budget.progress(one["step"], one["elapsed"]) for one in state.waiting]
        spent = state.given_up + self.progress(state) + sum(waiting)
        last = self._settings.treble_steps / sum(self._settings.cycle_steps)
        stop, *later = self.cycles.stops[state.cycle :]
        left = sum(stop - progress for progress in (self.progress(state), *waiting))
        edges = zip(pairwise((stop, *later)), self.cycles.starts[state.cycle + 1 :], strict=True)
        left += sum((b - a) * starts for (a, b), starts in edges) + last
        return spent / (spent + left)

    def treble(self, state: LoopState, esr: float, esr_pre: float) -> Treble:
        """The last cycle, which begins where the state stands.

        It is as long as the one before where that gained next to nothing.

        Args:
            state: of the loop, at the end of a cycle.
            esr: validation ESR of the best net.
            esr_pre: the same after pre-emphasis.
        """
        steps, before = self._settings.treble_steps, self._settings.cycle_steps
        early = len(state.ends) < len(before)
        if early or self.cycles.flat(state.ends, 1 + steps / sum(before)):
            steps = before[len(state.ends) - 1]
        return Treble(state.step, steps, esr, esr_pre)

    def at_most(self, state: LoopState, pause_at: float) -> int:
        """Steps to do before the loop has to look up.

        Args:
            state: of the loop.
            pause_at: share of the budget.
        """
        scheduled = state.step - state.off_schedule
        if state.treble is not None:
            left = state.treble.began + state.treble.steps - state.step
            return min(self.budget.uninterrupted(scheduled), left)
        return self.budget.uninterrupted(scheduled, min(pause_at, self.cycles.stops[state.cycle]))

    def at_end(self, state: LoopState) -> bool:
        """Whether the cycle at hand is over."""
        if state.treble is not None:
            return state.treble.done(state.step) >= 1
        return self.progress(state) >= self.cycles.stops[state.cycle]

    def validates(self, state: LoopState) -> bool:
        """Whether it is time to look at the validation audio."""
        scheduled = state.step - state.off_schedule
        return scheduled % self.budget.validate_every == 0 or self.at_end(state)

    def rate(self, state: LoopState, ahead: int = 0) -> float:
        """The learning rate of a step; where progress follows the clock, by the time so far.

        Args:
            state: of the loop.
            ahead: steps after the one that is next.
        """
        settings, step = self._settings, state.step + ahead
        final = settings.training.final_rate
        if state.treble is not None:
            share = _TREBLE_PEAK * cosine(state.treble.done(step), final)
        else:
            done = self.budget.progress(step - state.off_schedule, state.elapsed)
            share = self.cycles.rate(state.cycle, done, final)
        updates = -(-settings.segment // settings.bptt)  # in a step
        ramp = min(1.0, (step - state.ramp_from + 1) * updates / _RAMP_UPDATES)
        return settings.learning_rate * share * _AFTER_DIVERGING**state.retreats * ramp

    def _before_treble(self, begun: Treble, state: LoopState) -> float:
        return self.budget.progress(begun.began - state.off_schedule, state.elapsed)
