"""Writing audio files, atomically, whole or block by block."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from drywet.audio.read import Samples
from drywet.errors import DrywetError
from drywet.storage import atomic_path

_SUBTYPES = {
    "float": {"WAV": "FLOAT", "AIFF": "FLOAT", "FLAC": "PCM_24", "OGG": "VORBIS"},
    "24": {"WAV": "PCM_24", "AIFF": "PCM_24", "FLAC": "PCM_24", "OGG": "VORBIS"},
}
_FRAMES_AT_ONCE = 65_536  # libsndfile's Vorbis encoder crashes on minutes in one call
_FORMATS = {
    ".wav": "WAV",
    ".flac": "FLAC",
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".ogg": "OGG",
}


@contextlib.contextmanager
def writer(
    path: Path | str, rate: int, depth: str = "float"
) -> Iterator[Callable[[Samples], None]]:
    """Open a mono audio file for writing in blocks; it appears when complete.

    Args:
        path: where to; the suffix chooses the format.
        rate: sample rate in Hz.
        depth: ``"float"`` (32-bit float where the format has it) or ``"24"``.

    Yields:
        A function that appends a float32 block of shape ``(samples,)``.

    Raises:
        DrywetError: unknown suffix, or a place that cannot be written.
    """
    import soundfile

    path = Path(path)
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise DrywetError(
            f"{path.name} has the ending '{path.suffix}'",
            f"an output file ending in {', '.join(_FORMATS)}",
            "Name the output file so.",
        )
    with atomic_path(path) as temporary:
        try:
            with soundfile.SoundFile(
                str(temporary), "w", rate, 1, _SUBTYPES[depth][kind], format=kind
            ) as file:
                yield file.write
        except soundfile.LibsndfileError as error:
            raise DrywetError(
                f"cannot write {path} ({error.error_string.rstrip('.')})",
                "free space and a sample rate that the format knows",
                "Choose another place or format.",
            ) from error


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
