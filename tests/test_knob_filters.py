"""Knobs that are a filter behind the distortion: measured, believed or not, and learned between."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from scipy.signal import freqz, lfilter

import drywet as api
from drywet.captures.listed import read_captures
from drywet.captures.plan import by_worth, propose
from drywet.dsp import knob_filter
from drywet.metrics.time import esr
from drywet.runs.config import CaptureConfig, RunConfig
from drywet.trained.knob_range import KnobRange
from drywet.training.further_positions import TRUSTED_FILTER
from drywet.training.prepare import prepare_again
from drywet.training.prepare_captures import prepare_captures
from drywet.verbs.train import settings_of
from tests.support import RATE, playing, save

MARKS = (0.0, 0.1, 0.5, 0.9, 1.0)
BETWEEN = (0.05, 0.2, 0.35, 0.7, 0.95)


def tone(share):
    """A low pass of the first order, 500 Hz to 8 kHz, as ``(b, a)``."""
    pole = np.exp(-2 * np.pi * 500 * 16**share / RATE)
    return [1 - pole], [1, -pole]


def device(dry, drive=0.5, at=0.5, level=0.5):
    heard = np.tanh((1 + 20 * drive) * dry.astype(float))
    return (level * lfilter(*tone(at), heard)).astype(np.float32)


@pytest.fixture(scope="module")
def dry():
    return playing(12)


def fitted(recordings, marks):
    return knob_filter.fit([[each] for each in recordings], marks, RATE)


def test_a_few_positions_of_a_known_filter_tell_those_between(dry):
    found = fitted([device(dry, at=mark) for mark in MARKS], MARKS)
    assert found.esr < 1e-4
    hz = np.geomspace(80, 5000, 100)
    for share in BETWEEN:
        truth = freqz(*tone(share), hz, fs=RATE)[1] / freqz(*tone(0.5), hz, fs=RATE)[1]
        off = found.response(share, hz) / found.response(0.5, hz) / truth
        assert np.abs(20 * np.log10(np.abs(off))).max() < 1.0, share
        assert np.abs(np.angle(off)).max() < 0.1, share


def test_a_level_is_a_filter_too_and_is_known_between_its_marks_alone(dry):
    marks = (0.1, 0.3, 0.5, 0.8, 1.0)
    found = fitted([device(dry, level=mark) for mark in marks], marks)
    hz = np.array([100.0, 1000.0])
    for share in (0.2, 0.4, 0.65, 0.9):
        assert np.abs(found.response(share, hz)) == pytest.approx(share / 0.5, rel=0.06), share
    assert found.response(0.0, hz) == pytest.approx(found.response(0.1, hz))


def test_a_knob_before_the_distortion_is_not_taken_for_a_filter(dry):
    assert fitted([device(dry, drive=mark) for mark in MARKS], MARKS).esr > 5 * TRUSTED_FILTER


def test_a_knob_before_the_distortion_shows_where_there_is_some(tmp_path, dry):
    """A tone before it, with the drive turned down is a filter; turned up it is none."""
    save(tmp_path / "dry.wav", dry)
    for drive in (0.0, 0.5, 1.0):
        for mark in (0.0, 0.5, 1.0):
            wet = 0.5 * np.tanh((1 + 20 * drive) * lfilter(*tone(mark), dry)).astype(np.float32)
            save(tmp_path / f"wet_drive{10 * drive:g}_tone{10 * mark:g}.wav", wet)
            if not drive:
                save(tmp_path / f"clean_{mark}.wav", wet)
    cleans = [soundfile.read(path, dtype="float32")[0] for path in sorted(tmp_path.glob("clean*"))]
    assert fitted(cleans, (0.0, 0.5, 1.0)).esr < TRUSTED_FILTER
    for path in tmp_path.glob("clean*"):
        path.unlink()
    assert prepared(tmp_path)[0].filters == {}


def test_a_level_turned_down_leaves_the_others(tmp_path, dry):
    rng = np.random.default_rng(0)
    save(tmp_path / "dry.wav", dry)
    for mark in (0.0, 0.25, 0.5, 1.0):
        hiss = 1e-5 * rng.standard_normal(len(dry)).astype(np.float32)
        save(tmp_path / f"wet_drive5_level{10 * mark:g}.wav", device(dry, level=mark) + hiss)
    for drive in (0.0, 1.0):
        save(tmp_path / f"wet_drive{10 * drive:g}_level5.wav", device(dry, drive))
    config, data, _ = prepared(tmp_path, force=True)
    assert set(config.filters) == {"level"}
    place = [knob.name for knob in config.knobs].index("level")
    assert min(c.knobs[place] for c in data.captures[len(config.captures) :]) >= 0.25


def test_tone_controls_and_a_level_are_moved_together(tmp_path, dry):
    from tests.test_knobs import KNOWN, toned

    save(tmp_path / "dry.wav", dry)
    heard = np.tanh(8 * dry.astype(float))
    middle = (0.5, 0.5, 0.5)
    for place, level in [*((each, 0.5) for each in (*KNOWN, middle)), (middle, 0.1), (middle, 1.0)]:
        wet = level * toned(heard, place, RATE)
        bass, mid, treble = (f"{10 * each:g}" for each in place)
        name = f"wet_bass{bass}_middle{mid}_treble{treble}_master{10 * level:g}.wav"
        save(tmp_path / name, wet.astype(np.float32))
    config, data, _ = prepared(tmp_path)
    assert config.tone_stack is not None
    assert set(config.filters) == {"master"}
    names = [knob.name for knob in config.knobs]
    late, errors = config.output_latency, []
    for capture in data.captures[len(config.captures) :]:
        at = dict(zip(names, capture.knobs, strict=True))
        place = [at[name] for name in names if name != "master"]
        played = np.tanh(8 * capture.dry.astype(float))
        truth = (at["master"] * toned(played, place, RATE)).astype(np.float32)
        settled = slice(2000, len(truth) - late)
        errors.append(esr(capture.wet[late:][settled], truth[: len(truth) - late][settled]))
    assert np.median(errors) < 0.02


def test_noise_does_not_make_a_filter_untrustworthy(dry):
    """Hiss 40 dB below the playing, another in each recording."""
    rng = np.random.default_rng(0)
    wets = [device(dry, at=mark) for mark in MARKS]
    noisy = [wet + 0.01 * np.std(wet) * rng.standard_normal(len(wet)).astype("f4") for wet in wets]
    found = fitted(noisy, MARKS)
    assert found.esr < TRUSTED_FILTER
    hz = np.geomspace(80, 3000, 100)
    truth = freqz(*tone(0.9), hz, fs=RATE)[1] / freqz(*tone(0.5), hz, fs=RATE)[1]
    off = found.response(0.9, hz) / found.response(0.5, hz) / truth
    assert np.median(np.abs(20 * np.log10(np.abs(off)))) < 0.3


def test_too_little_is_no_filter(dry):
    wets = [device(dry, at=mark) for mark in MARKS]
    assert fitted(wets[:2], MARKS[:2]) is None
    assert fitted([wet[: 3 * knob_filter.frame_length(RATE)] for wet in wets], MARKS) is None
    assert fitted([np.zeros_like(wet) for wet in wets], MARKS) is None


# --- captures at positions that nobody recorded ---

POSITIONS = [
    *((0.5, at, 0.5) for at in MARKS),
    *((0.5, 0.5, level) for level in (0.1, 0.3, 1.0)),
    (0.0, 0.2, 0.8), (1.0, 0.8, 0.3),
]  # fmt: skip


@pytest.fixture(scope="module")
def pedal(tmp_path_factory, dry):
    place = tmp_path_factory.mktemp("pedal")
    save(place / "dry.wav", dry)
    for drive, at, level in POSITIONS:
        name = f"wet_drive{10 * drive:g}_tone{10 * at:g}_level{10 * level:g}.wav"
        save(place / name, device(dry, drive, at, level))
    return place


def prepared(place, hold_out=(), force=False):
    capture = CaptureConfig(force=force)
    settings = settings_of(api.RecurrentConfig(hidden=4), None, None, capture)
    said = []
    config, data = prepare_captures(read_captures(place, hold_out), settings, said.append)
    return config, data, [each.message for each in said[-1].findings]


def test_captures_are_made_as_the_device_would_have_made_them(pedal, dry):
    """At every drive that was recorded, tone and level anywhere, against the device itself."""
    config, data, said = prepared(pedal)
    assert set(config.filters) == {"tone", "level"}
    assert len(said) == 2
    assert all("further positions" in each for each in said)
    names = [knob.name for knob in config.knobs]
    more = data.captures[len(config.captures) :]
    errors, drives = [], set()
    for capture in more:
        at = dict(zip(names, capture.knobs, strict=True))
        assert not capture.split.test
        assert not capture.split.validation
        truth = device(capture.dry, at["drive"], at["tone"], at["level"])
        late = config.output_latency
        settled = slice(2000, len(truth) - late)
        errors.append(esr(capture.wet[late:][settled], truth[: len(truth) - late][settled]))
        drives.add(at["drive"])
    assert drives == {0.0, 0.5, 1.0}
    assert np.median(errors) < 1e-3
    assert max(errors) < 0.02


def test_one_made_of_a_soft_part_counts_as_its_position_does(tmp_path):
    """Not as much more as that part is softer: it would be all that is learned."""
    dry = playing(24)
    dry[len(dry) // 2 :] *= 0.003
    save(tmp_path / "dry.wav", dry)
    for mark in MARKS:
        save(tmp_path / f"wet_drive5_tone{10 * mark:g}.wav", device(dry, at=mark))
    config, data, _ = prepared(tmp_path)
    made = data.captures[len(config.captures) :]
    soft = [capture for capture in made if np.std(capture.wet) < 0.05 * np.std(device(dry))]
    assert len(soft) > 5
    for capture in made:
        level = np.mean(device(dry, at=capture.knobs[-1]).astype(float) ** 2)
        assert 0.3 < capture.power / level < 3


def test_they_are_made_again_just_so(pedal):
    config, data, _ = prepared(pedal)
    again = prepare_again(RunConfig.model_validate_json(config.model_dump_json()))
    assert len(again.captures) == len(data.captures)
    for one, other in zip(data.captures, again.captures, strict=True):
        assert np.array_equal(one.wet, other.wet)
        assert one.knobs == other.knobs


def test_they_are_made_of_training_audio_that_is_not_held_out(pedal):
    config, data, _ = prepared(pedal, ["drive=10,tone=8,level=3"])
    made = data.captures[len(config.captures) :]
    assert {capture.knobs[0] for capture in made} == {0.0, 0.5}
    whole = data.captures[0].dry
    for dry in (capture.dry for capture in made):
        (first,) = (
            at
            for at in np.flatnonzero(whole == dry[0])
            if np.array_equal(whole[at : at + len(dry)], dry)
        )
        assert any(a <= first and first + len(dry) <= b for a, b in config.captures[0].split.train)


def test_a_knob_with_another_name_counts_as_what_it_does(tmp_path, dry):
    save(tmp_path / "dry.wav", dry)
    for mark in (0.0, 0.5, 1.0):
        save(tmp_path / f"wet_gain5_warmth{10 * mark:g}.wav", device(dry, at=mark))
        save(tmp_path / f"wet_gain{10 * mark:g}_warmth5.wav", device(dry, drive=mark))
    assert set(prepared(tmp_path)[0].filters) == {"warmth"}


def test_a_run_with_a_filter_of_no_knob_is_refused(pedal):
    config = prepared(pedal)[0].model_dump()
    with pytest.raises(ValueError, match="filter of a knob"):
        RunConfig.model_validate(config | {"filters": {"presence": 0.001}})


# --- plans ---


def shares(names, captures, choose=propose):
    return [tuple(each.values()) for each in choose([KnobRange(name=n) for n in names], captures)]


@pytest.mark.parametrize("captures", [5, 9, 15])
def test_a_plan_turns_a_tone_alone(captures):
    found = shares(("drive", "tone"), captures)
    assert len(set(found)) == captures
    alone = {at for drive, at in found if drive == 0.5}
    assert {0.0, 0.5, 1.0} <= alone
    assert len({drive for drive, _ in found}) >= min(3 + (captures >= 9) * 2, captures)
    assert captures < 9 or {0.1, 0.9} <= alone


@pytest.mark.parametrize("captures", [2, 4, 6])
@pytest.mark.parametrize("names", [("volume",), ("tone", "volume"), ("gain", "tone", "volume")])
def test_a_plan_never_turns_a_level_down(names, captures):
    found = shares(names, captures)
    assert len(set(found)) == captures
    assert min(level for *_, level in found) == 0.1


@pytest.mark.parametrize("captures", [7, 9, 15, 20])
def test_a_plan_of_three_knobs_turns_two_of_them_alone(captures):
    found = shares(("gain", "tone", "volume"), captures)
    assert len(set(found)) == captures
    assert min(level for *_, level in found) >= 0.1
    for knob in (1, 2):
        alone = [each[knob] for each in found if all(each[k] == 0.5 for k in {0, 1, 2} - {knob})]
        assert len(set(alone)) >= 3


def test_too_few_captures_or_one_knob_alone_are_spread_as_any():
    assert shares(("drive", "tone"), 4) == shares(("drive", "voice"), 4)
    assert shares(("tone",), 4) == shares(("voice",), 4)


def test_a_gain_is_recorded_where_it_begins():
    """A linear potentiometer of 1 to 200 times: the steps between positions, in dB."""
    drives = sorted({drive for drive, _ in shares(("drive", "tone"), 9)})
    steps = np.diff(20 * np.log10(1 + 200 * np.array(drives)))
    even = np.diff(20 * np.log10(1 + 200 * np.linspace(0, 1, len(drives))))
    assert steps.max() < 0.9 * even.max()
    assert drives[1] <= 0.15
    assert len(shares(("drive",), 12)) == 12
    assert len({drive for drive, *_ in shares(("drive", "tone", "level"), 9)}) == 5


def test_the_first_of_a_plan_are_a_plan():
    whole, few = (shares(("drive", "tone"), n, by_worth) for n in (9, 5))
    assert few == whole[:5]
    assert len({drive for drive, *_ in shares(("drive", "tone", "level"), 9, by_worth)[:4]}) > 2


@pytest.mark.parametrize("captures", [9, 15])
def test_an_amplifier_is_recorded_loud_and_clean(captures):
    found = shares(("gain", "bass", "middle", "treble", "master"), captures)
    gains = {gain for gain, *_ in found}
    assert {0.0, 0.5, 1.0} <= gains
