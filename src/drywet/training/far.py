"""One more cycle for what is hard to learn, in which gradients go back farther.

Truncated backpropagation is biased (Tallec and Ollivier, "Unbiasing truncated backpropagation
through time", 2017). Short pieces make many updates and find the way soon; but nets of a hard
distortion may follow the bias away from what they had found once the learning rate is low. So where
an error is left that is heard, a further cycle goes on from the best net with longer pieces
(docs/recipe.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from drywet.runs.config import Settings


@dataclass(frozen=True)
class Far:
    """The further cycle.

    Attributes:
        began: the step.
        steps: how many it takes.
    """

    began: int
    steps: int

    def done(self, step: int) -> float:
        """Share of its steps that are done."""
        return (step - self.began) / self.steps


def settings_for_far(settings: Settings) -> Settings:
    """The settings of the further cycle, where there may be one."""
    training = settings.training.model_copy(update={"bptt": settings.far_bptt})
    return settings.model_copy(update={"training": training})
