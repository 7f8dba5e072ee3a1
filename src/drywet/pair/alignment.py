"""How the wet is laid to the dry: a delay, one for each take, or a clock set right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from drywet.audio.resample import at_clock
from drywet.pair.load import Pair

MOST_PPM = 10_000.0
"""A clock further off is another sample rate."""


class Take(NamedTuple):
    """A part of a recording with a delay of its own.

    Attributes:
        start: its first sample in the dry file.
        latency: samples by which the wet lags there.
    """

    start: int
    latency: int


@dataclass(frozen=True)
class Mending:
    """What may be done about a delay that does not stay.

    Attributes:
        drift: resample the wet by the measured drift of the clocks.
        takes: align each take by itself.
    """

    drift: bool = False
    takes: bool = False

    @property
    def wanted(self) -> bool:
        """Whether anything is to be mended."""
        return self.drift or self.takes


NOTHING = Mending()


class Alignment(BaseModel):
    """What is done to a wet recording so that it lies on the dry one.

    Attributes:
        latency: samples by which the wet lags; of the first take where there are several.
        drift_ppm: by how much too long the wet's clock made it; it is resampled first.
        takes: where the latency changes: all takes in order, from sample 0; none for one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency: int = Field(ge=-10_000_000, le=10_000_000)
    drift_ppm: float = Field(default=0.0, ge=-MOST_PPM, le=MOST_PPM)
    takes: tuple[Take, ...] = ()

    @property
    def mended(self) -> bool:
        """Whether a delay that does not stay was mended."""
        return bool(self.drift_ppm or self.takes)

    def later(self, samples: int) -> Alignment:
        """The same with every latency so many samples more."""
        takes = tuple(Take(take.start, take.latency + samples) for take in self.takes)
        return self.model_copy(update={"latency": self.latency + samples, "takes": takes})


def align(pair: Pair, alignment: Alignment) -> Pair:
    """The common part of a loaded pair, dry and wet of equal length.

    At the border of two takes the wet jumps; no sample of the dry is left out.
    """
    if alignment.drift_ppm:
        clock = 1 + alignment.drift_ppm * 1e-6
        pair = Pair(pair.dry, at_clock(pair.wet, clock), pair.rate)
    if not alignment.takes:
        return pair.aligned(alignment.latency)
    first = max(-alignment.takes[0].latency, 0)
    stop = min(len(pair.dry), len(pair.wet) - alignment.takes[-1].latency)
    place = np.arange(first, max(stop, first))
    starts = [take.start for take in alignment.takes]
    number = np.searchsorted(starts, place, side="right") - 1
    place = place + np.array([take.latency for take in alignment.takes])[np.maximum(number, 0)]
    wet = pair.wet[np.clip(place, 0, len(pair.wet) - 1)]
    return Pair(pair.dry[first : first + len(wet)], wet, pair.rate)
