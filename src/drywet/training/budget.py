"""How long to train, and how far along a run is."""

from __future__ import annotations

import math

from drywet.runs.config import Settings

_VALIDATION_SHARE = 0.1
# What a validated sample costs, in trained ones: forward only, with context and band spectra.
_VALIDATION_COST = 0.7
_SPECTRAL_COST = 8.0  # with the MR-STFT
_LEAST_STEPS_BETWEEN = 10


class Budget:
    """Turns a step's number and the time spent into progress from 0 to 1.

    Where ``seconds`` is set progress follows the clock, otherwise the step's number,
    which makes the run repeatable to the bit.

    Args:
        settings: of the run.
        train_samples: samples in the training spans, an epoch where no number of examples is set.
        validation_samples: samples that a validation plays.
        starts: how often the whole is trained in all (`drywet.training.cycles.Cycles.total`):
            seconds are divided among them.
        at_least: validations in a budget of steps, however much they cost.
    """

    def __init__(
        self,
        settings: Settings,
        train_samples: int,
        validation_samples: int,
        starts: float = 1.0,
        at_least: int | None = None,
    ) -> None:
        config = settings.training
        per_step = settings.batch * settings.segment
        examples = config.examples
        self.epochs_per_step = settings.batch / examples if examples else per_step / train_samples
        times = 2**config.longer  # where it is trained on, by one start alone
        self.seconds = None
        if config.seconds is not None:
            self.seconds = config.seconds * times / (starts * times - times + 1)
        self.steps: int | None = None
        if config.epochs is not None:
            self.steps = max(1, math.ceil(config.epochs / self.epochs_per_step)) * times
        elif config.seconds is None:
            self.steps = sum(settings.cycle_steps)
        self._milestones: dict[int, list[float]] = {}
        for epochs in config.milestones:
            step = max(1, math.ceil(epochs / self.epochs_per_step))
            self._milestones.setdefault(step, []).append(epochs)
        each = _SPECTRAL_COST if config.select in ("mrstft", "composite") else _VALIDATION_COST
        cheap = each * validation_samples / (per_step * _VALIDATION_SHARE)
        most = math.ceil(cheap)
        if at_least is not None and self.steps is not None:
            most = min(most, self.steps // at_least)
        self.validate_every = config.validate_every or max(_LEAST_STEPS_BETWEEN, most)

    def progress(self, step: int, elapsed: float) -> float:
        """Share of the budget that is spent after ``step`` steps and ``elapsed`` seconds."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / self.steps)
        if self.seconds is not None:
            shares.append(elapsed / self.seconds)
        return min(max(shares), 1.0)

    def uninterrupted(self, step: int, pause_at: float = 1.0) -> int:
        """Steps from ``step`` on, at least one, before a validation, a milestone or the pause.

        Args:
            step: done so far.
            pause_at: share of the budget.
        """
        left = self.validate_every - step % self.validate_every
        ends = [at for at in self._milestones if at > step]
        if self.steps is not None:
            ends.append(math.ceil(pause_at * self.steps))
        return max(min(left, *(end - step for end in ends)), 1) if ends else left

    def milestones(self, step: int) -> list[float]:
        """Epochs whose weights are to be kept after so many steps."""
        return self._milestones.get(step, [])
