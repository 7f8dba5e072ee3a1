"""The last cycle of a training, for the treble.

An ESR is nearly all of what lies under 1 kHz, so that its best net leaves the treble as it came.
Weighing the treble more from the start (a pre-emphasis of 0.85, Wright and Valimaki, ICASSP 2020)
costs some devices their low end, and some seeds their way. So it is weighed more in the last cycle,
from the best net so far, and a net is kept only if its plain ESR is hardly worse (docs/recipe.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from drywet.metrics.time import PRE_EMPHASIS
from drywet.runs.config import Settings

_LOST = 1.05  # times the plain ESR of before is the most that a better treble may cost


@dataclass(frozen=True)
class Treble:
    """What the last cycle began from.

    Attributes:
        began: the step.
        steps: how many it takes.
        esr: validation ESR of the best net then.
        esr_pre: the same after pre-emphasis.
    """

    began: int
    steps: int
    esr: float
    esr_pre: float

    def done(self, step: int) -> float:
        """Share of its steps that are done."""
        return (step - self.began) / self.steps

    def score(self, esr: float, esr_pre: float) -> float:
        """By which the best is chosen: that of before falls with the pre-emphasised ESR."""
        if esr > _LOST * self.esr:
            return esr
        return self.esr * esr_pre / self.esr_pre


def settings_for_treble(settings: Settings) -> Settings:
    """The settings of the last cycle."""
    loss = settings.minimised.model_copy(update={"pre_emphasis": PRE_EMPHASIS})
    return settings.model_copy(update={"loss": loss})
