"""Every check: silent on a good capture, speaking on the fault it is for."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from drywet.data.prepare import second_passes
from drywet.data.split import split
from drywet.dsp.capture import capture_signal
from drywet.dsp.repeats import find_repeats
from drywet.errors import DrywetError
from drywet.pair import check_levels
from drywet.pair.examine import examine
from drywet.pair.findings import Severity
from drywet.pair.load import Pair, load_pair
from tests.support import grid, overdrive, playing, shared

RATE = 22_050
DRY = playing(31, RATE)
NOISE = np.random.default_rng(3).standard_normal(len(DRY)).astype(np.float32)
WET = overdrive(DRY, RATE) + 1e-4 * NOISE


def spoken(dry, wet, rate=RATE) -> dict[str, Severity]:
    worst: dict[str, Severity] = {}
    order = list(Severity)
    for finding in examine(Pair(dry, wet, rate)).findings:
        before = worst.get(finding.check, Severity.NOTE)
        worst[finding.check] = max(before, finding.severity, key=order.index)
    return worst


def test_a_good_capture_gets_notes_only():
    assert set(spoken(DRY, WET).values()) == {Severity.NOTE}


def broken(at: int, value: float) -> np.ndarray:
    wet = WET.copy()
    wet[at : at + 1] = value
    return wet


LOUD = np.clip(20 * WET, -1, 1)


@pytest.mark.parametrize(
    ("dry", "wet", "check", "severity"),
    [
        (DRY, broken(100, np.nan), "finite", Severity.ERROR),
        (DRY, broken(100, np.inf), "finite", Severity.ERROR),
        (broken(5, np.nan), WET, "finite", Severity.ERROR),
        (DRY, np.zeros_like(WET), "silence", Severity.ERROR),
        (np.zeros_like(DRY), WET, "silence", Severity.ERROR),
        (DRY, WET * 1000, "level", Severity.ERROR),
        (DRY, LOUD, "clipping", Severity.ERROR),
        (DRY, WET + 0.05, "dc", Severity.WARNING),
        (DRY, WET * 1e-2, "level", Severity.WARNING),
        (DRY, WET * 1e-4, "level", Severity.ERROR),
        (DRY[: RATE // 2], WET[: RATE // 2], "length", Severity.ERROR),
        (DRY[: 9 * RATE], WET[: 9 * RATE], "length", Severity.WARNING),
        (DRY, WET[: 12 * RATE], "length", Severity.ERROR),
        (WET, DRY, "swapped", Severity.ERROR),
        (DRY, playing(31, RATE, seed=9), "dependence", Severity.ERROR),
    ],
)
def test_faults_are_found(dry, wet, check, severity):
    assert spoken(dry, wet).get(check) == severity


def test_floats_over_full_scale_are_whole():
    found = spoken(DRY, 3 * WET / np.abs(WET).max())
    assert found["level"] is Severity.WARNING
    assert "clipping" not in found


def test_swapped_files_are_given_no_advice_on_their_delay():
    said = {f.check for f in examine(Pair(WET, DRY, RATE)).findings}
    assert "swapped" in said
    assert not {"latency", "drift", "takes", "wander", "modulation"} & said


def test_a_dropout_is_named_and_no_swap():
    wet = WET.copy()
    wet[12 * RATE : 15 * RATE] = 0
    found = spoken(DRY, wet)
    assert found["dropout"] is Severity.WARNING
    assert "swapped" not in found


def test_dc_in_the_dry_is_no_swap():
    found = spoken(DRY + np.float32(0.3), np.tanh(4 * DRY) / 2)
    assert found["dc"] is not Severity.NOTE
    assert not {"swapped", "modulation", "compression"} & set(found)


@pytest.mark.proof
@pytest.mark.parametrize("ppm", [-60, 20, 100])
def test_clock_drift_is_measured(ppm):
    """Resampling by a known ratio is what two unlocked clocks do."""
    wet = soxr.resample(WET, 1e6, 1e6 + ppm, quality="VHQ").astype(np.float32)
    findings = examine(Pair(DRY, wet, RATE)).findings
    drift = next(f for f in findings if f.check == "drift")
    assert drift.severity is not Severity.NOTE
    assert drift.value == pytest.approx(ppm * 1e-6 * len(DRY), rel=0.15, abs=2)


def test_noise_in_the_pauses_is_measured():
    dry = DRY.copy()
    dry[10 * RATE : 14 * RATE] = 0
    wet = overdrive(dry, RATE) + 1e-3 * NOISE
    noise = next(f for f in examine(Pair(dry, wet, RATE)).findings if f.check == "noise")
    assert noise.value == pytest.approx(-60, abs=0.5)


@pytest.mark.parametrize(("amount", "fault"), [(1e-3, "level"), (2.0, "clipping")])
def test_what_drywet_played_is_not_to_be_recorded_better(amount, fault):
    """A soft, clipped, noisy or offset wet is a fault of a recording, but a circuit's answer."""
    dry = DRY.copy()
    dry[10 * RATE : 14 * RATE] = 0
    answer = overdrive(dry, RATE)
    answer = answer / np.abs(answer).max() + 0.02 * NOISE + 0.05
    wet = np.clip(amount * answer, -1, 1).astype(np.float32)

    def advised(made, dry=dry):
        pair = Pair(dry, wet, RATE)
        found = [*check_levels.levels_of(pair, made), *check_levels.noise(pair, made)]
        return {finding.check for finding in found if finding.fix}

    assert advised(made=False) == {fault, "dc", "noise"}
    assert not advised(made=True)
    assert advised(made=True, dry=1e-3 * dry) == {"level"}  # the dry was recorded


