"""Every claim that a study's results may answer.

Each looks for the pairs of trainings that can say something about it, and is left out where the
study holds none. Most compare trainings that differ in one setting alone; those on cost, on state,
on WaveNets and on state-space layers compare each kind of net at its best on the test audio, and
say so.
"""

from __future__ import annotations

from drywet.studies import claims_2022, claims_beyond
from drywet.studies.claim import Answer, settled
from drywet.studies.results import Results

_CLAIMS = (
    claims_2022.cells, claims_2022.bigger, claims_2022.more_data, claims_2022.longer,
    claims_2022.cost, claims_2022.blind_scores, claims_2022.easier,
    claims_beyond.stateful, claims_beyond.frames, claims_beyond.skip, claims_beyond.losses,
    claims_beyond.optimizer, claims_beyond.wavenets, claims_beyond.state_spaces,
    claims_beyond.rate,
)  # fmt: skip


def answers(results: Results) -> list[Answer]:
    """Answers to all that these results can say something about, corrected for being so many."""
    return settled([claim(results) for claim in _CLAIMS])
