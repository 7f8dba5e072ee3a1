"""``render``: play a file through a trained model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import BaseModel

from drywet.audio.read import probe
from drywet.audio.write import require_another, require_writable
from drywet.formats.load import load
from drywet.inference import render as rendering
from drywet.inference.stream import BLOCK
from drywet.trained.knobs import with_knobs


class Rendered(BaseModel):
    """What was written.

    Attributes:
        path: the output file.
        seconds: its length.
        rate: of the file, in Hz.
        model_rate: at which the model ran, in Hz.
        output_latency: samples at the model's rate by which the output lags the input.
        oversample: times that rate at which it ran.
    """

    path: str
    seconds: float
    rate: int
    model_rate: int
    output_latency: int
    oversample: int = 1


def render(
    model: Path | str,
    source: Path | str,
    target: Path | str,
    *,
    channel: int | None = None,
    resample: bool = False,
    block: int = BLOCK,
    knobs: Mapping[str, float] | None = None,
    size: float = 1.0,
    oversample: int = 1,
    on_progress: Callable[[float], None] = lambda done: None,
) -> Rendered:
    """Play ``source`` through a model into ``target``.

    Args:
        model: as for `drywet.load`.
        source: audio file of any length.
        target: audio file to write; WAV, FLAC, AIFF, MP3, OGG and more by its ending, floats
            where the format has them.
        channel: 1-based channel of a multi-channel file.
        resample: convert to the model's rate and back where they differ.
        block: samples per block; the result does not depend on it.
        knobs: of a model that has some, 0 to 1; those left out are at noon.
        size: of a slimmable ``.nam``, as for `drywet.load`.
        oversample: how many times its rate the model runs at, 1, 2, 4 or 8: aliasing falls with
            it; the output stays in time.
        on_progress: called with the share done.

    Raises:
        DrywetError: unusable model or file, or rates that differ.
    """
    trained = with_knobs(load(model, size), knobs)
    source, target = Path(source), Path(target)
    require_another(source, target)
    require_writable(target, probe(source).rate)
    written = rendering.render(
        trained, source, target,
        channel=channel, resample=resample, block=block, oversample=oversample,
        on_progress=on_progress,
    )  # fmt: skip
    rate = probe(source).rate
    return Rendered(
        path=str(target),
        seconds=written / rate,
        rate=rate,
        model_rate=trained.card.rate,
        output_latency=trained.card.output_latency,
        oversample=oversample,
    )
