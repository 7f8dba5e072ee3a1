"""Sounds that travel inside the page: FLAC of 16 bits, each as loud as it can be.

The page undoes the scaling: it is told by how much every sound was raised, and by how much it
must be raised or lowered to be as loud as the target.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import resample
from drywet.dsp.levels import peak, rms
from drywet.metrics.loudness import lufs

MOST_SECONDS = 20.0
_PEAK = 0.9
_POINTS = 400
_RATES = {8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000}
_USUAL = 48_000  # what FLAC or a browser may not take is brought to this


@dataclass(frozen=True)
class Sound:
    """One sound of the page.

    Attributes:
        key: short, for the page's code.
        label: on its button.
        data: base64 of the FLAC file.
        true_gain: brings the file back to its own level.
        matched_gain: brings the file to the target's loudness.
        outline: its envelope, 0 to 1, for the picture to seek in.
    """

    key: str
    label: str
    data: str
    true_gain: float
    matched_gain: float
    outline: list[float]


def excerpt(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """What of a sound goes into the page: its first twenty seconds."""
    return samples[: int(MOST_SECONDS * rate)]


def sound(
    key: str,
    label: str,
    samples: NDArray[np.float32],
    target: NDArray[np.float32],
    rate: int,
) -> Sound:
    """Pack a sound.

    Args:
        key: short, for the page's code.
        label: on its button.
        samples: shape ``(samples,)``.
        target: what its loudness is matched to.
        rate: of both, in Hz.
    """
    import soundfile

    if rate not in _RATES:
        samples, target = resample(samples, rate, _USUAL), resample(target, rate, _USUAL)
        rate = _USUAL
    raised = _PEAK / max(peak(samples), 1e-6)
    buffer = io.BytesIO()
    soundfile.write(buffer, samples * np.float32(raised), rate, format="FLAC", subtype="PCM_16")
    return Sound(
        key,
        label,
        base64.b64encode(buffer.getvalue()).decode(),
        1 / raised,
        _matching(samples, target, rate) / raised,
        _outline(samples),
    )


def _matching(samples: NDArray[np.float32], target: NDArray[np.float32], rate: int) -> float:
    """The gain that makes a sound as loud as the target; by RMS where loudness has no figure."""
    ours, theirs = lufs(samples, rate), lufs(target, rate)
    if ours is not None and theirs is not None:
        return float(10 ** ((theirs - ours) / 20))
    return rms(target) / rms(samples) if rms(samples) > 0 else 1.0


def _outline(samples: NDArray[np.float32]) -> list[float]:
    parts = np.array_split(np.abs(samples), min(_POINTS, len(samples)))
    tops = np.array([part.max() for part in parts])
    return [round(float(top), 3) for top in tops / max(float(tops.max()), 1e-9)]
