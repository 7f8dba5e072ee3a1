"""What a state-space layer's parameters say of its states, without PyTorch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from drywet.models.config import Samples


class Poles(NamedTuple):
    """Each ``(hidden,)``, float64: see `drywet.models.recurrent.state_space`.

    Attributes:
        re: real parts of the poles, less 1: float32 would round those that last.
        im: imaginary parts.
        gain: of what drives the states.
    """

    re: NDArray[np.float64]
    im: NDArray[np.float64]
    gain: NDArray[np.float64]


def poles(parameters: Samples) -> Poles:
    """Those of a layer's ``bias_hh``, ``(2 hidden,)``: rates' logarithms, then angles."""
    rate, angle = np.split(parameters.astype(np.float64), 2)
    rate = np.exp(rate)
    decay = np.exp(-rate)
    return Poles(decay * np.cos(angle) - 1, decay * np.sin(angle), np.sqrt(-np.expm1(-2 * rate)))
