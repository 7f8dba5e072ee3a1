"""Writing audio files, atomically, whole or block by block."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from drywet.audio.read import Samples
from drywet.errors import DrywetError
from drywet.storage import atomic_path, ending_of, require_place

_FRAMES_AT_ONCE = 65_536  # libsndfile's Vorbis encoder crashes on minutes in one call
# By the ending: the format, its samples where they may be floats, and where 24 bits are wanted.
_FORMATS = {
    ".wav": ("WAV", "FLOAT", "PCM_24"),
    ".flac": ("FLAC", "PCM_24", "PCM_24"),
    ".aif": ("AIFF", "FLOAT", "PCM_24"),
    ".aiff": ("AIFF", "FLOAT", "PCM_24"),
    ".w64": ("W64", "FLOAT", "PCM_24"),
    ".rf64": ("RF64", "FLOAT", "PCM_24"),
    ".caf": ("CAF", "FLOAT", "PCM_24"),
    ".au": ("AU", "FLOAT", "PCM_24"),
    ".ogg": ("OGG", "VORBIS", "VORBIS"),
    ".opus": ("OGG", "OPUS", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III", "MPEG_LAYER_III"),
}
ENDINGS = frozenset(_FORMATS)
"""Of the sound files that libsndfile knows, to write and to read."""


@contextlib.contextmanager
def writer(
    path: Path | str, rate: int, depth: str = "float"
) -> Iterator[Callable[[Samples], None]]:
    """Open a mono audio file for writing in blocks; it appears when complete.

    Args:
        path: where to; the ending chooses the format, of those that libsndfile writes.
        rate: sample rate in Hz.
        depth: ``"float"`` (32-bit float where the format has it) or ``"24"``.

    Yields:
        A function that appends a float32 block of shape ``(samples,)``.

    Raises:
        DrywetError: unknown suffix, or a place that cannot be written.
    """
    import soundfile

    path = Path(path)
    kind, subtype = _format_of(path, depth)
    with atomic_path(path) as temporary:
        try:
            with soundfile.SoundFile(str(temporary), "w", rate, 1, subtype, format=kind) as file:
                yield file.write
        except soundfile.LibsndfileError as error:
            raise DrywetError(
                f"cannot write {path} ({error.error_string.rstrip('.')})",
                "free space and a sample rate that the format knows",
                "Choose another place or format.",
            ) from error


def _format_of(path: Path, depth: str) -> tuple[str, str]:
    """The format and its kind of samples, by the ending."""
    found = _FORMATS.get(path.suffix.lower())
    if found is None:
        raise DrywetError(
            f"the output file {path.name} {ending_of(path)}", f"one of {', '.join(_FORMATS)}",
            "Name the output file so.",
        )  # fmt: skip
    return found[0], found[1 if depth == "float" else 2]


def require_writable(path: Path, rate: int) -> None:
    """Check, before any work, that audio of such a rate can be written there.

    Raises:
        DrywetError: the place, the ending, or a rate that the format does not know.
    """
    import soundfile

    require_place(path)
    kind, subtype = _format_of(path, "float")
    try:
        soundfile.SoundFile(io.BytesIO(), "w", rate, 1, subtype, format=kind).close()
    except soundfile.LibsndfileError as error:
        raise DrywetError(
            f"{path.name} at {rate} Hz", f"a sample rate that {path.suffix} knows",
            "Name the output file .wav or .flac.",
        ) from error  # fmt: skip


def require_another(source: Path, target: Path) -> None:
    """A recording is never written over by what was made of it.

    Raises:
        DrywetError: both are one file.
    """
    if source.resolve() == target.resolve():
        raise DrywetError(
            f"{target} is the file to be played", "another file to write", "Name another one."
        )


def write(path: Path | str, samples: Samples, rate: int, depth: str = "float") -> None:
    """Write ``samples`` (float32, shape ``(samples,)``) to ``path`` at ``rate`` Hz.

    Raises:
        DrywetError: as `writer`, or samples that are NaN or infinite.
    """
    if not np.isfinite(samples).all():
        raise DrywetError(
            f"{path} would hold samples that are NaN or infinite",
            "finite samples",
            "Look at what made them.",
        )
    with writer(path, rate, depth) as append:
        for first in range(0, len(samples), _FRAMES_AT_ONCE):
            append(samples[first : first + _FRAMES_AT_ONCE])
