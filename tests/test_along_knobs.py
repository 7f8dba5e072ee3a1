"""What each knob does from end to end, of devices known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from drywet.evaluation.along_knobs import HARMONICS, along_knobs, answers
from drywet.runs.folder import RunFolder
from drywet.trained.knob_range import KnobRange
from drywet.trained.model_file import load_model
from tests.support import RATE
from tests.test_knobs import folder as folder
from tests.test_knobs import run as run

GAIN = KnobRange(name="gain", least=-20, most=20, unit="dB")


def boosted(positions):
    """A gain before a cubic; ``tone`` is behind it and turns nothing but the level."""
    before, behind = 10 ** (positions["gain"] / 20), positions["tone"]

    def play(x):
        louder = before * x.astype(np.float64)
        return behind * (louder + 0.2 * louder**3)

    return play, 0


def test_a_gain_before_a_cubic():
    """x³ of a sine is (3 sin wt - sin 3wt) / 4."""
    found = answers(boosted, {"gain": 0.0, "tone": 0.5}, GAIN, (-24.0, -12.0), RATE)
    assert [one.position for one in found] == [-20, -10, 0, 10, 20]
    for one in found:
        for level, out_db, kept in zip((-24, -12), one.out_db, (False, True), strict=True):
            peak = 10 ** ((one.position + level) / 20)
            first, third = 0.5 * (peak + 0.15 * peak**3), 0.5 * 0.05 * peak**3
            wanted = 20 * np.log10(np.hypot(first, third) / np.sqrt(2))
            assert out_db == pytest.approx(wanted, abs=0.001)
            if kept:
                assert one.harmonics_db[0] == pytest.approx(20 * np.log10(first), abs=0.001)
                assert one.harmonics_db[2] == pytest.approx(20 * np.log10(third), abs=0.01)
                assert len(one.harmonics_db) == HARMONICS


@pytest.mark.parametrize(
    ("steps", "places"),
    [((0.0, 1.0), [0, 1]), (tuple(np.arange(9.0)), [0, 2, 4, 6, 8]), ((3.0, 1.0, 2.0), [1, 2, 3])],
)
def test_a_switch_is_asked_at_its_steps(steps, places):
    knob = KnobRange(name="tone", least=0, most=8, steps=steps)
    found = answers(boosted, {"gain": 0.0, "tone": 1.0}, knob, (-12.0,), RATE)
    assert [one.position for one in found] == places


def test_model_and_device_are_asked_alike(run):
    """A device that is the model itself answers as the model does; one that is gone not at all."""
    trained, recording = load_model(run), RunFolder.open(run).config().captures[0].recording
    stood = {"drive": 5.0}
    (same,) = along_knobs(
        trained, stood, recording.model_copy(update={"device": str(run)}), peak_dbfs=-10
    )
    assert same.levels_db == (-60, -48, -36, -24, -12)
    assert [one.position for one in same.model] == [0, 2.5, 5, 7.5, 10]
    assert same.device is not None
    for ours, theirs in zip(same.model, same.device, strict=True):
        assert ours.out_db == pytest.approx(theirs.out_db, abs=0.01)
    gone = recording.model_copy(update={"device": str(run / "nowhere.nam")})
    assert [one.device for one in along_knobs(trained, stood, gone, None)] == [None]
    assert [one.device for one in along_knobs(trained, stood, recording, None)] == [None]


def test_more_drive_is_louder_and_limits(run):
    """The fixture's device is 0.3 tanh(k x): learned so far that its curves order alike."""
    recording = RunFolder.open(run).config().captures[0].recording
    (knob,) = along_knobs(load_model(run), {"drive": 5.0}, recording, -1.0)
    soft, hard = knob.model[0].out_db, knob.model[-1].out_db
    assert hard[1] > soft[1] + 6
    assert hard[-1] - hard[-2] < soft[-1] - soft[-2]
