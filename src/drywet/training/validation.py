"""What a training learns about itself at every validation, and by which figure it chooses.

The scores named in `Select`, all of them lower for better:

* ``esr``: error-to-signal ratio;
* ``esr_pre``: the same after the pre-emphasis ``1 - 0.85 z^-1``;
* ``mrstft``: multi-resolution STFT distance;
* ``composite``: the geometric mean of the three, so that a tenth off any of them counts alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from drywet.data.split import Span
from drywet.inference.spans import SpanBatch
from drywet.metrics import stft, time
from drywet.metrics.bands import BandEnergies, BandScore
from drywet.models.base import EffectModel
from drywet.runs.config import Select
from drywet.training.sines import PlayedSines


@dataclass(frozen=True)
class Validated:
    """Scores of one validation.

    Attributes:
        esr: error-to-signal ratio.
        esr_pre: after pre-emphasis.
        mrstft: ``None`` where no choice depends on it.
        bands: error and excess by band.
        aliasing: mean aliasing-to-signal ratio of sines, where it is minimised.
    """

    esr: float
    esr_pre: float
    mrstft: float | None
    bands: list[BandScore]
    aliasing: float | None = None

    @property
    def finite(self) -> bool:
        """Whether the net still gives numbers."""
        return bool(np.isfinite(self.esr))

    def by(self, select: Select) -> float:
        """The score that chooses."""
        distance = float("nan") if self.mrstft is None else self.mrstft
        match select:
            case "esr":
                return self.esr
            case "esr_pre":
                return self.esr_pre
            case "mrstft":
                return distance
            case "composite":
                return float(np.cbrt(self.esr * self.esr_pre * distance))


class Validation:
    """The validation audio of a training, and what was measured of its target beforehand.

    Args:
        batch: the audio, cut for the net.
        spans: where it lies in the recording.
        rate: in Hz.
        select: the score that chooses; the MR-STFT is only taken where it needs it, and needs
            a span long enough.
        sines: that the model plays beside, where its aliasing is minimised.
    """

    def __init__(
        self,
        batch: SpanBatch,
        spans: Sequence[Span],
        rate: int,
        select: Select,
        sines: PlayedSines | None = None,
    ) -> None:
        self._batch, self._sines = batch, sines
        self._ends = np.cumsum([span.length for span in spans])[:-1]
        self._targets = self._cut(batch.target)
        self._bands = BandEnergies(self._targets, rate)
        self._pre_emphasised = _pre_emphasised(self._targets)
        self._spectral = select in ("mrstft", "composite")

    def _cut(self, joined: torch.Tensor) -> list[np.ndarray]:
        return np.split(joined.cpu().numpy(), self._ends)

    def _distance(self, predictions: Sequence[np.ndarray]) -> float | None:
        found = stft.over(predictions, self._targets) if self._spectral else None
        return None if found is None else found.total

    def against(self, predictions: Sequence[np.ndarray]) -> tuple[float, list[BandScore]]:
        """ESR, and error by band, of a prediction that was made elsewhere.

        Args:
            predictions: of the spans, each of shape ``(samples,)``.
        """
        played = torch.from_numpy(np.concatenate(predictions)).to(self._batch.target.device)
        joined = self._batch.weighed(played)
        weighed = self._cut(joined)
        error = float(time.esr(joined, self._batch.target))
        return error, self._bands.scores(weighed)

    def of(self, model: EffectModel) -> Validated:
        """Score a model as it is now."""
        joined = self._batch.predict(model)
        predictions = self._cut(joined)
        return Validated(
            esr=float(time.esr(joined, self._batch.target)),
            esr_pre=float(time.esr(_pre_emphasised(predictions), self._pre_emphasised)),
            mrstft=self._distance(predictions),
            bands=self._bands.scores(predictions),
            aliasing=None if self._sines is None else self._sines.validate(),
        )


def _pre_emphasised(stretches: Sequence[np.ndarray]) -> np.ndarray:
    """Stretches after pre-emphasis, each by itself, joined."""
    return np.concatenate([time.pre_emphasise(samples) for samples in stretches])
