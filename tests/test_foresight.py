"""A model that would have had to foresee is told, with the number that mends it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.signal import lfilter

from drywet.evaluation.foresight import foresight
from tests.support import drywet, overdrive, playing, save

RATE = 16_000
DRY = playing(20, RATE)
WET = overdrive(DRY, RATE)


def best_causal(dry: np.ndarray, target: np.ndarray, taps: int = 32) -> np.ndarray:
    """Least squares over causal taps of two curves: what a causal model can do."""
    columns = np.concatenate(
        [np.stack([np.roll(x, k) for k in range(taps)]) for x in (dry, np.tanh(10 * dry))]
    ).T
    return (columns @ np.linalg.lstsq(columns[taps:], target[taps:], rcond=None)[0]).astype("f4")


@pytest.mark.parametrize("late", [3, 8, 20])
def test_a_target_taken_too_late_is_found(late):
    target = np.concatenate([WET[late:], np.zeros(late, "f4")])
    found = foresight(DRY, target, best_causal(DRY, target), RATE, RATE)
    assert found is not None
    assert late - 2 <= found.samples <= late + 2
    assert found.share > 0.1
    twice = foresight(DRY, target, best_causal(DRY, target), RATE, 3 * RATE)
    assert twice.samples == 3 * found.samples


@pytest.mark.parametrize("early", [0, 5, 30])
def test_a_target_in_time_or_early_is_not(early):
    target = np.concatenate([np.zeros(early, "f4"), WET])[: len(DRY)]
    assert foresight(DRY, target, best_causal(DRY, target, 48), RATE, RATE) is None


def test_a_poor_model_in_time_is_not():
    assert foresight(DRY, WET, np.zeros_like(WET), RATE, RATE) is None
    assert foresight(DRY, WET, lfilter([0.2], [1, -0.8], DRY).astype("f4"), RATE, RATE) is None


def test_too_short_to_tell():
    few = slice(RATE)
    assert foresight(DRY[few], WET[few], np.zeros(RATE, "f4"), RATE, RATE) is None


@pytest.mark.parametrize("poor", [0.0, 0.5])
def test_a_poor_model_of_a_late_target_is_given_the_right_number(poor):
    """Half trained, or silent: then what is left over is the wet itself."""
    target = np.concatenate([WET[25:], np.zeros(25, "f4")])
    prediction = (poor * best_causal(DRY, target)).astype("f4")
    assert foresight(DRY, target, prediction, RATE, RATE).samples == pytest.approx(25, abs=2)


def test_train_says_so_and_offers_the_number(tmp_path):
    dry, wet = save(tmp_path / "dry.wav", DRY, RATE), save(tmp_path / "wet.wav", WET, RATE)
    out = tmp_path / "run"
    done = drywet(
        "train", dry, wet, "-o", out, "--latency", 12, "--hidden", 8, "--epochs", 12, "--json"
    )
    assert done.code == 0, done.err
    scores = json.loads(done.out)["evaluation"]
    assert scores["foresight"]["samples"] == pytest.approx(12, abs=2)
    offered = 12 - scores["foresight"]["samples"]
    assert any(f"--latency {offered}." in remark["advice"] for remark in scores["verdict"])
