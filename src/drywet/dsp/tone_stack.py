"""Bass, middle and treble as one passive network, fitted to recordings at some positions.

Most amplifiers have the same three tone controls behind their distortion: capacitors and
potentiometers whose response at any position follows from a few values (Yeh and Smith,
"Discretization of the '59 Fender Bassman tone stack", DAFx 2006). Behind the distortion, recordings
of one performance at two positions differ by a linear filter, and a few positions tell the values:
nothing is known of the device beforehand. The response at positions that nobody recorded follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]
Doubles = NDArray[np.float64]
Complex = NDArray[np.complexfloating]

KNOBS = 3
"""Bass, middle and treble, in this order."""

FRAME = 4096
"""Samples of a stretch that it takes at least."""

_NODES = 7
_ORDER = 3  # of the network: as many as it has capacitors
_END = 1e-3  # what is left of a potentiometer at its end
_AT = np.array([0.05, 0.3, 2.0, 10.0])  # where the polynomials are taken; 1 stands for 1 kHz
_MOST_FRAMES = 4000
_BAND = (30.0, 0.4)  # Hz, and share of the sample rate
_PULL = 0.01  # of every value towards where it starts, as a residual: few positions leave some open

# Values in logarithm: three potentiometers, slope resistor, three capacitors, source, load; then
# how each potentiometer departs from a linear one.
_START = np.array([0.0] * 7 + [-3.0, 3.0] + [0.0] * KNOBS)


@dataclass(frozen=True)
class ToneStack:
    """A fitted network.

    Attributes:
        values: its parts, relative to each other, as in ``_START``.
        esr: by pair of recordings, what of one is not the other through the network; of all, the
            mean.
        floor: likewise of the best linear filter, whatever its form.
    """

    values: tuple[float, ...]
    esr: float
    floor: float

    @property
    def is_valid(self) -> bool:
        """Whether the values are as many as they must be, and numbers."""
        return len(self.values) == len(_START) and bool(np.isfinite(self.values).all())

    def response(self, position: Sequence[float], hz: Doubles) -> Complex:
        """Complex gain at some frequencies.

        Args:
            position: of bass, middle and treble, 0 to 1.
            hz: shape ``(frequencies,)``.
        """
        above, below = _polynomials(np.asarray(self.values), np.asarray(position)[None])
        s = 1j * hz / 1000
        return np.asarray(_evaluated(above, s)[0] / _evaluated(below, s)[0])


def fit(
    wets: Sequence[Sequence[Signal]], positions: Sequence[Sequence[float]], rate: int
) -> ToneStack:
    """The network that turns recordings at some positions into each other.

    Args:
        wets: of each position the same stretches of the same performance, ``(samples,)`` each; none
            silent, and one of them at least `FRAME` samples long.
        positions: of each, bass, middle and treble, 0 to 1.
        rate: in Hz.
    """
    from scipy.optimize import least_squares

    spectra = [_frames(stretches) for stretches in wets]
    hz = np.fft.rfftfreq(FRAME, 1 / rate)
    inside = (hz >= _BAND[0]) & (hz <= _BAND[1] * rate)
    energy = [np.sum(np.abs(each) ** 2, axis=0)[inside] for each in spectra]
    shared = [
        [np.sum(np.conj(one) * other, axis=0)[inside] for other in spectra] for one in spectra
    ]
    floors = np.array(
        [
            [_unexplained(energy[i], shared[i][j], energy[j]) for j in range(len(wets))]
            for i in range(len(wets))
        ]
    )
    reference = int(np.argmin(floors.sum(axis=1)))
    others = [i for i in range(len(wets)) if i != reference]
    s, at = 1j * hz[inside] / 1000, np.asarray(positions, float)
    root = np.sqrt(energy[reference] + 1e-30)
    weights = [1 / np.sqrt(energy[i].sum()) for i in others]

    def missed(values: Doubles) -> list[Complex]:
        above, below = _polynomials(values, at)
        gains = _evaluated(above, s) / _evaluated(below, s)
        ratios = gains / gains[reference]
        return [
            weight * (ratios[i] * root - shared[reference][i] / root)
            for i, weight in zip(others, weights, strict=True)
        ]

    def residuals(values: Doubles) -> Doubles:
        each = np.concatenate(missed(values))
        return np.concatenate([each.real, each.imag, _PULL * (values - _START)])

    found = least_squares(residuals, _START, method="lm", max_nfev=4000)
    floor = float(np.mean([floors[reference, i] for i in others]))
    left = [float(np.sum(np.abs(each) ** 2)) for each in missed(found.x)]
    return ToneStack(tuple(map(float, found.x)), floor + float(np.mean(left)), floor)


def _frames(stretches: Sequence[Signal]) -> Complex:
    """Spectra of windowed frames, evenly chosen where there are very many."""
    starts = [
        (number, at)
        for number, samples in enumerate(stretches)
        for at in range(0, len(samples) - FRAME + 1, FRAME // 2)
    ]
    chosen = starts[:: -(-len(starts) // _MOST_FRAMES)] if starts else []
    frames = [stretches[number][at : at + FRAME] for number, at in chosen]
    window = np.hanning(FRAME)
    return np.fft.rfft(np.array(frames).reshape(-1, FRAME) * window, axis=1)


def _unexplained(of: Doubles, shared: Complex, wanted: Doubles) -> float:
    """ESR of the best linear filter from one recording to another."""
    explained = np.abs(shared) ** 2 / (of + 1e-30)
    return float(1 - explained.sum() / (wanted.sum() + 1e-30))


def _evaluated(polynomials: Doubles, s: Complex) -> Complex:
    """Each at every ``s``: ``(positions, frequencies)``."""
    return np.asarray(polynomials @ np.array([s**power for power in range(_ORDER + 1)]))


def _polynomials(values: Doubles, at: Doubles) -> tuple[Doubles, Doubles]:
    """Numerator and denominator of the gain, lowest power first: ``(positions, order + 1)`` each.

    Both are determinants of the nodal equations (Cramer's rule), which are polynomials of the order
    of the network: their values at a few places give them whole.
    """
    treble, bass, middle, slope, c1, c2, c3, source, load = np.exp(np.clip(values[:9], -30, 30))
    taper = np.exp(np.clip(values[9:], -30, 30))
    turned = at / (at + (1 - at) * taper)  # (positions, 3)
    ones = np.ones(len(at))
    conductances = [  # nodes: input, top of treble, slope, bottom of treble, middle, its wiper, out
        (0, -1, ones / source),
        (0, 2, ones / slope),
        (3, 4, 1 / (turned[:, 0] * bass + _END)),
        (4, 5, 1 / ((1 - turned[:, 1]) * middle + _END)),
        (5, -1, 1 / (turned[:, 1] * middle + _END)),
        (1, 6, 1 / ((1 - turned[:, 2]) * treble + _END)),
        (6, 3, 1 / (turned[:, 2] * treble + _END)),
        (6, -1, ones / load),
    ]
    capacitances = [(0, 1, ones * c1), (2, 3, ones * c2), (2, 5, ones * c3)]
    matrix = _stamped(conductances)[:, None] + _AT[:, None, None] * _stamped(capacitances)[:, None]
    below = np.linalg.det(matrix)
    matrix[..., -1] = 0  # the column of the output, in place of it what flows in
    matrix[..., 0, -1] = 1 / source
    above = np.linalg.det(matrix)
    powers = np.linalg.inv(_AT[:, None] ** np.arange(_ORDER + 1))
    return above @ powers.T, below @ powers.T


def _stamped(parts: Sequence[tuple[int, int, Doubles]]) -> Doubles:
    """Parts between two nodes, -1 for ground, as nodal equations: ``(positions, nodes, nodes)``."""
    matrix = np.zeros((len(parts[0][2]), _NODES, _NODES))
    for one, other, value in parts:
        matrix[:, one, one] += value
        if other >= 0:
            matrix[:, other, other] += value
            matrix[:, one, other] -= value
            matrix[:, other, one] -= value
    return matrix