def test_the_same_sound_twice_is_no_capture():
    assert spoken(DRY, DRY)["same"] is Severity.ERROR
    assert "same" not in spoken(DRY, 0.5 * DRY)
    assert "same" not in {f.check for f in examine(Pair(DRY, DRY, RATE), made=True).findings}


def test_the_capture_signal_repeats_its_phrase():
    signal = capture_signal(30)
    repeats = find_repeats(signal, 48_000)
    assert len(repeats) == 1
    start, stop, lag = repeats[0]
    assert stop - start > 48_000
    assert np.allclose(signal[start:stop], signal[start + lag : stop + lag], atol=1e-4)


def test_replicate_esr_is_twice_the_noise():
    """Two passes with independent noise differ by twice its power."""
    rng = np.random.default_rng(0)
    phrase, middle = playing(4, RATE), playing(20, RATE, seed=1)
    dry = np.concatenate([phrase, middle, phrase])
    clean = overdrive(dry, RATE)
    sigma = 0.01
    wet = clean + sigma * rng.standard_normal(len(dry)).astype(np.float32)
    found = examine(Pair(dry, wet, RATE))
    power = np.mean(clean[: len(phrase)].astype(float) ** 2) + sigma**2
    assert found.replicate_esr == pytest.approx(2 * sigma**2 / power, rel=0.1)


def test_no_repeat_in_ordinary_playing():
    assert find_repeats(DRY, RATE) == []
    sine = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    assert find_repeats(np.zeros(RATE, np.float32), RATE) == []
    assert all(r.lag > 0 for r in find_repeats(sine, RATE))


@pytest.mark.parametrize(
    "seconds", [12, pytest.param(None, marks=pytest.mark.proof)], ids=["beginning", "whole"]
)
@pytest.mark.parametrize("name", grid(["ds1", "ts9", "jvm410h", "sd1-nam"], few=["ds1"]))
def test_real_captures_pass_and_swapped_ones_do_not(name, seconds):
    pair = load_pair(shared("audio", name, "dry.flac"), shared("audio", name, "wet.flac"))
    some = slice(None if seconds is None else seconds * pair.rate)
    dry, wet = pair.dry[some], pair.wet[some]
    assert Severity.ERROR not in spoken(dry, wet, pair.rate).values()
    assert spoken(wet, dry, pair.rate)["swapped"] is Severity.ERROR


