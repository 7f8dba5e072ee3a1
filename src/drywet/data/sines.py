"""Steady sines to learn from: what a model adds to them off their harmonics is aliasing.

As in `drywet.metrics.sines`, a sine has a whole number of periods in a frame whose length is a
prime, so that neither its harmonics nor their aliases ever share a bin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from drywet.metrics.sines import prime_below

_SINES = 2**30  # beside the seed, so that no step draws what its windows did
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 6000.0  # what is played: nets are chaotic on low notes, too
_HIGHEST_SHARE = 0.4  # of the sample rate
_LEVELS_DB = 40.0  # below the peak
SHORTEST_FRAME = 512
_SPREAD = 0.15  # of the frame's length: many lengths give many pitches


@dataclass(frozen=True)
class Sines:
    """Sines and where their harmonics lie.

    Attributes:
        signal: ``(batch, settle + frames * length, 1)``.
        harmonic: bins of a frame's spectrum, DC left out: ``(batch, length // 2)``.
        length: of a frame, in samples.
    """

    signal: Tensor
    harmonic: Tensor
    length: int


class SineSampler:
    """Draws batches of steady sines; the batch depends on seed and step alone.

    Pitches are spread evenly over the octaves from 80 Hz to 6 kHz, peaks evenly over the 40 dB
    below the given one.

    Args:
        rate: in Hz.
        peak: of the loudest, in full scale.
        settle: samples before the first frame.
        frame: samples of a frame, roughly, 512 or more.
        batch: sines at once.
        seed: of the run.
    """

    def __init__(
        self, rate: int, peak: float, settle: int, frame: int, batch: int, seed: int
    ) -> None:
        self.settle = settle
        highest = min(_HIGHEST_HZ, _HIGHEST_SHARE * rate)
        self._lowest, self._range = min(_LOWEST_HZ, highest) / rate, highest / _LOWEST_HZ
        self._peak, self._batch, self._seed = peak, batch, seed
        self._frame = max(frame, SHORTEST_FRAME)

    def draw(self, step: int, frames: int) -> Sines:
        """The sines of a step, of so many frames after they have settled."""
        rng = np.random.default_rng((self._seed, _SINES, step))
        length = prime_below(int(self._frame * rng.uniform(1 - _SPREAD, 1 + _SPREAD)))
        share = self._lowest * max(self._range, 1.0) ** rng.random(self._batch)
        places = np.maximum(np.round(share * length), 1).astype(np.int64)
        peaks = self._peak * 10 ** (-_LEVELS_DB * rng.random(self._batch) / 20)
        n = np.arange(self.settle + frames * length)
        turns = (places[:, None] * n) % length / length
        signal = (peaks[:, None] * np.sin(2 * np.pi * turns)).astype(np.float32)
        bins = np.arange(1, length // 2 + 1)
        return Sines(
            torch.from_numpy(signal).unsqueeze(-1),
            torch.from_numpy(bins % places[:, None] == 0),
            length,
        )
