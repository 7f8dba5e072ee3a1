"""Loudness against libebur128 and EBU's figures, cepstra against librosa's."""

from __future__ import annotations

import numpy as np
import pytest

from drywet.metrics import loudness, perceptual

RATE = 48_000


def tone(hz: float, db: float, seconds: float = 5) -> np.ndarray:
    n = np.arange(int(seconds * RATE))
    return (10 ** (db / 20) * np.sin(2 * np.pi * hz * n / RATE)).astype(np.float32)


def test_loudness_of_a_sine():
    """ITU-R BS.1770: 997 Hz at 0 dBFS in one channel reads -3.01 LKFS; EBU Tech 3341 grants 0.1."""
    assert loudness.lufs(tone(997, 0), RATE) == pytest.approx(-3.01, abs=0.1)
    assert loudness.lufs(tone(997, -23), RATE) == pytest.approx(-26.01, abs=0.1)


def test_loudness_is_libebur128s():
    ebur = pytest.importorskip("pyebur128")
    rng = np.random.default_rng(3)
    # Loud and soft seconds, so that both gates have something to do.
    level = np.repeat(10 ** (rng.uniform(-60, -5, 12) / 20), RATE)
    samples = (level * rng.standard_normal(len(level)) * 0.3).astype(np.float32)
    meter = ebur.R128State(1, RATE, ebur.MeasurementMode.MODE_I)
    meter.add_frames(samples, len(samples))
    want = ebur.get_loudness_global(meter)
    assert loudness.lufs(samples, RATE) == pytest.approx(want, abs=0.1)


def test_silence_and_shreds_have_no_loudness():
    assert loudness.lufs(np.zeros(RATE, np.float32), RATE) is None
    assert loudness.lufs(tone(997, 0, 0.1), RATE) is None
    found = loudness.evaluate(np.zeros(RATE, np.float32), tone(997, -6, 1), RATE)
    assert found == (None, None, None)


def test_loudness_and_crest_differences():
    sine = tone(997, -20)
    found = loudness.evaluate(2 * sine, sine, RATE)
    assert found.loudness_db == pytest.approx(20 * np.log10(2), abs=1e-3)
    assert found.crest_db == pytest.approx(0, abs=1e-3)
    square = np.sign(sine + 1e-9).astype(np.float32)
    assert loudness.evaluate(square, sine, RATE).crest_db == pytest.approx(-3.01, abs=0.01)


def librosas_signal() -> np.ndarray:
    n = np.arange(44_100)
    return (
        0.3 * np.sin(2 * np.pi * 220 * n / 44_100) * np.exp(-n / 20_000)
        + 0.1 * np.sin(2 * np.pi * 3300 * n / 44_100)
        + 0.01 * np.sin(2 * np.pi * 9000 * n / 44_100 * (1 + n / 44_100))
    ).astype(np.float32)


LIBROSA = {
    0: [-283.859, 134.591, 8.706, 101.308, 74.914, 2.069, -15.374],
    10: [-514.125, 41.883, 42.576, 57.324, 55.233, 38.012, -0.479],
    43: [-525.816, 32.28, 33.966, 37.926, 62.963, 10.796, -3.867],
    86: [-321.728, 74.044, -55.715, 38.592, 68.871, 10.211, 7.142],
}
"""librosa 0.11.0, ``librosa.feature.mfcc(y=y, sr=44100)``: by frame, coefficients 0 to 5, 19."""
LIBROSA_DISTANCE = 13.097991
"""Mean absolute difference to that of ``tanh(3 y) / 3``, brought to the same RMS."""


def test_cepstra_are_librosas():
    found = perceptual.mfcc(librosas_signal(), 44_100)
    assert found.shape == (20, 87)
    for frame, want in LIBROSA.items():
        assert [*found[:6, frame], found[19, frame]] == pytest.approx(want, abs=0.01)


def test_the_distance_of_cepstra_is_librosas_and_does_not_hear_the_level():
    y = librosas_signal()
    p = np.tanh(3 * y) / 3
    assert perceptual.mfcc_distance(p, y, 44_100) == pytest.approx(LIBROSA_DISTANCE, abs=1e-3)
    assert perceptual.mfcc_distance(0.1 * p, y, 44_100) == pytest.approx(LIBROSA_DISTANCE, abs=1e-3)
    assert perceptual.mfcc_distance(0.3 * y, y, 44_100) < 1e-3


def test_the_predicted_score_follows_the_published_line():
    assert perceptual.predicted_mushra(0) == 100
    assert perceptual.predicted_mushra(10**0.464) == 100
    assert perceptual.predicted_mushra(10**1.464) == pytest.approx(30.6)
    assert perceptual.predicted_mushra(1e3) == 0


def test_zimtohrli_is_an_extra(monkeypatch):
    pytest.importorskip("zimtohrli")
    y = tone(440, -20, 2)
    noisy = (y + 0.02 * np.random.default_rng(0).standard_normal(len(y))).astype(np.float32)
    assert perceptual.zimtohrli_mos(y, y, RATE) > 4.9
    assert perceptual.zimtohrli_mos(noisy, y, RATE) < perceptual.zimtohrli_mos(y, y, RATE)
    assert perceptual.zimtohrli_mos(y[:4000], y[:4000], RATE) is None, "it would crash"
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None)
    assert perceptual.zimtohrli_mos(y, y, RATE) is None
