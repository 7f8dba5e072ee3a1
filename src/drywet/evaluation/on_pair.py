"""A run or anyone's model on files that are named.

They are one of the run's own captures, or another one of its device. Another capture is aligned by
what the model makes of its dry file: by itself it would settle on a delay that may be a sample or
more off the one that was learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from drywet.errors import DrywetError
from drywet.evaluation.material import Material, aligned_to, own_material
from drywet.evaluation.measure import Subject, of_model, of_run
from drywet.formats.load import load
from drywet.pair.alignment import NOTHING, Mending
from drywet.pair.load import load_pair
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.runs.recording import own_capture
from drywet.trained.knobs import with_knobs


def run_on_pair(
    folder: RunFolder,
    config: RunConfig,
    dry: Path | str | None,
    wet: Path | str | None,
    *,
    knobs: Mapping[str, float] | None = None,
    channel: int | None = None,
    resample_wet: bool = False,
    latency: int | None = None,
    mending: Mending = NOTHING,
    force: bool = False,
) -> tuple[Subject, Material]:
    """A run and a pair of files to score it on, its knobs as they stood then.

    Args:
        folder: of the run.
        config: of it.
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        knobs: their positions; of one of the run's own captures they are known.
        channel: 1-based channel of multi-channel files.
        resample_wet: bring a wet file of another rate to the dry one's.
        latency: of the wet file in samples; by default what the model makes of the dry file tells.
        mending: of a delay that does not stay.
        force: score files that the checks refuse.

    Raises:
        DrywetError: a knob out of its range, one file without the other, or unusable files.
    """
    if dry is None or wet is None:
        raise DrywetError(
            "one file was given", "a dry and a wet one, or neither", "Name both files."
        )
    pair = load_pair(dry, wet, channel, resample_wet)
    own = own_capture(pair, config)
    stood = {} if own is None else config.positions(own)
    subject = of_run(folder, config)
    turned = {**stood, **(knobs or {})}
    trained = with_knobs(subject.trained, turned)
    if turned:  # the others are in the middle
        turned = {knob.name: turned.get(knob.name, knob.middle) for knob in config.knobs}
    if own is not None:
        chosen = own_material(config, own, pair)
    else:
        chosen = aligned_to(trained, pair, latency, mending, force)
    recording = subject.recording
    if config.knobs:  # they may stand where the first capture's did not
        recording = None if own is None or knobs else config.captures[own].recording
    return replace(subject, trained=trained, recording=recording, turned=turned), chosen


def model_on_pair(
    path: Path,
    dry: Path | str | None,
    wet: Path | str | None,
    *,
    knobs: Mapping[str, float] | None = None,
    size: float = 1.0,
    channel: int | None = None,
    resample_wet: bool = False,
    latency: int | None = None,
    mending: Mending = NOTHING,
    force: bool = False,
) -> tuple[Subject, Material]:
    """A model that no run of drywet's is known of, and a pair of files to score it on.

    Args:
        path: of the model, as for `drywet.load`.
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        knobs: positions of the model's; the others are in the middle.
        size: of a slimmable ``.nam``.
        channel: as for `run_on_pair`, like the rest.
        resample_wet: see there.
        latency: see there.
        mending: see there.
        force: see there.

    Raises:
        DrywetError: no such model, a knob out of its range, no two files, or unusable ones.
    """
    trained = with_knobs(load(path, size), knobs)
    if dry is None or wet is None:
        raise DrywetError(
            f"{path} is a model without a capture", "a dry and a wet file to score it on",
            f"Call drywet evaluate {path} DRY WET.",
        )  # fmt: skip
    pair = load_pair(dry, wet, channel, resample_wet)
    chosen = aligned_to(trained, pair, latency, mending, force)
    return of_model(path, trained, chosen), chosen
