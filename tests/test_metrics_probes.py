"""Aliasing, harmonics, intermodulation and transfer curves of devices known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from drywet.metrics import aliasing, harmonics, intermodulation, silence, sines, transfer

RATE = 48_000


def db(ratio: float) -> float:
    return 20 * np.log10(ratio)


def test_frames_have_prime_length():
    for rate in (8000, 22_050, 44_100, 48_000, 96_000):
        length = sines.frame_length(rate)
        assert all(length % d for d in range(2, int(length**0.5) + 1))
        assert 0.24 < length / rate <= 0.25


def polynomial(x: np.ndarray) -> np.ndarray:
    return x + 0.3 * x**2 + 0.2 * x**3


def test_harmonics_of_a_polynomial():
    """cos powers: x² = (1 - cos 2wt) / 2, x³ = (3 sin wt - sin 3wt) / 4."""
    grid = sines.measure(polynomial, RATE, 0, (440.0,), (0.0, -12.0))
    for sine, peak in zip(grid, (1.0, 10 ** (-12 / 20)), strict=True):
        assert sine.harmonic(1) == pytest.approx(peak + 0.15 * peak**3, rel=1e-5)
        assert sine.harmonic(2) == pytest.approx(0.15 * peak**2, rel=1e-5)
        assert sine.harmonic(3) == pytest.approx(0.05 * peak**3, rel=1e-4)
        tone = harmonics.tone(sine)
        over = np.hypot(0.15 * peak**2, 0.05 * peak**3) / (peak + 0.15 * peak**3)
        assert tone.thd_db == pytest.approx(db(over), abs=0.01)
        assert max(tone.harmonics_db[3:]) < -120


def test_harmonics_of_a_clipped_sine():
    """Fourier series of a sine clipped at half its peak, at a pitch too low to alias.

    With a = asin 1/2: b1 = 2/pi (a + sin a cos a), and by parts for odd n
    bn = 4 / (pi n) times the integral of cos t cos nt from 0 to a.
    """
    (sine,) = sines.measure(lambda x: np.clip(x, -0.5, 0.5), RATE, 0, (65.4,), (0.0,))
    a = np.arcsin(0.5)
    assert sine.harmonic(1) == pytest.approx(2 / np.pi * (a + np.sin(a) * np.cos(a)), rel=1e-4)
    for n in (3, 5, 7, 9, 19):
        sums = np.sin((n - 1) * a) / (n - 1) + np.sin((n + 1) * a) / (n + 1)
        assert db(sine.harmonic(n)) == pytest.approx(db(abs(2 / (np.pi * n) * sums)), abs=0.1)
    assert max(db(sine.harmonic(n)) for n in (2, 4, 6)) < -100


def test_no_aliasing_where_there_is_none():
    grid = sines.measure(polynomial, RATE, 0, (440.0,), (0.0,))
    assert aliasing.evaluate(grid).worst_db < -120


def test_aliasing_of_a_cube():
    """The third harmonic of a sine at 10 kHz folds to 18 kHz with its whole amplitude."""
    (sine,) = sines.measure(lambda x: x + 0.2 * x**3, RATE, 0, (10_000.0,), (0.0,))
    want = 20 * np.log10(0.05 / 1.15)
    found = aliasing.evaluate([sine])
    assert found.mean_db == found.worst_db == pytest.approx(want, abs=0.001)
    length = sines.frame_length(RATE)
    assert np.argmax(np.abs(sine.spectrum[sine.bin + 1 :])) + sine.bin + 1 == length - 3 * sine.bin


def test_dc_is_no_aliasing():
    grid = sines.measure(lambda x: x + np.float32(0.5), RATE, 0, (1000.0,), (-24.0,))
    assert aliasing.evaluate(grid).worst_db < -120


def test_noise_counts_as_aliasing():
    """White noise of power p beside a sine of power 1/2, less the bins of the harmonics."""
    rng = np.random.default_rng(2)
    noise = 1e-3 * rng.standard_normal(100_000)
    (sine,) = sines.measure(lambda x: x + noise[: len(x)], RATE, 0, (4000.0,), (0.0,))
    assert aliasing.evaluate([sine]).mean_db == pytest.approx(10 * np.log10(2e-6), abs=0.3)


def test_a_device_without_output_has_no_aliasing():
    grid = sines.measure(np.zeros_like, RATE, 0, (500.0,), (0.0,))
    assert aliasing.evaluate(grid).mean_db == aliasing.FLOOR_DB
    assert harmonics.evaluate(grid)[0].harmonics_db[0] <= -200


def test_mean_and_worst_are_over_energies():
    grid = sines.measure(lambda x: x + 0.2 * x**3, RATE, 0, (1000.0, 10_000.0), (0.0,))
    found = aliasing.evaluate(grid)
    assert found.worst_db - found.mean_db == pytest.approx(10 * np.log10(2), abs=0.01)


def test_harmonic_errors_against_a_device():
    device = harmonics.evaluate(sines.measure(polynomial, RATE, 0, (440.0,), (0.0,)))
    louder = harmonics.evaluate(
        sines.measure(lambda x: 2 * polynomial(x), RATE, 0, (440.0,), (0.0,))
    )
    found = harmonics.compare(louder, device)
    assert found.rms_db == pytest.approx(db(2), abs=1e-4)
    assert found.worst_db == pytest.approx(db(2), abs=1e-4)
    assert found.thd_db == pytest.approx(0, abs=1e-4)
    assert found.by_number_db[3] is None, "the device has no fourth harmonic"
    with pytest.raises(ValueError, match="different sines"):
        harmonics.compare(louder, device[:0])


def test_intermodulation_of_a_square():
    """a x² makes a A B cos(w1 ± w2) t of two sines of peaks A and B."""
    (found,) = intermodulation.evaluate(lambda x: x + 0.1 * x**2, RATE, 0, (-6.0,))
    low = 0.8 * 10 ** (-6 / 20)
    assert found.imd_db == pytest.approx(db(np.sqrt(2) * 0.1 * low), abs=0.001)
    assert intermodulation.evaluate(lambda x: x, RATE, 0)[0].imd_db < -110
    assert intermodulation.evaluate(lambda x: x, 8000, 0) == []


def test_transfer_curves():
    found = transfer.evaluate(lambda x: np.tanh(x) * np.float32(0.5), RATE, 0)
    for level, out in found.static[:3]:  # linear at the bottom: half, and RMS under peak
        assert out == pytest.approx(level + db(0.5 / np.sqrt(2)), abs=0.01)
    x, y = np.array(found.dynamic).T
    assert np.allclose(y, 0.5 * np.tanh(x), atol=1e-6)
    assert max(x) == pytest.approx(10 ** (-12 / 20), rel=1e-2)


def test_delay_opens_a_loop():
    found = transfer.evaluate(lambda x: np.roll(x, 60), RATE, 100)
    x, y = np.array(found.dynamic).T
    assert np.abs(y - x).max() > 0.1 * np.abs(x).max()


def test_the_device_settles_before_it_is_heard():
    """A start-up thump of 0.2 s leaves the spectrum alone after half a second."""

    def play(x):
        return x + np.exp(-np.arange(len(x)) / (0.02 * RATE)).astype(np.float32)

    assert aliasing.evaluate(sines.measure(play, RATE, None, (880.0,), (-12.0,))).worst_db < -90
    assert aliasing.evaluate(sines.measure(play, RATE, 0, (880.0,), (-12.0,))).worst_db > -40


def test_noise_in_pauses_and_tails():
    rng = np.random.default_rng(1)
    part = RATE
    dry = np.concatenate([np.ones(part), 10 ** (-45 / 20) * np.ones(part), np.zeros(part)])
    dry = (dry * np.sin(np.arange(3 * part) * 0.1)).astype(np.float32)
    target = dry.copy()
    hum = np.concatenate([np.zeros(2 * part), 1e-3 * rng.standard_normal(part)])
    pauses, tails = silence.evaluate(dry, target, (2 * dry + hum).astype(np.float32), RATE)
    assert pauses.prediction == pytest.approx(-60, abs=0.3)
    assert pauses.target == -200
    assert pauses.seconds == pytest.approx(0.9, abs=0.06), "two frames to let it ring out"
    assert tails.target == pytest.approx(-45 - db(np.sqrt(2)), abs=0.1)
    assert tails.prediction - tails.target == pytest.approx(db(2), abs=0.01)
    assert silence.evaluate(dry[:part], target[:part], target[:part], RATE) == (None, None)


def test_idle_noise_leaves_the_mean_out():
    assert silence.idle_noise(np.full(1000, 0.25)) == -200
    assert silence.idle_noise(0.25 + 0.01 * np.array([1, -1] * 500)) == pytest.approx(-40)
