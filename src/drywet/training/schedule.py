"""How far a training is: its learning rate, when it looks up, and when a part of it is over.

It counts a start's steps in cycles. One more for what is hard to learn (`drywet.training.far`) and
the last one, for the treble (`drywet.training.treble`), come after them and have lengths of their
own.
"""

from __future__ import annotations

from itertools import pairwise

from drywet.runs.config import Settings
from drywet.training.budget import Budget
from drywet.training.checkpoint import LoopState
from drywet.training.cycles import CLOSE, cosine, cycles_of
from drywet.training.far import Far, settings_for_far
from drywet.training.treble import Treble, settings_for_treble

_RAMP_UPDATES = 50  # the learning rate rises linearly over the first ones
_AFTER_DIVERGING = 0.5  # times the learning rate
_TREBLE_PEAK = 0.5  # of the learning rate
_VALIDATIONS = 20  # in a short budget
_LONG = 4  # cycles after which a net that is still heard is hard to learn


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
        waiting = [self.budget.progress(one["step"], one["elapsed"]) for one in state.waiting]
        whole = sum(self._settings.cycle_steps)
        if state.extra is not None:
            begun = [one for one in (state.far, state.treble) if one is not None]
            scheduled = begun[0].began - state.off_schedule
            spent = state.given_up + sum(waiting) + self.budget.progress(scheduled, state.elapsed)
            spent += sum(min(one.done(state.step), 1.0) * one.steps for one in begun) / whole
            left = sum((1 - min(one.done(state.step), 1.0)) * one.steps for one in begun) / whole
            left += 0 if state.treble is not None else self._settings.treble_steps / whole
            return spent / (spent + left)
        spent = state.given_up + self.progress(state) + sum(waiting)
        extra = self._settings.treble_steps + (self._far_steps if state.best_esr > CLOSE else 0)
        last = extra / whole
        stop, *later = self.cycles.stops[state.cycle :]
        left = sum(stop - progress for progress in (self.progress(state), *waiting))
        edges = zip(pairwise((stop, *later)), self.cycles.starts[state.cycle + 1 :], strict=True)
        left += sum((b - a) * starts for (a, b), starts in edges) + last
        return spent / (spent + left)

    def far(self, state: LoopState) -> Far | None:
        """The further cycle, which begins where the state stands; ``None`` where none is needed.

        Args:
            state: of the loop, at the end of the last cycle of the schedule.
        """
        hard = self._far_steps and state.best_esr > CLOSE
        return Far(state.step, self._far_steps) if hard else None

    @property
    def _far_steps(self) -> int:
        """Of the further cycle; 0 where there is none."""
        steps = self._settings.cycle_steps
        return steps[-1] if self._settings.far_bptt and len(steps) >= _LONG else 0

    def settings(self, state: LoopState) -> Settings:
        """Those of the cycle at hand."""
        far = state.far is not None if state.treble is None else state.treble.far
        settings = settings_for_far(self._settings) if far else self._settings
        return settings if state.treble is None else settings_for_treble(settings)

    def treble(self, state: LoopState, esr: float, esr_pre: float) -> Treble:
        """The last cycle, which begins where the state stands.

        It is as long as the last of the schedule where that gained next to nothing, and nothing
        has been gained since.

        Args:
            state: of the loop, at the end of a cycle.
            esr: validation ESR of the best net.
            esr_pre: the same after pre-emphasis.
        """
        steps, before = self._settings.treble_steps, self._settings.cycle_steps
        early = len(state.ends) < len(before)
        far = state.far is not None and state.best_step > state.far.began
        if early or (not far and self.cycles.flat(state.ends, 1 + steps / sum(before))):
            steps = before[len(state.ends) - 1]
        return Treble(state.step, steps, esr, esr_pre, far)

    def at_most(self, state: LoopState, pause_at: float) -> int:
        """Steps to do before the loop has to look up.

        Args:
            state: of the loop.
            pause_at: share of the budget.
        """
        scheduled = state.step - state.off_schedule
        if state.extra is not None:
            left = state.extra.began + state.extra.steps - state.step
            return min(self.budget.uninterrupted(scheduled), left)
        return self.budget.uninterrupted(scheduled, min(pause_at, self.cycles.stops[state.cycle]))

    def at_end(self, state: LoopState) -> bool:
        """Whether the cycle at hand is over."""
        if state.extra is not None:
            return state.extra.done(state.step) >= 1
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
        elif state.far is not None:
            last = self.cycles.peak(len(self.cycles.stops) - 1)
            share = last * cosine(state.far.done(step), final)
        else:
            done = self.budget.progress(step - state.off_schedule, state.elapsed)
            share = self.cycles.rate(state.cycle, done, final)
        updates = -(-settings.segment // self.settings(state).bptt)  # in a step
        ramp = min(1.0, (step - state.ramp_from + 1) * updates / _RAMP_UPDATES)
        return settings.learning_rate * share * _AFTER_DIVERGING**state.retreats * ramp
