"""The fixed gains around a net, from the levels of what it is to learn."""

from __future__ import annotations

import numpy as np

from drywet.dsp.levels import rms
from drywet.models.base import EffectModel
from drywet.training.data import TrainingData

_LEAST_RMS = 1e-6  # silence would ask for an endless gain


def set_gains(model: EffectModel, data: TrainingData) -> None:
    """Scale so that the net sees and makes signals of the level that suits it, RMS 1 for most.

    A net that adds the dry sample itself to its output has one gain and its inverse, so that it
    adds just that: the plugins that know a skip know no other.
    """
    whole = data.joined()
    dry = np.concatenate([whole.dry[span.start : span.stop] for span in whole.split.train])
    wet = np.concatenate([whole.wet[span.start : span.stop] for span in whole.split.train])
    gain_in = model.input_rms / max(rms(dry), _LEAST_RMS)
    inverse = 1 / gain_in
    scale = max(rms(wet), _LEAST_RMS) / model.output_rms
    model.set_gains(gain_in, inverse if model.config.adds_input else scale)
