"""Checks of how the two files relate: does the wet come from the dry, and not the other way?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.levels import loudest_excerpt
from drywet.dsp.spectra import cross_spectra, related_energy
from drywet.metrics.time import esr
from drywet.pair.findings import Finding, Severity
from drywet.pair.load import Pair

_COHERENCE_SECONDS = 120.0
_DIRECTION_SECONDS = 10.0
_RELATED = (0.25, 0.08)  # share of wet energy that a filter of the dry explains
_TAPS = 32
_STRIDE = 4  # every fourth equation is plenty for so few unknowns
_SLACK = 8  # samples by which either may lead in the test of direction
_DIRECTION = 0.9
_PEAKINESS = 1.25


def _excerpt(pair: Pair, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    where = loudest_excerpt(pair.dry, int(seconds * pair.rate))
    return pair.dry[where].astype(np.float64), pair.wet[where].astype(np.float64)


def dependence(pair: Pair) -> Iterator[Finding]:
    """Coherence of an aligned pair: is the wet made from the dry at all?"""
    fft = 4096
    dry, wet = _excerpt(pair, _COHERENCE_SECONDS)
    if len(dry) < 4 * fft:
        return
    direct = related_energy(cross_spectra(dry, wet, fft))
    # An octave fuzz turns every half wave up: coherent with |dry|, not with dry.
    rectified = np.abs(dry) - np.mean(np.abs(dry))
    share = max(direct, related_energy(cross_spectra(rectified, wet, fft)))
    warn, error = _RELATED
    severity = (
        Severity.ERROR if share < error else Severity.WARNING if share < warn else Severity.NOTE
    )
    yield Finding(
        check="dependence",
        severity=severity,
        message=f"{share:.0%} of the wet energy follows the dry signal linearly",
        value=share,
        limit=error if severity is Severity.ERROR else warn,
        fix=""
        if severity is Severity.NOTE
        else "Check that both files are of the same performance and that no other "
        "effect (reverb, modulation) or instrument is in the wet one.",
    )


def _unexplained(source: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """ESR of the best short filter over the source and three static curves of it."""
    level = source.std() or 1.0
    shapes = (source, np.tanh(source / level), np.tanh(4 * source / level), np.abs(source))
    columns = np.concatenate(
        [
            np.lib.stride_tricks.sliding_window_view(shape, _TAPS)[_SLACK::_STRIDE]
            for shape in shapes
        ],
        axis=1,
    )
    wanted = target[_TAPS - 1 : len(target) - _SLACK : _STRIDE]
    gram = columns.T @ columns
    gram[np.diag_indices(len(gram))] += 1e-7 * np.trace(gram) / len(gram)
    weights = np.linalg.solve(gram, columns.T @ wanted)
    return float(esr(columns @ weights, wanted))


def direction(pair: Pair) -> Iterator[Finding]:
    """Whether dry and wet are swapped, for an aligned pair.

    Distortion flattens peaks and cannot be undone: from dry to wet the kurtosis
    falls and a simple nonlinear fit succeeds better than backwards. Only both
    signs the wrong way round count; a clean device gives neither.
    """
    dry, wet = _excerpt(pair, _DIRECTION_SECONDS)
    if len(dry) < pair.rate:
        return

    def kurtosis(x: NDArray[np.float64]) -> float:
        return float(np.mean(x**4)) / max(float(np.mean(x**2)) ** 2, 1e-300)

    if kurtosis(wet) < _PEAKINESS * kurtosis(dry):
        return
    forward, backward = _unexplained(dry, wet), _unexplained(wet, dry)
    if backward > _DIRECTION * forward:
        return
    yield Finding(
        check="swapped",
        severity=Severity.ERROR,
        message="dry and wet look swapped: the second file predicts the first better "
        f"(error {backward:.3f}) than the first the second ({forward:.3f})",
        value=backward / forward,
        limit=_DIRECTION,
        fix="Name the dry file first, then the wet one.",
    )
