"""The two figures by which Neural Amp Modeler evens out models: loudness and gain.

NAM's trainer plays one second of noise, RMS -15 dBFS and of equal power in every octave, through a
model. Loudness is the RMS of what comes out, in dB. Gain says how much the model compresses: the
area under the output level for eleven input levels, 0 for a straight line, 1 for a step.
drywet's noise is its own, of the same level and spectrum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.levels import rms
from drywet.inference.stream import predict
from drywet.trained.model_file import TrainedModel

_RMS_DBFS = -15.0
_STEPS = 11
_SEED = 0


def loudness_and_gain(trained: TrainedModel) -> tuple[float | None, float]:
    """Loudness in dB, ``None`` for a model that stays silent, and gain, 0 to 1.

    Args:
        trained: the model.
    """
    noise = _pink(trained.card.rate)
    steps = np.linspace(0, 1, _STEPS, dtype=np.float32)
    levels = np.array([rms(predict(trained, noise * g)) for g in steps])
    if not levels[-1] > 0:
        return None, 0.0
    most = levels[-1] * _STEPS
    gain = float(np.clip((levels.sum() - most / 2) / (most / 2), 0.0, 1.0))
    return float(20 * np.log10(levels[-1])), gain


def _pink(rate: int) -> NDArray[np.float32]:
    """One second of noise."""
    phases = np.exp(2j * np.pi * np.random.default_rng(_SEED).random(rate // 2 + 1))
    frequencies = np.maximum(np.fft.rfftfreq(rate, 1 / rate), 1)
    spectrum = phases / np.sqrt(frequencies)
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, rate).astype(np.float32)
    return noise * np.float32(10 ** (_RMS_DBFS / 20) / rms(noise))
