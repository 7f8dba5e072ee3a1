"""The one resampler: soxr at very high quality, whole or streaming.

Linear phase with its delay taken out, so that a resampled file stays in time
with the original to well below a sample.
"""

from __future__ import annotations

import numpy as np

from drywet.audio.read import Samples


class StreamResampler:
    """Resample a stream block by block; the joined output is that of one long block.

    Args:
        source: rate of what goes in, in Hz.
        target: rate of what comes out, in Hz.
    """

    def __init__(self, source: int, target: int) -> None:
        import soxr

        self._stream = soxr.ResampleStream(source, target, 1, dtype="float32", quality="VHQ")

    def process(self, block: Samples, last: bool = False) -> Samples:
        """Feed a block (possibly empty); returns what is ready, of any length."""
        return np.asarray(self._stream.resample_chunk(block, last=last), dtype=np.float32)


def resample(samples: Samples, source: int, target: int) -> Samples:
    """Resample ``samples`` (float32, shape ``(samples,)``) from ``source`` to ``target`` Hz.

    Returns:
        ``ceil(len * target / source)`` samples, give or take one; the input
        itself when the rates are equal.
    """
    if source == target:
        return samples
    return StreamResampler(source, target).process(samples, last=True)
