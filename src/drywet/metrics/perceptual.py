"""What listeners would say: a predicted MUSHRA score, and Zimtohrli where it is installed.

The prediction is a published fit of listening tests of amplifier models: with ``d`` the mean
absolute difference of the mel-frequency cepstra of both signals at 44.1 kHz, brought to the
same RMS, the score is 100 where ``log10 d <= 0.464``, else ``100 - 69.4 (log10 d - 0.464)``,
kept in 0 to 100. The cepstra are those of librosa's defaults (McFee et al., 2015): power spectra
of centred Hann frames of 2048 every 512 samples, 128 Slaney mel bands, decibels floored
80 dB under the loudest, an orthonormal cosine transform, the first 20 coefficients.

It is a prediction from spectra, made on other devices than yours: a guide, no verdict.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import resample
from drywet.dsp import frames
from drywet.dsp.levels import peak

RATE = 44_100
MEL_BANDS = 128
COEFFICIENTS = 20
_RANGE_DB = 80.0
_LEAST_POWER = 1e-10
_KNEE, _SLOPE = 0.464, 69.4
_ZIMTOHRLI_SECONDS = 20
# Slaney, "Auditory Toolbox", 1998: linear below 1 kHz, logarithmic above.
_HZ_PER_MEL, _KNEE_HZ, _LOG_STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _mel_edges(rate: int) -> NDArray[np.float64]:
    """Edges of the mel bands in Hz, two more than there are bands."""
    knee = _KNEE_HZ / _HZ_PER_MEL
    top = knee + np.log(rate / 2 / _KNEE_HZ) / _LOG_STEP
    mel = np.linspace(0, top, MEL_BANDS + 2)
    return np.where(mel < knee, mel * _HZ_PER_MEL, _KNEE_HZ * np.exp((mel - knee) * _LOG_STEP))


def mel_filters(rate: int, fft: int = frames.FFT) -> NDArray[np.float64]:
    """Triangular filters of equal area, shape ``(mel bands, fft // 2 + 1)``."""
    edges = _mel_edges(rate)[:, None]
    bins = np.fft.rfftfreq(fft, 1 / rate)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low))


def mel_levels(
    samples: NDArray[np.floating], rate: int, hop: int = frames.HOP
) -> NDArray[np.float64]:
    """Mel spectrogram in dB of power, shape ``(mel bands, frames)``, 80 dB deep."""
    padded = np.pad(samples.astype(np.float64), frames.FFT // 2)
    power = [part.real**2 + part.imag**2 for part in frames.spectra(padded, hop=hop)]
    mel = mel_filters(rate) @ np.concatenate(power).T
    levels = 10 * np.log10(np.maximum(mel, _LEAST_POWER))
    return np.asarray(np.maximum(levels, levels.max() - _RANGE_DB))


def mfcc(samples: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """Mel-frequency cepstral coefficients, shape ``(20, frames)``."""
    from scipy.fft import dct

    return np.asarray(dct(mel_levels(samples, rate), axis=0, norm="ortho")[:COEFFICIENTS])


def mfcc_distance(prediction: NDArray[np.float32], target: NDArray[np.float32], rate: int) -> float:
    """Mean absolute difference of the cepstra at 44.1 kHz, level-matched; 0 is perfect.

    Args:
        prediction: shape ``(samples,)``.
        target: likewise.
        rate: of both, in Hz.
    """
    p, y = (resample(samples, rate, RATE).astype(np.float64) for samples in (prediction, target))
    energy = float(np.sum(p**2))
    matched = p * np.sqrt(float(np.sum(y**2)) / energy) if energy > 0 else p
    return float(np.mean(np.abs(mfcc(matched, RATE) - mfcc(y, RATE))))


def predicted_mushra(distance: float) -> float:
    """The score that listeners would give, 0 to 100, from `mfcc_distance`."""
    excess = np.log10(max(distance, 1e-12)) - _KNEE
    return float(np.clip(100 - _SLOPE * max(excess, 0.0), 0, 100))


def zimtohrli_mos(
    prediction: NDArray[np.float32], target: NDArray[np.float32], rate: int
) -> float | None:
    """Mean opinion score, 1 to 5, by Google's Zimtohrli; ``None`` where it isn't installed.

    ``None`` too for less than a second, of which Zimtohrli 0.2.1 crashes. Only the first twenty
    seconds are heard: its time grows with the square of the length.

    Args:
        prediction: shape ``(samples,)``.
        target: likewise.
        rate: of both, in Hz.
    """
    if find_spec("zimtohrli") is None or len(target) < rate:
        return None
    import zimtohrli

    prediction, target = (s[: _ZIMTOHRLI_SECONDS * rate] for s in (prediction, target))
    full_scale = max(peak(prediction), peak(target), 1.0)
    p, y = (resample(samples / full_scale, rate, 48_000) for samples in (prediction, target))
    return float(zimtohrli.mos_from_signals(y, p))
