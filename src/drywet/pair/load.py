"""Two audio files become a pair: same rate, mono, with their fingerprints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drywet.audio.read import probe, read
from drywet.audio.resample import resample
from drywet.dsp.latency import shifted
from drywet.errors import DrywetError


@dataclass(frozen=True)
class Pair:
    """A dry recording and the same performance through the device.

    Attributes:
        dry: float32, shape ``(samples,)``, full scale.
        wet: float32; until the pair is aligned its length may differ.
        rate: of both, in Hz.
    """

    dry: NDArray[np.float32]
    wet: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """Length of the common part."""
        return min(len(self.dry), len(self.wet)) / self.rate

    def aligned(self, latency: int) -> Pair:
        """The common part once the wet is moved ``latency`` samples earlier."""
        dry, wet = shifted(self.dry, self.wet, latency)
        return replace(self, dry=dry, wet=wet)

    def resampled(self, rate: int) -> Pair:
        """The pair at another sample rate."""
        return Pair(resample(self.dry, self.rate, rate), resample(self.wet, self.rate, rate), rate)


def fingerprint(samples: NDArray[np.float32]) -> str:
    """SHA-256 of the samples, so that a run knows its recording again."""
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()


def load_pair(
    dry: Path | str, wet: Path | str, channel: int | None = None, resample_wet: bool = False
) -> Pair:
    """Load a pair of files.

    Args:
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        channel: 1-based channel of multi-channel files.
        resample_wet: bring a wet file of another rate to the dry file's.

    Raises:
        DrywetError: a file is unusable (see `drywet.audio.read`), both are the
            same file, or their rates differ and ``resample_wet`` is false.
    """
    about_dry, about_wet = probe(dry), probe(wet)
    if about_dry.path.samefile(about_wet.path):
        raise DrywetError(
            f"dry and wet are the same file, {dry}",
            "two recordings",
            "Name the dry file first, then the wet one.",
        )
    if about_dry.rate != about_wet.rate and not resample_wet:
        raise DrywetError(
            f"{dry} is at {about_dry.rate} Hz and {wet} at {about_wet.rate} Hz",
            "one sample rate",
            "Add --resample to bring the wet file to the dry one's rate.",
        )
    x, rate = read(dry, channel)
    y, wet_rate = read(wet, channel)
    return Pair(x, resample(y, wet_rate, rate), rate)
