"""The delay to train with: against delays put in, a fit in closed form, and what nets learned."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from drywet.dsp.causal_fit import FOLDS, SEGMENT, CausalFit
from drywet.dsp.onsets import onset_delay
from drywet.pair.delay import find_delay, last_before_rise
from drywet.pair.load import Pair, load_pair
from tests.support import overdrive, playing, shared

RATE = 16_000
DRY = playing(14, RATE)
FIT = CausalFit(DRY, RATE)


def late(x: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([np.zeros(max(n, 0), "f4"), x])[max(-n, 0) :].astype("f4")


def test_a_causal_filter_is_fitted_to_its_last_tap():
    """With noise for dry, the error at a delay d is the energy of the taps before d."""
    rng = np.random.default_rng(0)
    dry = rng.standard_normal(40 * SEGMENT).astype("f4")
    taps = np.array([0.5, 0, -0.4, 0.3, 0, 0.2])
    wet = lfilter(taps, 1, dry)
    errors = CausalFit(dry, RATE).errors(wet, -18, 6)
    lost = np.concatenate([np.zeros(18), [0], np.cumsum(taps**2)]) / np.sum(taps**2)
    assert errors.relative == pytest.approx(lost, abs=0.02)
    assert errors.folds.shape == (FOLDS, 25)
    assert errors.folds.sum(axis=0) == pytest.approx(errors.relative)
    assert last_before_rise(errors) == 0


def test_a_prediction_is_that_of_the_filter():
    rng = np.random.default_rng(1)
    dry = rng.standard_normal(12 * SEGMENT).astype("f4")
    wet = lfilter([0, 0, 0, 0.7, -0.2], 1, dry)
    fit = CausalFit(dry, RATE)
    made = fit.predict(wet, 2)
    same = np.fft.irfft(made.predicted)[:, :SEGMENT], np.fft.irfft(made.wet)[:, :SEGMENT]
    assert np.mean((same[0] - same[1]) ** 2) < 1e-3 * np.mean(same[1] ** 2)
    wanted = np.stack([late(wet, -2)[start : start + SEGMENT] for start in fit.starts[:-1]])
    assert same[1][:-1] == pytest.approx(wanted - same[1].mean(), abs=1e-2)


def test_offsets_move_the_segments_by_fractions_too():
    """Half a sample early, by the shift theorem: a causal filter would have to foresee it."""
    rng = np.random.default_rng(2)
    size = 24 * SEGMENT
    spectrum = np.fft.rfft(rng.standard_normal(size))
    dry = np.fft.irfft(spectrum)
    wet = np.fft.irfft(spectrum * np.exp(1j * np.pi * np.arange(len(spectrum)) / size))
    fit = CausalFit(dry, RATE)
    still = np.zeros(len(fit.starts))
    assert fit.errors(wet, 0, 0, still - 0.5).relative[0] < 5e-3
    assert fit.errors(wet, 0, 0, still).relative[0] > 0.2


def test_too_little_signal_is_refused():
    with pytest.raises(ValueError, match="segments of signal"):
        CausalFit(DRY[: 4 * SEGMENT], RATE)
    quiet = np.zeros(40 * SEGMENT)
    quiet[: 2 * SEGMENT] = DRY[: 2 * SEGMENT]
    with pytest.raises(ValueError, match="segments of signal"):
        CausalFit(quiet, RATE)


@pytest.mark.parametrize("delay", [0, 33, -700, 9_000])
@pytest.mark.parametrize("polarity", [1, -1])
def test_delays_behind_a_distortion_are_found(delay, polarity):
    """The low-pass of the device is worth a sample; none of it may have to be foreseen."""
    dry = late(DRY, max(-delay, 0))
    wet = late(polarity * overdrive(DRY, RATE), max(delay, 0))
    fit = FIT if delay >= 0 else CausalFit(dry, RATE)
    found = find_delay(Pair(dry, wet, RATE), fit)
    assert -1 <= found.samples - delay <= 1
    assert found.polarity == polarity
    assert found.confidence >= 0.85
    errors = dict(found.tried)
    assert errors[found.samples + 6] > 1.3 * errors[found.samples]


def test_an_all_pass_does_not_pass_for_a_delay():
    """It turns the phase by what looks like samples of delay, yet answers at once."""
    wet = overdrive(DRY, RATE)
    for _ in range(2):
        wet = lfilter([0.6, 1], [1, 0.6], wet)
    wet = late(wet, 20)
    found = find_delay(Pair(DRY, wet, RATE), FIT)
    assert found.samples <= 21


def test_notes_tell_the_delay_where_waves_do_not():
    rng = np.random.default_rng(3)
    envelope = np.abs(DRY)
    wet = late(envelope * rng.standard_normal(len(DRY)), 3_200)
    assert abs(onset_delay(DRY, wet, RATE) - 3_200) <= 128
    assert onset_delay(DRY, rng.standard_normal(len(DRY)), RATE) is None
    assert onset_delay(DRY, np.zeros_like(DRY), RATE) is None


def test_a_recording_too_short_for_a_fit_is_unsure():
    pair = Pair(DRY[: 2 * RATE], DRY[: 2 * RATE], RATE)
    found = find_delay(pair, None)
    assert found.samples == 0
    assert found.confidence < 0.5
    assert found.tried == ()


def test_where_nothing_follows_nothing_is_sure():
    noise = np.random.default_rng(4).standard_normal((2, len(DRY))).astype("f4")
    for dry, wet in ((DRY, playing(14, RATE, seed=9)), noise):
        assert find_delay(Pair(dry, wet, RATE), CausalFit(dry, RATE)).confidence < 0.1


@pytest.mark.parametrize("rate", [8_000, 192_000, 768_000])
def test_any_rate_can_be_fitted(rate):
    rng = np.random.default_rng(5)
    dry = rng.standard_normal(10 * SEGMENT).astype("f4")
    errors = CausalFit(dry, rate).errors(late(dry, 3), -8, 8)
    assert errors.relative[:12] == pytest.approx(0, abs=0.02)
    assert errors.relative[12:].min() > 0.9


def test_a_constant_has_no_signal_to_fit():
    with pytest.raises(ValueError, match="segments of signal"):
        CausalFit(np.full(20 * SEGMENT, 0.25, "f4"), RATE)


def test_dc_in_the_dry_changes_nothing():
    wet = late(overdrive(DRY, RATE), 20)
    plain = FIT.errors(wet, 0, 40).relative
    raised = CausalFit(DRY + np.float32(0.3), RATE).errors(wet, 0, 40).relative
    assert raised == pytest.approx(plain, rel=0.02, abs=1e-4)


# Delays within which a short training of the default net is within a tenth of its best, two
# seeds each: python -m benchmarks.delay_curves ../shared/audio OUT --steps 1500.
TRAINED = {
    ("jvm410h-knobs/dry.flac", "jvm410h-knobs/wet_B1_M3_T7.flac", 25): (-3, 3),
    ("ds1/dry.flac", "ds1/wet.flac", None): (-12, -6),
    ("ts9/dry.flac", "ts9/wet.flac", None): (72, 74),
    ("honeybee/dry.flac", "honeybee/wet.flac", None): (5, 6),
    ("real/ht1_dry.flac", "real/ht1_wet.flac", None): (-9, 0),
}


@pytest.mark.parametrize(("files", "best"), TRAINED.items(), ids=[k[1] for k in TRAINED])
def test_real_captures_get_the_delay_that_trains_best(files, best):
    dry, wet, seconds = files
    pair = load_pair(shared("audio", *dry.split("/")), shared("audio", *wet.split("/")))
    stop = None if seconds is None else seconds * pair.rate
    pair = Pair(pair.dry[:stop], pair.wet[:stop], pair.rate)
    found = find_delay(pair, CausalFit(pair.dry, pair.rate))
    assert best[0] <= found.samples <= best[1]
