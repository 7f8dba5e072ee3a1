"""A loudspeaker cabinet behind an amp: convolution with its impulse response, block by block."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from drywet.audio.read import Samples, read
from drywet.audio.resample import resample
from drywet.errors import DrywetError

_MOST_SECONDS = 30.0
_MOST_GAIN_DB = 24.0  # a second of a hall, to its peak, has some 20


class Cabinet:
    """Convolves a stream with an impulse response of any length, without latency of its own.

    Each block is convolved by FFT (overlap-add, `scipy.signal.oaconvolve`) and the tail that
    reaches beyond it is added to the next ones.

    Args:
        response: shape ``(taps,)``, at the stream's rate.
    """

    def __init__(self, response: Samples) -> None:
        self._response = response.astype(np.float64)
        self._tail = np.zeros(len(response) - 1)

    def process(self, block: Samples) -> Samples:
        """As many samples as go in, float32 of shape ``(samples,)``; blocks of any length."""
        from scipy.signal import oaconvolve

        if not len(block):
            return block
        whole = oaconvolve(block.astype(np.float64), self._response)
        whole[: len(self._tail)] += self._tail
        out, self._tail = whole[: len(block)], whole[len(block) :]
        return np.asarray(out, np.float32)


def cabinet(path: Path | str, rate: int, channel: int | None = None) -> Cabinet:
    """A cabinet from a file with its impulse response.

    Args:
        path: audio file; one of another rate is resampled, as loud as it was.
        rate: of what is to be played, in Hz.
        channel: 1-based channel of a multi-channel file.

    Raises:
        DrywetError: unusable, silent, or longer than any cabinet.
    """
    response, own = read(path, channel)
    loudest = float(np.abs(response).max(initial=0.0))
    if not 0 < loudest < float("inf"):
        raise DrywetError(
            f"{path} is no impulse response: it is silent or holds NaN", "a short click's answer",
            "Choose another --ir.",
        )  # fmt: skip
    gain_db = 10 * float(np.log10(np.sum(np.square(response, dtype=np.float64))))
    if gain_db > _MOST_GAIN_DB:
        raise DrywetError(
            f"{path} would make noise {gain_db:.0f} dB louder",
            f"an impulse response, which makes it {_MOST_GAIN_DB:.0f} dB louder at most",
            "Is it a recording?",
        )
    if len(response) > _MOST_SECONDS * own:
        raise DrywetError(
            f"{path} is {len(response) / own:.0f} s long",
            f"an impulse response of at most {_MOST_SECONDS:.0f} s", "Is it a recording?",
        )  # fmt: skip
    # A sum over samples: at twice the rate there are twice as many of them.
    return Cabinet(resample(response, own, rate) * np.float32(own / rate))
