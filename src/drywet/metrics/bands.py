"""Error and excess, band by band: where in the spectrum a model is wrong, and whether it adds.

For a band B of the spectra ``Y`` of the target, ``P`` of the prediction and ``E = Y - P``::

    ESR_B  = sum |E|² / sum |Y|²          0 is perfect, 1 is silence
    excess = 10 log10(sum |P|² / sum |Y|²)  in dB; positive: the model adds what is not there

ESR says little above 4 kHz, where a guitar has a thousandth of its energy: noise and
aliasing there can be many times the target's own treble without moving its third digit. Sums
run over Hann frames (`drywet.dsp.frames`). Weighted by the bands' shares of the target's energy
the errors add up to the ESR, but for what lies above 20 kHz and at the ends of the stretches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.dsp import frames

EDGES_HZ = (0, 1_000, 4_000, 8_000, 12_000, 16_000, 20_000)
# Below this share of the target's energy a band holds nothing but rounding.
_EMPTY = 1e-12


class Band(NamedTuple):
    """From ``low`` up to but not including ``high``, in Hz."""

    low: float
    high: float

    @property
    def label(self) -> str:
        """``4-8 kHz``."""
        return f"{self.low / 1000:g}-{self.high / 1000:.3g} kHz"


class BandScore(NamedTuple):
    """A prediction in one band.

    Attributes:
        low: in Hz.
        high: in Hz.
        esr: error-to-signal ratio, ``None`` where the target is empty.
        excess_db: of the prediction over the target, ``None`` where either is empty.
        share: of the target's energy, 0 to 1.
    """

    low: float
    high: float
    esr: float | None
    excess_db: float | None
    share: float

    @property
    def label(self) -> str:
        """As `Band.label`."""
        return Band(self.low, self.high).label


def bands(rate: int) -> list[Band]:
    """The bands below half the sample rate; the last one may be cut short by it."""
    edges = [edge for edge in EDGES_HZ if edge < 0.49 * rate]
    tops = [*edges[1:], min(EDGES_HZ[-1], rate / 2) if len(edges) < len(EDGES_HZ) else None]
    return [Band(low, high) for low, high in zip(edges, tops, strict=True) if high is not None]


class BandEnergies:
    """Energies of a target by band, kept so that many predictions can be held against them.

    Args:
        targets: stretches of shape ``(samples,)``, each framed by itself.
        rate: in Hz.
    """

    def __init__(self, targets: Sequence[NDArray[np.floating]], rate: int) -> None:
        self.bands = bands(rate)
        bins = np.fft.rfftfreq(frames.FFT, 1 / rate)
        self._members = np.array([(bins >= b.low) & (bins < b.high) for b in self.bands], float)
        self._targets = [list(frames.spectra(target)) for target in targets]
        self._energy = self._sum([part for parts in self._targets for part in parts])

    def _sum(self, parts: Sequence[NDArray[np.complexfloating]]) -> NDArray[np.float64]:
        """Energies of the bands, and of everything behind them."""
        total = np.zeros(frames.FFT // 2 + 1)
        for part in parts:
            total += np.sum(part.real**2 + part.imag**2, axis=0, dtype=np.float64)
        return np.append(self._members @ total, total.sum())

    def scores(self, predictions: Sequence[NDArray[np.floating]]) -> list[BandScore]:
        """Hold a prediction, cut into the same stretches, against the target."""
        found, error = np.zeros_like(self._energy), np.zeros_like(self._energy)
        for prediction, target in zip(predictions, self._targets, strict=True):
            for got, want in zip(frames.spectra(prediction), target, strict=True):
                found += self._sum([got])
                error += self._sum([want - got])
        least = _EMPTY * self._energy[-1]
        scores = []
        for i, band in enumerate(self.bands):
            want, got, wrong = self._energy[i], found[i], error[i]
            present = want > least
            scores.append(
                BandScore(
                    *band,
                    esr=float(wrong / want) if present else None,
                    excess_db=float(10 * np.log10(got / want)) if present and got > 0 else None,
                    share=float(want / max(self._energy[-1], 1e-300)),
                )
            )
        return scores


def evaluate(
    predictions: Sequence[NDArray[np.floating]],
    targets: Sequence[NDArray[np.floating]],
    rate: int,
) -> list[BandScore]:
    """Band error and band excess of a prediction, in stretches of shape ``(samples,)``.

    Args:
        predictions: of a model.
        targets: of the device; as many stretches, each as long.
        rate: in Hz.

    Raises:
        ValueError: the stretches differ in number or length.
    """
    if [len(p) for p in predictions] != [len(y) for y in targets]:
        raise ValueError("prediction and target are cut into different stretches")
    return BandEnergies(targets, rate).scores(predictions)
