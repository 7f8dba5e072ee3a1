"""Reading audio files: WAV, FLAC, AIFF, OGG and MP3, as mono float32 in -1..1.

Every file is suspect: the header is compared with what the file really holds
before a sample is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError

if TYPE_CHECKING:
    import soundfile

Samples = NDArray[np.float32]

MAX_FRAMES_IN_MEMORY = 200_000_000  # 69 minutes at 48 kHz, 0.8 GB as float32
_RATE_RANGE = (1_000, 768_000)
_READABLE = "a WAV, FLAC, AIFF, OGG or MP3 file"
# Lossy decoders only estimate their length, so a short read is no sign of damage.
_ESTIMATED_LENGTH = {"MPEG_LAYER_III", "MPEG_LAYER_II", "MPEG_LAYER_I", "VORBIS", "OPUS"}


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says.

    Attributes:
        frames: samples per channel.
        rate: samples per second.
    """

    path: Path
    rate: int
    frames: int
    channels: int
    subtype: str

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


def _open(path: Path) -> soundfile.SoundFile:
    import soundfile

    try:
        if not path.exists():
            raise DrywetError(
                f"{path} does not exist", _READABLE, "Check the spelling of the path."
            )
        if path.is_dir():
            raise DrywetError(f"{path} is a folder", _READABLE, "Name a file in it.")
        if path.stat().st_size == 0:
            raise DrywetError(f"{path} is empty (0 bytes)", _READABLE, "Record or export it again.")
        _check_length(path)
    except OSError as error:
        raise DrywetError(
            f"{path} cannot be read ({error.strerror})",
            _READABLE,
            "Check the path and who may read it.",
        ) from error
    try:
        return soundfile.SoundFile(str(path))
    except (soundfile.LibsndfileError, OSError, TypeError, ValueError) as error:
        reason = getattr(error, "error_string", None) or str(error)
        raise DrywetError(
            f"{path} is not readable as audio ({reason.rstrip('.')})",
            _READABLE,
            "Export it again from your recorder or DAW.",
        ) from error


def _check_length(path: Path) -> None:
    """Refuse a WAV or AIFF whose audio chunk promises more bytes than the file holds.

    libsndfile silently reads what is there; a recording that broke off must not
    be trained on unnoticed. (FLAC is checked as it is read; MP3 and OGG state no length
    to hold them to.)
    """
    with path.open("rb") as file:
        head = file.read(12)
        kind = (head[:4], head[8:12])
        if kind in ((b"RIFF", b"WAVE"), (b"RF64", b"WAVE")):
            audio, order = b"data", "little"
        elif kind in ((b"FORM", b"AIFF"), (b"FORM", b"AIFC")):
            audio, order = b"SSND", "big"
        else:
            return
        size = path.stat().st_size
        long_length = None  # RF64 keeps the true length in a chunk of its own
        while len(chunk := file.read(8)) == 8:
            length = int.from_bytes(chunk[4:8], order)  # type: ignore[arg-type]
            if chunk[:4] == b"ds64":
                body = file.read(length)
                long_length = int.from_bytes(body[8:16], "little")
                continue
            if chunk[:4] == audio:
                promised = length if long_length is None else long_length
                held = size - file.tell()
                if promised > held:
                    raise DrywetError(
                        f"{path} is cut short: its header promises {promised} bytes of audio, "
                        f"it holds {held}",
                        "a complete recording",
                        "Copy or export it again.",
                    )
                return
            file.seek(length + (length & 1), 1)


def probe(path: Path | str) -> AudioInfo:
    """Read a file's header.

    Raises:
        DrywetError: missing, empty, not audio, cut short, without a single
            frame, or with an impossible sample rate.
    """
    path = Path(path)
    with _open(path) as file:
        info = AudioInfo(path, int(file.samplerate), int(file.frames), file.channels, file.subtype)
    low, high = _RATE_RANGE
    if not low <= info.rate <= high:
        raise DrywetError(
            f"{path} has a sample rate of {info.rate} Hz",
            f"{low} to {high} Hz",
            "Export it at 44100 or 48000 Hz.",
        )
    if info.frames <= 0:
        raise DrywetError(
            f"{path} holds no samples", "a recording of some seconds", "Record or export it again."
        )
    return info


def _channel_index(info: AudioInfo, channel: int | None) -> int:
    if channel is None:
        if info.channels > 1:
            differ = (
                "two channels that differ" if info.channels == 2 else f"{info.channels} channels"
            )
            raise DrywetError(
                f"{info.path} has {differ}",
                "one channel",
                f"Choose one with --channel 1 to {info.channels}.",
            )
        return 0
    if info.channels > 1 and not 1 <= channel <= info.channels:
        raise DrywetError(
            f"{info.path} has {info.channels} channels, not a channel {channel}",
            f"--channel 1 to {info.channels}",
            "Name a channel that is there.",
        )
    return channel - 1 if info.channels > 1 else 0


def blocks(path: Path | str, channel: int | None = None, frames: int = 65_536) -> Iterator[Samples]:
    """Stream a file as mono blocks in constant memory.

    Args:
        path: the file.
        channel: 1-based channel of a stereo or surround file; ``None`` takes a
            mono file, or a stereo one whose two channels are the same.
        frames: samples per block; the last may be shorter.

    Yields:
        float32 arrays of shape ``(samples,)``.

    Raises:
        DrywetError: as `probe`; also several channels that differ and no
            ``channel``, or a file that ends before its header says.
    """
    info = probe(path)
    twin = channel is None and info.channels == 2
    index = 0 if twin else _channel_index(info, channel)
    seen = 0
    with _open(info.path) as file:
        for block in _frames_of(file, info, frames):
            seen += len(block)
            if twin and not np.array_equal(block[:, 0], block[:, 1], equal_nan=True):
                _channel_index(info, None)  # raises: the channels differ
            yield np.ascontiguousarray(block[:, index])
    if seen < info.frames and info.subtype not in _ESTIMATED_LENGTH:
        raise DrywetError(
            f"{info.path} ends after {seen} of {info.frames} samples",
            "a complete file",
            "Copy or export it again.",
        )


def _frames_of(
    file: soundfile.SoundFile, info: AudioInfo, frames: int
) -> Iterator[NDArray[np.float32]]:
    import soundfile

    while True:
        try:
            block = file.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise DrywetError(
                f"{info.path} is damaged ({error.error_string.rstrip('.')})",
                "a complete file",
                "Copy or export it again.",
            ) from error
        if len(block) == 0:
            return
        yield block


def read(path: Path | str, channel: int | None = None) -> tuple[Samples, int]:
    """Read a whole file as mono.

    Args:
        path: the file.
        channel: as in `blocks`.

    Returns:
        The samples, float32 of shape ``(samples,)``, and the rate in Hz.

    Raises:
        DrywetError: as `blocks`, and for files too long to hold in memory.
    """
    info = probe(path)
    if info.frames > MAX_FRAMES_IN_MEMORY:
        raise DrywetError(
            f"{info.path} is {info.seconds / 60:.0f} minutes long",
            f"at most {MAX_FRAMES_IN_MEMORY / info.rate / 60:.0f} minutes at this rate",
            "A few minutes of varied playing are enough: cut the file.",
        )
    parts = list(blocks(path, channel))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32), info.rate
