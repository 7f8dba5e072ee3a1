"""The scores of a prediction against its target, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from drywet.metrics import bands, log_spectral, loudness, perceptual, stft, time, weighting
from drywet.metrics.bands import BandScore
from drywet.metrics.loudness import Loudness
from drywet.metrics.per_second import Second, Signal, Spread, energies, spread


class Scores(BaseModel):
    """One prediction's scores.

    A score that comes later has a default: the files of earlier versions lack it.

    Attributes:
        esr: error-to-signal ratio; 0 is perfect, 1 is silence.
        esr_pre_emphasised: ESR after ``1 - 0.85 z^-1``.
        esr_a_weighted: ESR after A-weighting.
        mae: mean absolute error, full scale.
        r2: coefficient of determination; 1 is perfect. For signals without a mean, as audio
            is, it is ``1 - esr`` and says nothing new.
        dc: squared mean error over the target's power.
        mrstft: multi-resolution STFT distance, ``None`` where every stretch is too
            short for it.
        spectral_convergence: its first part.
        log_magnitude: its second part.
        log_spectral_db: log-spectral distance over the full band.
        log_spectral_by_band_db: the same for each of ``bands``.
        bands: error and excess by band.
        per_second: how esr, esr_pre_emphasised, esr_a_weighted, mae, r2 and dc are spread
            over the seconds.
        by_second: error and signal energy of every second.
        mfcc_distance: mean absolute difference of the mel cepstra.
        predicted_mushra: what listeners would say, 0 to 100, by that distance.
        zimtohrli_mos: 1 to 5, where Zimtohrli is installed.
        loudness: loudness and crest against the target's.
    """

    esr: float
    esr_pre_emphasised: float
    esr_a_weighted: float
    mae: float
    r2: float
    dc: float
    mrstft: float | None = None
    spectral_convergence: float | None = None
    log_magnitude: float | None = None
    log_spectral_db: float
    log_spectral_by_band_db: list[float]
    bands: list[BandScore]
    per_second: dict[str, Spread]
    by_second: list[Second]
    mfcc_distance: float | None = None
    predicted_mushra: float | None = None
    zimtohrli_mos: float | None = None
    loudness: Loudness


def evaluate(
    predictions: Sequence[NDArray[np.float32]],
    targets: Sequence[NDArray[np.float32]],
    rate: int,
) -> Scores:
    """Score a prediction in one or several stretches, each of shape ``(samples,)``.

    The time-domain scores take all stretches as one signal; spectra are taken of each stretch
    by itself, so that no splice is heard in them. Only loudness and cepstra hear the splices.

    Args:
        predictions: of the model.
        targets: of the device, not silent.
        rate: in Hz.
    """
    plain = [p.astype(np.float64) for p in predictions], [y.astype(np.float64) for y in targets]
    pre = _both(plain, time.pre_emphasise)
    weighted = _both(plain, lambda samples: weighting.a_weighted(samples, rate))
    wanted: dict[str, tuple[Callable[..., Any], Sequence[Signal], Sequence[Signal]]] = {
        "esr": (time.esr, *plain),
        "esr_pre_emphasised": (time.esr, *pre),
        "esr_a_weighted": (time.esr, *weighted),
        "mae": (time.mae, *plain),
        "r2": (time.r2, *plain),
        "dc": (time.dc, *plain),
    }
    whole = {
        name: float(score(np.concatenate(p), np.concatenate(y)))
        for name, (score, p, y) in wanted.items()
    }
    spreads = {
        name: spread(score, p, y, rate, relative=name != "mae", best_is_high=name == "r2")
        for name, (score, p, y) in wanted.items()
    }
    distance = stft.over(predictions, targets)
    log_distance, log_bands = log_spectral.evaluate(predictions, targets, rate)
    joined, target = np.concatenate(predictions), np.concatenate(targets)
    cepstral = perceptual.mfcc_distance(joined, target, rate)
    return Scores(
        **whole,
        mrstft=None if distance is None else distance.total,
        spectral_convergence=None if distance is None else distance.convergence,
        log_magnitude=None if distance is None else distance.log_magnitude,
        log_spectral_db=log_distance,
        log_spectral_by_band_db=[value for _, value in log_bands],
        bands=bands.evaluate(plain[0], plain[1], rate),
        per_second=spreads,
        by_second=energies(predictions, targets, rate),
        mfcc_distance=cepstral,
        predicted_mushra=perceptual.predicted_mushra(cepstral),
        zimtohrli_mos=perceptual.zimtohrli_mos(joined, target, rate),
        loudness=loudness.evaluate(joined, target, rate),
    )


def _both(
    pair: tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]],
    change: Callable[[NDArray[np.float64]], Any],
) -> tuple[list[Signal], list[Signal]]:
    return [change(p) for p in pair[0]], [change(y) for y in pair[1]]
