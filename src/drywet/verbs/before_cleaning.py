"""What a cleaned model was before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drywet.evaluation.material import own_material
from drywet.evaluation.probes import player_of, settling
from drywet.inference.stream import predict
from drywet.metrics import aliasing, sines, time
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.trained.model_file import TrainedModel, load_model


@dataclass(frozen=True)
class Before:
    """What a cleaned model was before, on the same audio and the same sines.

    Attributes:
        path: the model.
        esr: error-to-signal ratio.
        aliasing_db: mean aliasing-to-signal ratio.
    """

    path: Path
    esr: float
    aliasing_db: float


def before_cleaning(folder: RunFolder, config: RunConfig) -> Before:
    """The model that a run started from, on the audio that the run is scored on."""
    trained = load_model(folder.start_file)
    chosen = own_material(config)
    signals = predict(trained, chosen.prepared.dry), chosen.prepared.wet
    return Before(
        Path(str(config.start)),
        esr_over(*(chosen.cut(signal) for signal in signals)),
        aliasing_db(trained, config.trained_peak_dbfs),
    )


def esr_over(found: list[NDArray[np.float32]], wanted: list[NDArray[np.float32]]) -> float:
    """The ESR of stretches taken as one."""
    return float(time.esr(np.concatenate(found), np.concatenate(wanted)))


def aliasing_db(trained: TrainedModel, peak_dbfs: float | None) -> float:
    """The mean aliasing-to-signal ratio over sines no louder than a recording."""
    grid = sines.measure(player_of(trained, 1), trained.card.rate, settling(trained, 1))
    return aliasing.up_to(aliasing.evaluate(grid), peak_dbfs)
