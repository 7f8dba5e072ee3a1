"""A training in which a net's aliasing is minimised too: which net of it is kept.

Of two errors summed, one may fall at the cost of the other, and a net that had found a narrow place
may leave it at the first steps. So a net is kept for its aliasing, and what it costs in ESR weighs
heavily; one that falls apart goes back to the best and on with smaller steps.
"""

from __future__ import annotations

from dataclasses import dataclass

_LOST = 1.05  # times the ESR of before is no cost: validation tells no better
_DEAR = 6  # the power of what is more: a tenth of the ESR costs as much as 2.5 dB of aliasing
_FELL_APART = 2.0  # times the ESR of before


@dataclass(frozen=True)
class Cleaning:
    """What a net was before.

    Attributes:
        esr: its validation ESR.
        aliasing: its mean aliasing-to-signal ratio of sines.
    """

    esr: float
    aliasing: float

    def score(self, esr: float, aliasing: float) -> float:
        """By which the best is chosen; that of before has 1."""
        cost = max(esr / (_LOST * self.esr), 1.0) ** _DEAR
        return cost * aliasing / self.aliasing

    def fell_apart(self, esr: float) -> bool:
        """Whether a net has lost what it knew."""
        return esr > _FELL_APART * self.esr
