"""The one resampler: soxr at very high quality, whole or streaming.

Linear phase with its delay taken out, so that a resampled file stays in time
with the original to well below a sample.
"""

from __future__ import annotations

import numpy as np

from drywet.audio.read import Samples
from drywet.errors import DrywetError

CONVERTED = "Add --resample to convert there and back."


def other_rate(what: str, rate: int, player: str, own: int, fix: str = CONVERTED) -> DrywetError:
    """What to say where a signal and what plays it run at different rates."""
    return DrywetError(
        f"{what} is at {rate} Hz and {player} runs at {own} Hz", "the same rate", fix
    )


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


def at_clock(samples: Samples, clock: float) -> Samples:
    """What a recorder made whose clock ran ``clock`` times too fast, as a right one would have it.

    Args:
        samples: float32, shape ``(samples,)``.
        clock: 1.0001 where there are 100 samples in a million too many.
    """
    import soxr

    if clock == 1 or not len(samples):
        return samples
    return np.asarray(soxr.resample(samples, clock, 1.0, quality="VHQ"), dtype=np.float32)
