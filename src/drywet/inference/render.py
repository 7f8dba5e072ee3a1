"""A file through a model in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from drywet.audio.read import AudioInfo, Samples, blocks, probe
from drywet.audio.resample import StreamResampler, other_rate
from drywet.audio.write import writer
from drywet.errors import DrywetError
from drywet.inference.cabinet import Cabinet
from drywet.inference.stream import BLOCK, Stream, in_time
from drywet.inference.turning import TurningStream
from drywet.trained.model_file import TrainedModel


def render(
    trained: TrainedModel,
    source: Path,
    target: Path,
    *,
    channel: int | None = None,
    resample: bool = False,
    block: int = BLOCK,
    oversample: int = 1,
    behind: Cabinet | None = None,
    ways: Mapping[str, tuple[float, float]] | None = None,
    on_progress: Callable[[float], None] = lambda done: None,
) -> tuple[int, float]:
    """Play a file of any length through a model into another file.

    The output has the input's length and rate; it lags by the model's output latency.

    Args:
        trained: the model.
        source: file to play.
        target: file to write.
        channel: 1-based channel of a multi-channel file.
        resample: where the rates differ, resample to the model's and back.
        block: samples per block at the model's rate.
        oversample: as for `drywet.inference.stream.Stream`.
        behind: a cabinet that the model plays through, at the file's rate.
        ways: from where to where its knobs turn over the file, of a model that has some.
        on_progress: called with the share done, 0 to 1.

    Returns:
        Samples written, and the loudest of them.

    Raises:
        DrywetError: unusable file, samples that are not finite, or a rate other than
            the model's and ``resample`` false.
    """
    about = probe(source)
    rate = trained.card.rate
    _require_rate(about, rate, resample)
    if target.exists() and target.samefile(source):
        raise DrywetError(
            f"{target} is the input itself", "another output file", "Choose another name."
        )
    length = round(about.frames * rate / about.rate)
    stream = TurningStream(trained, ways, length) if ways else Stream(trained, oversample)
    written, loudest = 0, 0.0
    with writer(target, about.rate) as append:
        source_blocks = _finite(blocks(source, channel, block), source)
        pieces = _through(stream, source_blocks, about.rate, rate, block)
        for piece in pieces:
            heard = piece[: about.frames - written]
            if behind is not None:
                heard = behind.process(heard)
            append(heard)
            loudest = max(loudest, float(np.abs(heard).max(initial=0.0)))
            written = min(written + len(piece), about.frames)
            on_progress(written / about.frames)
    return written, loudest


def require_playable(
    trained: TrainedModel, source: Path, channel: int | None = None, resample: bool = False
) -> None:
    """Read a file from start to end as `render` does, without playing it.

    Raises:
        DrywetError: what `render` would refuse.
    """
    _require_rate(probe(source), trained.card.rate, resample)
    for _ in _finite(blocks(source, channel), source):
        pass


def _require_rate(about: AudioInfo, rate: int, resample: bool) -> None:
    if about.rate != rate and not resample:
        raise other_rate(str(about.path), about.rate, "the model", rate)


def _finite(pieces: Iterator[Samples], source: Path) -> Iterator[Samples]:
    """Refuse NaN and infinity, which would stay in the model's state for ever."""
    for piece in pieces:
        if not np.isfinite(piece).all():
            raise DrywetError(
                f"{source} holds samples that are NaN or infinite",
                "finite samples",
                "Export it again; a plugin in the chain may have failed.",
            )
        yield piece


def _through(
    stream: Stream, source: Iterator[Samples], file_rate: int, rate: int, block: int
) -> Iterator[Samples]:
    if file_rate == rate:
        yield from in_time(stream, source)
        return
    there, back = StreamResampler(file_rate, rate), StreamResampler(rate, file_rate)
    empty = np.zeros(0, np.float32)

    def at_model_rate() -> Iterator[Samples]:
        for piece in source:
            yield there.process(piece)
        yield there.process(empty, last=True)

    def blocks_of(pieces: Iterator[Samples]) -> Iterator[Samples]:
        for piece in pieces:
            for first in range(0, len(piece), block):
                yield piece[first : first + block]

    for played in in_time(stream, blocks_of(at_model_rate())):
        yield back.process(played)
    yield back.process(empty, last=True)
