"""The capture signal, as it is dealt to training, validation and test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from drywet.data.split import Span, Split, split
from drywet.dsp.capture import capture_signal
from tests.support import grid

RATE = 48_000


def dealt(signal: np.ndarray, seconds: float) -> Split:
    """Its last phrase is the first one's second pass, and in no set."""
    again = round(0.06 * (seconds - 4) * RATE)
    return split(len(signal), RATE, [Span(len(signal) - RATE - again, len(signal) - RATE)])


@pytest.mark.parametrize("seconds", grid([30, 45, 60, 75, 90, 120, 180], few=[30, 60]))
def test_nothing_is_held_out_that_is_louder_in_its_band_than_all_that_trains(seconds):
    """A net scored on what it has never heard is not scored on what it has learned."""
    signal = capture_signal(seconds)
    spans = dealt(signal, seconds)
    for band in ((20, 40), (40, 80), (2000, 5000)):
        in_band = sosfiltfilt(butter(2, band, "bandpass", fs=RATE, output="sos"), signal)
        power = uniform_filter1d(in_band**2, RATE // 50)
        trained = max(power[a:b].max() for a, b in spans.train)
        held_out = max(power[a:b].max() for a, b in (*spans.validation, *spans.test))
        assert held_out < 1.5 * trained, f"{band} Hz"
