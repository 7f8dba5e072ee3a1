"""How well a causal device could make the wet from the dry, for every delay between them.

The device is fitted as a sum of Hammerstein branches: static curves of the dry, plain and behind
first-order filters, each followed by a causal FIR filter (Narendra and Gallman, IEEE Trans.
Automatic Control, 1966; the branches as in Schattschneider and Zoelzer, DAFx 1999). The fit is
linear in its filters, so that it is solved at once, for many delays from the same correlations:
for a delay the filters take only what has come in by then. A delay too long leaves out what the
device answered to first, and the error rises steeply; a shorter one costs next to nothing.

The recording is cut into segments, dealt in turn to a few folds; the error of each fold is that of
the filters fitted to the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]
Spectra = NDArray[np.complex128]

SEGMENT = 8192
"""Samples of a segment."""

FOLDS = 4
"""Groups of segments, each of which is predicted from the others."""

_MOST_SEGMENTS = 64
_LEAST_SEGMENTS = 2 * FOLDS
_QUIET = 0.1  # of the RMS: segments below tell nothing
_STILL = 1e-9  # full scale: a constant, up to rounding
_TAPS_SECONDS = 1.5e-3
_MOST_TAPS = 96
_RIDGE = 1e-5  # of the mean diagonal
_BLOCK = 64  # rows of a triangular system that are solved together
_GAINS = (1.0, 6.0, 36.0)  # of tanh, over signals of RMS 1
_EVEN_GAIN = 6.0
_SETTLE_SECONDS = 0.02  # the filters have forgotten what was before
_CORNERS = (("high", 200.0), ("high", 720.0), ("high", 2000.0), ("low", 700.0))  # Hz


class Errors(NamedTuple):
    """What the fit leaves unexplained of the wet, by delay.

    Attributes:
        delays: in samples, shape ``(delays,)``.
        relative: error over energy, of all folds together, shape ``(delays,)``.
        folds: error energy of each fold over the energy of all, shape ``(FOLDS, delays)``.
    """

    delays: NDArray[np.int64]
    relative: Signal
    folds: Signal


@dataclass(frozen=True)
class Prediction:
    """What the fit makes of the segments, beside what the device made.

    Attributes:
        predicted: spectra of ``2 * SEGMENT`` points, shape ``(segments, bins)``.
        wet: of the same shape.
    """

    predicted: Spectra
    wet: Spectra


def _first_order(x: Signal, kind: str, corner: float, rate: int) -> Signal:
    """Signals along the last axis behind a first-order filter (bilinear transform), by FFT."""
    size = 1 << (x.shape[-1] - 1).bit_length()
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)  # one sample of delay
    c = 1 / np.tan(np.pi * min(corner / rate, 0.49))
    top = c * (1 - z) if kind == "high" else 1 + z
    filtered = np.fft.irfft(np.fft.rfft(x, size) * top / ((1 + c) + (1 - c) * z), size)
    return filtered[..., : x.shape[-1]]


class _Solver:
    """Filters from products with the targets, by the products of the branches.

    By Cholesky's factor, whose diagonal blocks are inverted once: NumPy has no solution of
    triangular systems, and its general one factors the matrix anew each time.

    Args:
        gram: those, which get a ridge on the diagonal.
    """

    def __init__(self, gram: Signal) -> None:
        gram[np.diag_indices(len(gram))] += _RIDGE * np.trace(gram) / len(gram)
        self._gram = gram
        self._factor: Signal | None = None
        self._inverses: list[Signal] = []

    def solve(self, products: Signal) -> Signal:
        """Of one set of targets or, in columns, of many."""
        if self._factor is None:
            self._factor = np.asarray(np.linalg.cholesky(self._gram), np.float64)
            edges = range(0, len(self._factor), _BLOCK)
            self._inverses = [
                np.asarray(np.linalg.inv(self._factor[at : at + _BLOCK, at : at + _BLOCK]), float)
                for at in edges
            ]
        factor, found = self._factor, np.array(products, np.float64)
        blocks = [slice(i * _BLOCK, (i + 1) * _BLOCK) for i in range(len(self._inverses))]
        for here, inverse in zip(blocks, self._inverses, strict=True):
            found[here] = inverse @ (found[here] - factor[here, : here.start] @ found[: here.start])
        for here, inverse in zip(blocks[::-1], self._inverses[::-1], strict=True):
            below = factor[here.stop :, here].T @ found[here.stop :]
            found[here] = inverse.T @ (found[here] - below)
        return found


class TooLittleSignalError(ValueError):
    """A recording too short, or too silent, for a fit."""


class CausalFit:
    """The dry side of the fit, made once for a recording.

    Args:
        dry: shape ``(samples,)``.
        rate: in Hz.

    Raises:
        TooLittleSignalError: fewer than eight segments of signal in it.
    """

    def __init__(self, dry: NDArray[np.floating], rate: int) -> None:
        count = len(dry) // SEGMENT
        framed = dry[: count * SEGMENT].reshape(count, SEGMENT)
        mean = framed.mean(axis=1, dtype=np.float64)
        power = np.einsum("ij,ij->i", framed, framed, dtype=np.float64) / SEGMENT - mean**2
        level = np.sqrt(np.maximum(power, 0.0))
        rms = float(np.sqrt(np.mean(level**2))) if count else 0.0
        loud = np.flatnonzero(level > max(_QUIET * rms, _STILL))
        if len(loud) < _LEAST_SEGMENTS:
            raise TooLittleSignalError(
                f"expected {_LEAST_SEGMENTS} segments of signal, not {len(loud)}"
            )
        if len(loud) > _MOST_SEGMENTS:
            loud = loud[np.linspace(0, len(loud) - 1, _MOST_SEGMENTS).round().astype(int)]
        self.starts: NDArray[np.int64] = loud.astype(np.int64) * SEGMENT
        self.taps = min(round(_TAPS_SECONDS * rate), _MOST_TAPS)
        self._fold = np.arange(len(loud)) % FOLDS
        branches = self._branches(dry, rate, float(mean.mean()))
        spectra = np.fft.rfft(branches, 2 * SEGMENT)
        np.conjugate(spectra, out=spectra)
        # Conjugate spectra of each fold, (bins, branches, segments).
        self._conjugates = [
            np.ascontiguousarray(spectra[:, self._fold == fold].transpose(2, 0, 1))
            for fold in range(FOLDS)
        ]
        self._grams = self._grams_of_folds()
        whole_gram = np.sum(self._grams, axis=0)
        self._others = [_Solver(whole_gram - gram) for gram in self._grams]  # of each fold
        self._whole = _Solver(whole_gram)

    def _branches(self, dry: NDArray[np.floating], rate: int, mean: float) -> Signal:
        """Every branch's signal before its filter, ``(branches, segments, SEGMENT)``."""
        before = int(_SETTLE_SECONDS * rate)
        parts = np.zeros((len(self.starts), before + SEGMENT))
        for part, start in zip(parts, self.starts, strict=True):
            known = dry[max(start - before, 0) : start + SEGMENT]
            part[len(part) - len(known) :] = known
            part[len(part) - len(known) :] -= mean
        made = []
        for number in range(1 + len(_CORNERS)):
            x = parts if number == 0 else _first_order(parts, *_CORNERS[number - 1], rate)
            x = x[:, before:]
            x = x / max(float(np.sqrt(np.mean(x**2))), 1e-300)
            made += [x] if number == 0 else []
            made += [np.tanh(gain * x) for gain in (_GAINS if number == 0 else _GAINS[1:])]
            made += [np.tanh(_EVEN_GAIN * np.abs(x))]
        branches: Signal = np.stack(made)
        branches -= branches.mean(axis=(1, 2), keepdims=True)
        branches /= np.maximum(branches.std(axis=(1, 2), keepdims=True), 1e-300)
        return branches

    def _grams_of_folds(self) -> list[Signal]:
        """Products of all branches at all taps, summed over the segments of each fold."""
        taps, bins = self.taps, SEGMENT + 1
        # The inverse transform at the few lags that are needed.
        turn = np.pi * np.outer(np.arange(1 - taps, taps), np.arange(bins)) / SEGMENT
        weight = np.full(bins, 1 / SEGMENT)
        weight[[0, -1]] /= 2
        real, imaginary = np.cos(turn) * weight, np.sin(turn) * weight
        number = np.subtract.outer(np.arange(taps), np.arange(taps)).ravel() + taps - 1
        grams = []
        for conjugates in self._conjugates:
            products = conjugates @ np.ascontiguousarray(conjugates.conj().transpose(0, 2, 1))
            branches = products.shape[1]
            flat = products.reshape(bins, -1)
            correlations = real @ flat.real - imaginary @ flat.imag
            gram = correlations[number].reshape(taps, taps, branches, branches)
            grams.append(gram.transpose(2, 0, 3, 1).reshape(branches * taps, branches * taps))
        return grams

    def _targets(
        self, wet: NDArray[np.floating], delay: int, offsets: NDArray[np.floating] | None
    ) -> Spectra:
        """Spectra of the wet's segments, ``delay`` and an offset each later, ``(segments, bins)``.

        Fractions of a sample are turned in phase.
        """
        wanted = np.zeros((len(self.starts), 2 * SEGMENT))
        late = np.zeros(len(self.starts)) if offsets is None else offsets
        whole = np.round(late).astype(int)
        for i, start in enumerate(self.starts + delay + whole):
            part = wet[max(start, 0) : max(start + SEGMENT, 0)]
            first = max(-start, 0)
            wanted[i, first : first + len(part)] = part
        wanted[:, :SEGMENT] -= np.mean(wanted[:, :SEGMENT])
        spectra = np.fft.rfft(wanted)
        if offsets is not None:
            bins = np.arange(spectra.shape[1])
            spectra *= np.exp(1j * np.pi * np.outer(late - whole, bins) / SEGMENT)
        return spectra

    def _correlated(self, targets: Spectra, fold: int) -> Signal:
        """Products of the branches with a fold's targets by lag modulo the FFT."""
        wanted = np.ascontiguousarray(targets[self._fold == fold].T)[:, :, None]
        return np.fft.irfft((self._conjugates[fold] @ wanted)[..., 0], 2 * SEGMENT, axis=0)

    def errors(
        self,
        wet: NDArray[np.floating],
        low: int,
        high: int,
        offsets: NDArray[np.floating] | None = None,
    ) -> Errors:
        """The error at every delay from ``low`` to ``high``.

        Args:
            wet: shape ``(samples,)``, not aligned.
            low: smallest delay of the wet, in samples; negative where it leads.
            high: largest, at most ``SEGMENT`` more.
            offsets: what comes on top of the delay in each segment, shape ``(segments,)``.
        """
        middle = (low + high) // 2
        targets = self._targets(wet, middle, offsets)
        delays = np.arange(low, high + 1)
        lags = np.arange(low, high + self.taps) - middle
        products = []
        for fold in range(FOLDS):
            q = self._correlated(targets, fold)[lags % (2 * SEGMENT)]
            products.append(
                np.stack([q[d : d + self.taps].T.ravel() for d in range(len(delays))], axis=1)
            )
        energy = np.sum(np.fft.irfft(targets) ** 2, axis=1)
        together = np.sum(products, axis=0)
        left = np.empty((FOLDS, len(delays)))
        for fold, (gram, own) in enumerate(zip(self._grams, products, strict=True)):
            filters = self._others[fold].solve(together - own)
            explained = 2 * np.sum(filters * own, axis=0) - np.sum(filters * (gram @ filters), 0)
            left[fold] = energy[self._fold == fold].sum() - explained
        left /= max(float(energy.sum()), 1e-300)
        return Errors(delays, left.sum(axis=0), left)

    def predict(
        self, wet: NDArray[np.floating], delay: int, offsets: NDArray[np.floating] | None = None
    ) -> Prediction:
        """What the fit to all segments at one delay makes of each.

        Args:
            wet: shape ``(samples,)``, not aligned.
            delay: of the wet, in samples.
            offsets: as in `errors`.
        """
        targets = self._targets(wet, delay, offsets)
        q = sum(self._correlated(targets, fold)[: self.taps] for fold in range(FOLDS))
        filters = self._whole.solve(np.asarray(q).T.ravel())
        response = np.fft.rfft(filters.reshape(-1, self.taps), 2 * SEGMENT)  # branches, bins
        predicted = np.empty_like(targets)
        for fold, conjugates in enumerate(self._conjugates):
            made = response.conj().T[:, None, :] @ conjugates  # bins, 1, segments
            predicted[self._fold == fold] = made[:, 0, :].conj().T
        return Prediction(predicted, targets)


def fit_if_enough(dry: NDArray[np.floating], rate: int) -> CausalFit | None:
    """The fit of a recording; ``None`` where it has too little signal for one.

    Args:
        dry: shape ``(samples,)``.
        rate: in Hz.
    """
    try:
        return CausalFit(dry, rate)
    except TooLittleSignalError:
        return None