@pytest.mark.parametrize("lag", [0, 37, -500])
@pytest.mark.parametrize("cut", ["dry", "wet"])
def test_a_file_that_goes_on_alone_does_not_spoil_the_delay(cut, lag):
    dry = np.pad(DRY, (500, 0))
    wet = np.pad(WET, (500 + lag, 0))
    short = 10 * RATE
    pair = Pair(dry[:short], wet, RATE) if cut == "dry" else Pair(dry, wet[:short], RATE)
    found = examine(pair)
    assert abs(found.latency - lag) <= 1  # the overdrive's own filter delays by a part of one
    assert found.confidence > 0.9
    assert any(f.check == "length" for f in found.findings)


def test_a_real_capture_whose_wet_was_cut_short():
    pair = load_pair(shared("audio", "ts9", "dry.flac"), shared("audio", "ts9", "wet.flac"))
    both = examine(Pair(pair.dry[: 10 * pair.rate], pair.wet[: 10 * pair.rate], pair.rate))
    one = examine(Pair(pair.dry, pair.wet[: 10 * pair.rate], pair.rate))
    assert abs(one.latency - both.latency) <= 1
    assert one.confidence == both.confidence


def test_what_goes_before_hides_what_follows_from_it():
    """Swapped files are no modulation; two songs of other lengths are told that, too."""
    assert "device" not in spoken(WET, DRY)
    other = playing(20, RATE, seed=9)
    found = [f for f in examine(Pair(DRY, other, RATE)).findings if f.severity is not Severity.NOTE]
    assert found[0].check == "dependence"
    assert {f.check for f in found[1:]} == {"length"}
    assert any("dry lasts 31.00 s, wet 20.00 s" in f.message for f in found)


@pytest.mark.parametrize("name", ["sd1.mp3", "black65.mp3"])
def test_the_studys_clips_pass(name):
    pair = load_pair(shared("audio", "seed", "dry.mp3"), shared("audio", "seed", name))
    assert Severity.ERROR not in spoken(pair.dry, pair.wet, pair.rate).values()


def song(bars: list[int], rate: int = RATE, seconds: float = 2.0) -> np.ndarray:
    """Bars of playing in the given order; equal numbers are equal bars."""
    return np.concatenate([playing(seconds, rate, seed=100 + bar) for bar in bars])


@pytest.mark.parametrize("seed", range(6))
def test_no_repeated_bar_is_both_trained_on_and_held_out(seed):
    """Songs of 24 bars of 8 kinds: a held-out sample's bar must not be in training too."""
    rate = 16_000
    bars = np.random.default_rng(seed).integers(8, size=24).tolist()
    dry = song(bars, rate)
    repeats = find_repeats(dry, rate)
    done = split(len(dry), rate, second_passes(repeats, rate, rate, 1))
    length = 2 * rate
    place = [(bars[i // length], i % length) for i in range(len(dry))]
    trained = {place[i] for a, b in done.train for i in range(a, b)}
    held = {place[i] for a, b in (*done.test, *done.validation) for i in range(a, b)}
    assert not trained & held
    # All of every kind of bar is still used once, less the margins around repeats.
    assert len(trained | held) > 0.8 * len(set(bars)) * length


def test_a_loop_is_split_too():
    """A 6 s loop played ten times is 6 s of material, and said to be if that is too little."""
    rate = 16_000
    dry = np.tile(playing(6, rate), 10)
    repeats = find_repeats(dry, rate)
    done = split(len(dry), rate, second_passes(repeats, rate, rate, 1))
    assert 5 * rate < sum(b - a for part in done for a, b in part[1]) <= 7 * rate
    short = np.tile(playing(1, rate), 40)
    with pytest.raises(DrywetError, match="for the first time"):
        split(len(short), rate, second_passes(find_repeats(short, rate), rate, rate, 1))


@pytest.mark.parametrize("lag", [20_000, 80_000, -60_000])
def test_a_long_lag_is_found_and_no_fault(lag):
    """What was found out about the aligned pair must not depend on the lag."""
    wet = np.concatenate([np.zeros(max(lag, 0), "f4"), WET])[max(-lag, 0) :]
    examination = examine(Pair(DRY, wet, RATE))
    assert abs(examination.latency - lag) <= 1
    worst = {f.check for f in examination.findings if f.severity is not Severity.NOTE}
    assert worst <= {"length"}
    assert any(f.check == "drift" for f in examination.findings)
