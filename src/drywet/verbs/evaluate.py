"""``evaluate``: how close is a trained model to its device, on audio it has not heard?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from drywet.audio.write import write
from drywet.dsp.oversampling import require_factor
from drywet.errors import DrywetError, UnknownKnobError
from drywet.evaluation.material import own_material
from drywet.evaluation.measure import Measured, measure, of_run
from drywet.evaluation.on_pair import model_on_pair, run_on_pair
from drywet.evaluation.positions import measure_positions
from drywet.evaluation.result import Evaluation
from drywet.pair.alignment import Mending
from drywet.runs.folder import SOUNDS, RunFolder
from drywet.storage import make_folder, write_json

__all__ = ["Evaluation", "evaluate", "keep"]


def evaluate(
    run: RunFolder | Path | str,
    dry: Path | str | None = None,
    wet: Path | str | None = None,
    *,
    channel: int | None = None,
    resample_wet: bool = False,
    latency: int | None = None,
    resample_drift: bool = False,
    per_take: bool = False,
    force: bool = False,
    knobs: Mapping[str, float] | None = None,
    size: float = 1.0,
    oversample: int = 1,
    on_progress: Callable[[str, float], None] = lambda what, done: None,
) -> Evaluation:
    """Score a run on its held-out test audio, or a run or anyone's model on another capture.

    Without files, the run's own are read again, and ``scores.json`` and
    audio are written to its folder, unless it runs oversampled. With files, all of them is scored
    (of the run's own files again only the test part) and nothing is written.

    Args:
        run: the run or its folder, or a model file as for `drywet.load`.
        dry: another dry file.
        wet: the wet file to it.
        channel: 1-based channel of multi-channel files.
        resample_wet: bring a wet file of another rate to the dry one's.
        latency: of the other files in samples, instead of the measured one.
        resample_drift: resample the other wet by the measured drift of the clocks.
        per_take: align joined takes of the other files each by itself.
        force: score files that the checks refuse.
        knobs: of a model that has some, in their own units, for the other files.
        size: of a slimmable ``.nam``, as for `drywet.load`.
        oversample: how many times its rate the model runs at, 1, 2, 4 or 8.
        on_progress: called with what comes next and the share done so far, about.

    Raises:
        DrywetError: no such run or model, a model file without a capture, files that cannot be
            used, or the run's own files changed.
    """
    require_factor(oversample)
    mending = Mending(drift=resample_drift, takes=per_take)
    if not isinstance(run, RunFolder) and Path(run).is_file():
        subject, chosen = model_on_pair(
            Path(run), dry, wet, knobs=knobs, size=size, channel=channel,
            resample_wet=resample_wet, latency=latency, mending=mending, force=force,
        )  # fmt: skip
        return measure(replace(subject, oversample=oversample), chosen, on_progress).evaluation
    if size != 1:
        raise DrywetError("a size for a run", "a slimmable .nam with it", "Leave it out.")
    folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
    config = folder.config()
    unknown = [name for name in knobs or {} if name not in {knob.name for knob in config.knobs}]
    if unknown:
        raise UnknownKnobError("the run", unknown[0], tuple(knob.name for knob in config.knobs))
    if dry is not None or wet is not None:
        subject, chosen = run_on_pair(
            folder, config, dry, wet, knobs=knobs, channel=channel, resample_wet=resample_wet,
            latency=latency, mending=mending, force=force,
        )  # fmt: skip
        measured = measure(replace(subject, oversample=oversample), chosen, on_progress)
    elif config.knobs:
        if knobs:
            raise DrywetError(
                f"positions of knobs for {folder.path} alone", "a dry and a wet file with them",
                "Leave them out to score it at the positions of its captures.",
            )  # fmt: skip
        measured = measure_positions(folder, config, oversample, on_progress)[1]
    else:
        subject = replace(of_run(folder, config), oversample=oversample)
        measured = measure(subject, own_material(config), on_progress)
    if dry is None and oversample == 1:
        keep(folder, measured)
    return measured.evaluation


def keep(folder: RunFolder, measured: Measured) -> None:
    """Write scores and audio of the test spans into a run's folder."""
    result, rate = measured.evaluation, measured.rate
    write_json(folder.scores_file, result.model_dump(mode="json"))
    if measured.answers is not None:
        write_json(folder.device_file, measured.answers.model_dump(mode="json"))
    make_folder(folder.audio)
    dry, target, predicted, linear = (
        np.concatenate(parts)
        for parts in (measured.dry, measured.target, measured.prediction, measured.linear)
    )
    sounds = (dry, target, predicted, target - predicted, linear)
    for stem, samples in zip(SOUNDS, sounds, strict=True):
        write(folder.audio / f"{stem}.wav", samples, rate)
