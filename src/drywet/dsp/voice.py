"""Sounds like a voice: a pulse train through formant resonators that move.

The source and the filter are independent (Fant, "Acoustic Theory of Speech Production",
1960). The filter is the cascade of Klatt ("Software for a cascade/parallel formant
synthesizer", 1980): a two-pole low-pass that makes glottal pulses of impulses, a resonator
per formant, and the first difference for the radiation at the lips.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VOWELS = {
    "i": (270.0, 2290.0, 3010.0),
    "ɛ": (530.0, 1840.0, 2480.0),
    "æ": (660.0, 1720.0, 2410.0),
    "ɑ": (730.0, 1090.0, 2440.0),
    "ɔ": (570.0, 840.0, 2410.0),
    "u": (300.0, 870.0, 2240.0),
    "ɝ": (490.0, 1350.0, 1690.0),
}
"""First three formants in Hz, men's means of Peterson and Barney 1952."""

_BANDWIDTHS_HZ = (60.0, 90.0, 150.0)
_UPPER_FORMANTS = ((3300.0, 250.0), (3750.0, 200.0))  # Hz and bandwidth, Klatt's
_GLOTTIS = (0.0, 100.0)
_RADIATION = (1.0, -1.0, 0.0, 1.0, 0.0, 0.0)
_FRAME_SECONDS = 0.005  # the filter stands still that long, as in Klatt's synthesizer


def _pulses(pitch: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Impulses at a moving pitch, without aliasing and without a mean.

    The sum of equally strong cosines in closed form (Moore 1976), as many as stay below
    Nyquist at the highest pitch.
    """

    from scipy.special import diric

    partials = int(0.5 * rate / np.max(pitch) * 0.999)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    whole = 2 * partials + 1
    return np.asarray((whole * diric(phase, whole) - 1) / 2)


def _resonator(frequency: float, bandwidth: float, rate: int) -> tuple[float, ...]:
    """Two poles of unit gain at 0 Hz, as a second-order section (Klatt 1980, equation 2)."""
    radius = np.exp(-np.pi * bandwidth / rate)
    b = 2 * radius * np.cos(2 * np.pi * frequency / rate)
    c = -(radius**2)
    return (1 - b - c, 0.0, 0.0, 1.0, -b, -c)


def voiced(
    pitch: NDArray[np.float64], formants: NDArray[np.float64], rate: int
) -> NDArray[np.float64]:
    """A sung sound of peak 1, shape ``(samples,)``.

    Args:
        pitch: in Hz, of shape ``(samples,)``.
        formants: the lowest three in Hz, of shape ``(samples, 3)``.
        rate: in Hz, at least 16 000.
    """

    from scipy.signal import sosfilt

    source = _pulses(pitch, rate)
    fixed = [_RADIATION, _resonator(*_GLOTTIS, rate)]
    fixed += [_resonator(*formant, rate) for formant in _UPPER_FORMANTS]
    held = np.zeros((len(fixed) + len(_BANDWIDTHS_HZ), 2))
    sound = np.empty(len(source))
    step = round(_FRAME_SECONDS * rate)
    for start in range(0, len(source), step):
        frame = slice(start, start + step)
        moving = [
            _resonator(frequency, bandwidth, rate)
            for frequency, bandwidth in zip(formants[start], _BANDWIDTHS_HZ, strict=True)
        ]
        sound[frame], held = sosfilt(fixed + moving, source[frame], zi=held)
    return np.asarray(sound / np.max(np.abs(sound)))


def syllable(vowels: tuple[str, str], pitch: float, count: int, rate: int) -> NDArray[np.float64]:
    """One vowel gliding into another over the middle half, of peak 1, shape ``(count,)``.

    The same vowel twice stands still. The vibrato is a singer's: 5.5 Hz, half a semitone
    either way (Sundberg, "The Science of the Singing Voice", 1987).

    Args:
        vowels: two names of `VOWELS`.
        pitch: in Hz, around which the vibrato goes.
        count: samples.
        rate: in Hz, at least 16 000.
    """
    first, second = (np.array(VOWELS[name]) for name in vowels)
    way = np.clip(np.linspace(-0.5, 1.5, count), 0.0, 1.0)
    share = (0.5 - 0.5 * np.cos(np.pi * way))[:, None]
    vibrato = np.sin(2 * np.pi * 5.5 * np.arange(count) / rate)
    return voiced(pitch * 2 ** (vibrato / 24), first + share * (second - first), rate)
