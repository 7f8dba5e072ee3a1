"""``render``: play files through a trained model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from drywet.audio.read import probe
from drywet.audio.write import require_another, require_writable
from drywet.dsp.levels import db
from drywet.errors import DrywetError
from drywet.formats.load import load
from drywet.inference import render as rendering
from drywet.inference.cabinet import cabinet
from drywet.inference.stream import BLOCK
from drywet.storage import make_folder, require_new
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel

Turn = float | tuple[float, float]
"""Where a knob stands, or from where to where it turns."""


class Rendered(BaseModel):
    """What was written.

    Attributes:
        path: the output file.
        seconds: its length.
        rate: of the file, in Hz.
        model_rate: at which the model ran, in Hz.
        output_latency: samples at the model's rate by which the output lags the input.
        peak_dbfs: of the output; above 0 it clips where the format has no room above.
        oversample: times that rate at which it ran.
        knobs: where those of the model stood, or from where to where they turned.
        cabinet: the impulse response behind it.
    """

    path: str
    seconds: float
    rate: int
    model_rate: int
    output_latency: int
    peak_dbfs: float
    oversample: int = 1
    knobs: dict[str, Turn] = Field(default_factory=dict)
    cabinet: str | None = None


def render(
    model: Path | str,
    source: Path | str,
    target: Path | str,
    *,
    channel: int | None = None,
    resample: bool = False,
    block: int = BLOCK,
    knobs: Mapping[str, Turn] | None = None,
    size: float = 1.0,
    oversample: int = 1,
    ir: Path | str | None = None,
    overwrite: bool = False,
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
        knobs: of a model that has some, in their own units: a position, or from where to where it
            turns over the file; those left out are in the middle.
        size: of a slimmable ``.nam``, as for `drywet.load`.
        oversample: how many times its rate the model runs at, 1, 2, 4 or 8: aliasing falls with
            it; the output stays in time.
        ir: impulse response of a cabinet to play it through, a file of any rate; it adds no
            latency but its own.
        overwrite: replace a file that is there.
        on_progress: called with the share done.

    Raises:
        DrywetError: unusable model or file, or rates that differ.
    """
    loaded = load(model, size)
    trained, ways = _turned(loaded, knobs, oversample)
    return _played(
        trained, Path(source), Path(target), stood=_stood(loaded, knobs), ways=ways,
        channel=channel, resample=resample, block=block, oversample=oversample, ir=ir,
        overwrite=overwrite, on_progress=on_progress,
    )  # fmt: skip


def _turned(
    trained: TrainedModel, knobs: Mapping[str, Turn] | None, oversample: int
) -> tuple[TrainedModel, dict[str, tuple[float, float]]]:
    """The model with its knobs fixed; or as it is, with how they turn."""
    given = knobs or {}
    ways = {name: turn if isinstance(turn, tuple) else (turn, turn) for name, turn in given.items()}
    if all(start == end for start, end in ways.values()):
        return with_knobs(trained, {name: start for name, (start, _) in ways.items()}), {}
    if oversample != 1:
        raise DrywetError(
            "--oversample and a knob that turns", "one of them", "Give one position for the file."
        )
    return trained, ways


def _stood(trained: TrainedModel, knobs: Mapping[str, Turn] | None) -> dict[str, Turn]:
    """Where all knobs of a model stand, or from where to where they turn."""
    ranges = trained.card.ranges
    return {name: (knobs or {}).get(name, knob.middle) for name, knob in ranges.items()}


def _played(
    trained: TrainedModel,
    source: Path,
    target: Path,
    *,
    stood: dict[str, Turn],
    ir: Path | str | None = None,
    overwrite: bool = False,
    oversample: int = 1,
    **settings: Any,
) -> Rendered:
    """As `render`, once the model is loaded."""
    require_another(source, target)
    rate = probe(source).rate
    require_writable(target, rate)
    require_new(target, overwrite)
    written, loudest = rendering.render(
        trained, source, target,
        oversample=oversample, behind=None if ir is None else cabinet(ir, rate), **settings,
    )  # fmt: skip
    return Rendered(
        path=str(target),
        seconds=written / rate,
        rate=rate,
        model_rate=trained.card.rate,
        output_latency=trained.card.output_latency,
        peak_dbfs=db(loudest),
        oversample=oversample,
        knobs=stood,
        cabinet=None if ir is None else str(ir),
    )


def render_all(
    model: Path | str,
    sources: Sequence[Path | str],
    folder: Path | str,
    *,
    channel: int | None = None,
    resample: bool = False,
    knobs: Mapping[str, Turn] | None = None,
    size: float = 1.0,
    overwrite: bool = False,
    on_progress: Callable[[float], None] = lambda done: None,
    **settings: Any,
) -> list[Rendered]:
    """Play several files through a model into a folder, each under its own name as WAV.

    All of them are read once before the first is played: what is wrong with one leaves none.

    Args:
        model: as for `render`.
        sources: audio files.
        folder: for the outputs; made where it is not there.
        channel: as for `render`, like all that follow.
        resample: convert to the model's rate and back.
        knobs: of the model.
        size: of a slimmable ``.nam``.
        overwrite: replace files that are there.
        on_progress: called with the share of all files that is done.
        settings: the others of `render`.

    Raises:
        DrywetError: as `render`, or two files of one name, or the folder of the files themselves.
    """
    folder = Path(folder)
    targets = [folder / f"{Path(source).stem}.wav" for source in sources]
    twice = next((name for name in targets if targets.count(name) > 1), None)
    if twice is not None:
        raise DrywetError(
            f"two files that would both become {twice}", "files of different names",
            "Play one of them by itself.",
        )  # fmt: skip
    loaded = load(model, size)
    trained, ways = _turned(loaded, knobs, settings.get("oversample", 1))
    for source, target in zip(sources, targets, strict=True):
        require_another(Path(source), target)
        require_new(target, overwrite)
    for source in sources:
        rendering.require_playable(trained, Path(source), channel, resample)
    make_folder(folder)
    made = []
    for number, (source, target) in enumerate(zip(sources, targets, strict=True)):

        def told(done: float, before: int = number) -> None:
            on_progress((before + done) / len(targets))

        made.append(
            _played(
                trained, Path(source), target, stood=_stood(loaded, knobs), ways=ways,
                channel=channel, resample=resample, overwrite=overwrite, on_progress=told,
                **settings,
            )
        )  # fmt: skip
    return made


def places(files: Sequence[Path], out: Path | None) -> tuple[list[Path], Path, bool]:
    """What a list of files and ``-o`` mean.

    Args:
        files: a file to play and one to write; or, with ``out``, files to play.
        out: file, or folder for several.

    Returns:
        What is to be played, where to, and whether that is a folder.

    Raises:
        DrywetError: neither an input and an output, nor inputs and a place.
    """
    if out is None:
        if len(files) != 2:
            raise DrywetError(
                f"{len(files)} file{'s' * (len(files) != 1)} and no -o",
                "an input and an output, or inputs and -o FOLDER", "Name the folder with -o.",
            )  # fmt: skip
        return [files[0]], files[1], False
    if len(files) == 1 and out.suffix and not out.is_dir():
        return [files[0]], out, False
    return list(files), out, True
