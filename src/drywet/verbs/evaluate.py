"""``evaluate``: how close is a trained model to its device, on audio it has not heard?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from drywet.audio.write import write
from drywet.evaluation.material import material
from drywet.evaluation.measure import Measured, measure
from drywet.evaluation.result import Evaluation
from drywet.figures import canvas
from drywet.figures.spectrograms import spectrograms
from drywet.figures.training_curve import training_curve
from drywet.figures.waveform import waveform
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
    force: bool = False,
) -> Evaluation:
    """Score a run on its held-out test audio, or on another capture of the same device.

    Without files, the run's own are read again, and ``scores.json``, figures and
    audio are written to its folder. With files, all of them is scored (of the run's own
    files again only the test part) and nothing is written.

    Args:
        run: the run or its folder.
        dry: another dry file.
        wet: the wet file to it.
        channel: 1-based channel of multi-channel files.
        resample_wet: bring a wet file of another rate to the dry one's.
        latency: of the other files in samples, instead of the measured one.
        force: score files that the checks refuse.

    Raises:
        DrywetError: no such run, files that cannot be used, or the run's own
            files changed.
    """
    folder = run if isinstance(run, RunFolder) else RunFolder.open(run)
    config = folder.config()
    chosen = material(
        config, dry, wet,
        channel=channel, resample_wet=resample_wet, latency=latency, force=force,
    )  # fmt: skip
    measured = measure(folder, config, chosen)
    if dry is None:
        keep(folder, measured)
    return measured.evaluation


def keep(folder: RunFolder, measured: Measured) -> None:
    """Write scores, figures and audio of the test spans into a run's folder."""
    result, rate = measured.evaluation, measured.rate
    write_json(folder.scores_file, result.model_dump(mode="json"))
    if measured.answers is not None:
        write_json(folder.device_file, measured.answers.model_dump(mode="json"))
    make_folder(folder.figures)
    make_folder(folder.audio)
    dry, target, predicted = (
        np.concatenate(parts) for parts in (measured.dry, measured.target, measured.prediction)
    )
    title = f"{result.model}: ESR {result.esr:.2e} on {result.seconds:.1f} s of held-out audio"
    canvas.save(waveform(target, predicted, rate, title), folder.figures / "waveform.png")
    canvas.save(
        spectrograms(dry, target, predicted, rate, title, measured.seams),
        folder.figures / "spectrograms.png",
    )
    history = folder.history()
    if history:
        curve = training_curve(
            history,
            result.linear.esr,
            result.noise_floor_esr,
            [band.label for band in result.bands],
        )
        canvas.save(curve, folder.figures / "training.png")
    sounds = (dry, target, predicted, target - predicted)
    for stem, samples in zip(SOUNDS, sounds, strict=True):
        write(folder.audio / f"{stem}.wav", samples, rate)
