"""The mixed signal: what it says it holds, it holds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import hilbert
from scipy.signal.windows import blackmanharris

from drywet.dsp.mixed import SILENCE, gated, layout, linear_sweep, mixed_signal, square
from drywet.dsp.passages import exponential_sweep, faded, gain, sweep_range
from drywet.dsp.voice import VOWELS, syllable, voiced
from tests.support import drywet

RATE = 44_100
SECONDS = 100
SIGNAL = mixed_signal(SECONDS, RATE)
LAYOUT = layout(SECONDS, RATE)


def spectrum(sound: np.ndarray) -> np.ndarray:
    """Amplitude per bin of a sound whose periods are whole."""
    return np.abs(np.fft.rfft(sound)) * 2 / len(sound)


def of_kind(kind: str) -> list[np.ndarray]:
    return [SIGNAL[p.start : p.stop].astype(float) for p in LAYOUT if p.kind == kind]


def test_the_mixed_signal_is_the_same_at_every_call():
    assert np.array_equal(SIGNAL, mixed_signal(SECONDS, RATE))
    assert (SIGNAL.dtype, SIGNAL.shape) == (np.float32, (SECONDS * RATE,))
    assert np.max(np.abs(SIGNAL)) == np.float32(0.9)


@pytest.mark.parametrize("seconds", [59, 601, float("nan")])
def test_other_lengths_are_refused(seconds):
    with pytest.raises(ValueError, match="60 to 600"):
        mixed_signal(seconds, RATE)


def test_the_command_writes_it(tmp_path):
    done = drywet("signal", tmp_path / "s.wav", "--kind", "mixed", "--seconds", 60,
                  "--rate", 16_000, "--json")  # fmt: skip
    assert (done.code, done.json["seconds"], done.json["rate"]) == (0, 60, 16_000)


@pytest.mark.parametrize("seconds", [60, 71, 333.3, 480, 600])
def test_kinds_have_even_shares_in_passages_of_some_seconds(seconds):
    passages = layout(seconds, RATE)
    assert [p.start for p in passages] == [0, *(p.stop for p in passages[:-1])]
    assert passages[-1].stop == round(seconds * RATE)
    held: dict[str, int] = {}
    for passage in passages:
        length = passage.stop - passage.start
        held[passage.kind] = held.get(passage.kind, 0) + length
        assert passage.kind == SILENCE or 4.8 < length / RATE < 7.5
    silence = held.pop(SILENCE)
    assert silence >= RATE
    assert len(held) == 6
    assert max(held.values()) - min(held.values()) <= len(passages)


def test_silence_is_zero_and_the_rest_is_not():
    for passage in LAYOUT:
        rms = np.sqrt(np.mean(SIGNAL[passage.start : passage.stop].astype(float) ** 2))
        assert rms == 0 if passage.kind == SILENCE else rms > 0.01


@pytest.mark.parametrize("kind", ["sweeps", "sines", "gated sines", "squares", "voices"])
def test_every_passage_goes_from_soft_to_full(kind):
    """The loudest event reaches full level, and the softest of them lies 40 dB below."""
    events = {"sweeps": 4, "voices": 6}.get(kind, 7)
    for sound in of_kind(kind):
        edges = np.linspace(0, len(sound), events + 1).round().astype(int)
        peaks = [np.max(np.abs(sound[a:b])) for a, b in pairwise(edges)]
        assert max(peaks) == pytest.approx(0.9, rel=0.01)
        assert 20 * np.log10(min(peaks) / max(peaks)) == pytest.approx(-40, abs=0.1)


@pytest.mark.parametrize("kind", ["sweeps", "sines", "gated sines", "squares", "voices", "strings"])
def test_no_kind_has_an_offset(kind):
    for sound in of_kind(kind):
        assert abs(np.mean(sound)) < 0.01 * np.sqrt(np.mean(sound**2))


@pytest.mark.parametrize("frequency", [41.0, 440.0, 1999.0])
@pytest.mark.parametrize("count", [50_000, 49_393])
def test_a_square_wave_is_its_odd_harmonics_up_to_nyquist(frequency, count):
    found = spectrum(square(frequency, count, RATE))
    base = int(np.argmax(found))
    assert base * RATE / count == pytest.approx(frequency, abs=RATE / count)
    wanted = np.zeros(len(found))
    orders = np.arange(1, len(wanted), 2)
    orders = orders[base * orders < count / 2]
    wanted[base * orders] = found[base] / orders
    assert np.max(np.abs(found - wanted)) < 1e-9


def test_the_square_passages_have_nothing_between_their_harmonics():
    """Also as they are in the signal: the middle of each note, by a window of -92 dB."""
    for sound in of_kind("squares"):
        edges = np.linspace(0, len(sound), 8).round().astype(int)
        for first, last in pairwise(edges):
            inner = sound[first + RATE // 10 : last - RATE // 10]
            found = np.abs(np.fft.rfft(inner * blackmanharris(len(inner))))
            bins = np.fft.rfftfreq(len(inner), 1 / RATE)
            # The whole note has whole periods: its pitch is a bin's.
            pitch = np.argmax(spectrum(sound[first:last])) * RATE / (last - first)
            nearest = 2 * np.round((bins / pitch - 1) / 2) + 1
            between = np.abs(bins - nearest * pitch) > 6 * RATE / len(inner)
            assert 20 * np.log10(np.max(found[between]) / np.max(found)) < -60


@pytest.mark.parametrize("kind", ["linear", "exponential"])
def test_a_sweeps_frequency_rises_as_it_should(kind):
    count = 2 * RATE
    low, high = sweep_range(RATE)
    share = np.arange(count) / (count - 1)
    if kind == "linear":
        sweep, wanted = linear_sweep(count, RATE), low + (high - low) * share
    else:
        sweep, wanted = exponential_sweep(count, RATE)[0], low * (high / low) ** share
    found = np.diff(np.unwrap(np.angle(hilbert(sweep)))) * RATE / (2 * np.pi)
    middle = slice(count // 4, count * 3 // 4)
    assert np.allclose(found[middle], wanted[middle], rtol=0.02)


def test_a_gated_sine_is_off_as_long_as_it_is_on():
    sound = gated(1000, 0.1, RATE, RATE)
    on = RATE // 10
    burst = faded(np.sin(2 * np.pi * 1000 * np.arange(on) / RATE), RATE)
    for start in range(0, RATE, 2 * on):
        assert np.array_equal(sound[start : start + on], burst)
        assert np.all(sound[start + on : start + 2 * on] == 0)


@pytest.mark.parametrize("vowel", VOWELS)
def test_a_vowels_formants_are_where_they_are_stated(vowel):
    """By the harmonics of a low voice, less the source's fall of 6 dB per octave."""
    pitch, wanted = 30, VOWELS[vowel]
    formants = np.tile(wanted, (2 * RATE, 1))
    sound = voiced(np.full(2 * RATE, float(pitch)), formants, RATE)[RATE:]
    found = spectrum(sound)[::pitch] * np.arange(RATE // 2 // pitch + 1)
    peaks = [
        pitch * k for k in range(2, 3200 // pitch)
        if found[k] > max(found[k - 1], found[k + 1])
    ]  # fmt: skip
    for formant in wanted:
        assert min(abs(peak - formant) for peak in peaks) < 2 * pitch


def test_a_voice_is_periodic_and_does_not_alias():
    pitch = 101
    still = np.tile(VOWELS["ɑ"], (2 * RATE, 1))
    found = spectrum(voiced(np.full(2 * RATE, float(pitch)), still, RATE)[RATE:])
    harmonics = found[pitch::pitch].copy()
    found[::pitch] = 0
    assert np.max(found) < 1e-5 * np.max(harmonics)


def test_a_glide_goes_from_one_vowel_to_the_other():
    """The balance of what lies below and above 1.5 kHz is the first vowel's, then the second's."""

    def brightness(part: np.ndarray) -> float:
        power = spectrum(part * np.hanning(len(part))) ** 2
        return float(np.sum(power[len(part) * 1500 // RATE :]) / np.sum(power))

    glide, dark, bright = (
        syllable(vowels, 120, RATE, RATE) for vowels in (("u", "i"), ("u", "u"), ("i", "i"))
    )
    start, stop = slice(RATE // 20, RATE // 5), slice(-RATE // 5, -RATE // 20)
    assert brightness(glide[start]) == pytest.approx(brightness(dark[start]), rel=0.05)
    assert brightness(glide[stop]) == pytest.approx(brightness(bright[stop]), rel=0.05)
    assert brightness(glide[stop]) > 10 * brightness(glide[start])


def test_levels_are_decibels():
    assert gain(-20) == pytest.approx(0.1)
