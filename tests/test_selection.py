"""Choosing by another score, stopping early, and learning from a fixed set of examples."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from drywet.data.segments import SegmentSampler
from drywet.data.split import Span
from drywet.metrics import stft, time
from drywet.runs.folder import RunFolder
from drywet.runs.history import HistoryRow
from drywet.training.checkpoint import load_checkpoint
from drywet.training.validation import Validated
from tests.support import drywet

SMALL = ("--hidden", 8, "--segment", 1024, "--batch", 8, "--epochs", 3)
X = np.arange(5000, dtype=np.float32)
SPANS = [Span(100, 1500), Span(2000, 4500)]


def sampler(examples, seed=3, batch=8):
    return SegmentSampler(X, X, SPANS, 10, 20, batch, seed, examples)


def test_every_epoch_goes_through_all_examples():
    found = sampler(20)
    epochs = np.concatenate([found.starts(step) for step in range(25)]).reshape(10, 20)
    assert all(sorted(epoch) == sorted(epochs[0]) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 10, "each in its own order"
    assert all(any(s.start <= at and at + 30 <= s.stop for s in SPANS) for at in epochs[0])


def test_a_step_does_not_depend_on_the_steps_before():
    whole = sampler(20)
    steps = [whole.starts(step) for step in range(12)]
    assert np.array_equal(sampler(20).starts(11), steps[11])
    assert not np.array_equal(sampler(20, seed=4).starts(11), steps[11])


@pytest.mark.parametrize("examples", [20, 5, None])
def test_many_steps_at_once_are_those_one_by_one(examples):
    one, many = sampler(examples), sampler(examples)
    for first, steps in ((0, 1), (1, 13), (3, 4)):
        found = many.starts_of(first, steps)
        assert found.shape == (steps, 8)
        assert np.array_equal(found, [one.starts(first + n) for n in range(steps)])


def test_examples_count_the_epochs(capture, tmp_path):
    done = drywet("train", *capture, "-o", tmp_path / "r", *SMALL, "--examples", 24, "--json")
    assert done.code == 0, done.err
    assert done.json["training"]["steps"] == 3 * 24 / 8
    assert RunFolder.open(tmp_path / "r").history()[-1].epoch == 3


def test_scores_that_choose():
    found = Validated(esr=0.01, esr_pre=0.04, mrstft=0.5, bands=[])
    assert found.by("esr") == 0.01
    assert found.by("esr_pre") == 0.04
    assert found.by("mrstft") == 0.5
    assert found.by("composite") == pytest.approx((0.01 * 0.04 * 0.5) ** (1 / 3))


@pytest.mark.parametrize("select", ["esr_pre", "mrstft", "composite"])
def test_the_kept_weights_are_the_best_by_that_score(capture, tmp_path, select):
    often = tmp_path / "often.json"
    often.write_text('{"training": {"validate_every": 7}}')
    done = drywet(
        "train", *capture, "-o", tmp_path / "r", *SMALL, "--select", select, "--config", often
    )
    assert done.code == 0, done.err
    folder = RunFolder.open(tmp_path / "r")
    rows = folder.history()
    key = {"esr_pre": "validation_esr_pre", "mrstft": "validation_mrstft"}.get(select, "score")
    best = min(rows, key=lambda row: getattr(row, key))
    state = load_checkpoint(folder.checkpoint_file)
    assert state.best_step == best.step
    assert rows[-1].best_score == best.score
    assert rows[-1].best_esr == best.validation_esr


def test_validation_scores_are_those_of_the_metrics(run_folder):
    """The kept model, played over the validation audio as a stream."""
    from drywet.inference.stream import predict
    from drywet.metrics import bands
    from drywet.runs.recording import reload
    from drywet.trained.model_file import load_model

    folder = RunFolder.open(run_folder)
    config = folder.config()
    _, pair = reload(config)
    played = predict(load_model(run_folder), pair.dry)
    spans = config.capture.split.validation
    p, y = [played[a:b] for a, b in spans], [pair.wet[a:b] for a, b in spans]
    row = min(folder.history(), key=lambda row: row.score)
    assert row.validation_esr == pytest.approx(
        time.esr(np.concatenate(p), np.concatenate(y)), rel=1e-2
    )
    found = bands.evaluate(p, y, pair.rate)
    assert row.band_esr == pytest.approx([band.esr for band in found], rel=2e-2)
    assert row.band_excess_db == pytest.approx([b.excess_db for b in found], abs=0.1)


def test_patience_ends_a_training(capture, tmp_path):
    settings = tmp_path / "s.json"
    settings.write_text('{"training": {"validate_every": 5, "learning_rate": 1e-9}}')
    done = drywet(
        "train", *capture, "-o", tmp_path / "r", *SMALL[:-2], "--epochs", 1000, "--patience", 3,
        "--config", settings, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    # With next to no learning rate the score stands still: best at once or soon, then three more.
    result = done.json["training"]
    assert result["steps"] == result["best_step"] + 15


def test_a_spectral_choice_needs_long_validation_blocks(tmp_path):
    """Six seconds at 2 kHz: validation blocks of a quarter of a second are 500 samples."""
    from tests.support import overdrive, playing, save

    dry = playing(6, 2000)
    pair = save(tmp_path / "d.wav", dry, 2000), save(tmp_path / "w.wav", overdrive(dry, 8000), 2000)
    options = ("--segment", 256, "--epochs", 1, "--force", "--latency", 0)
    done = drywet("train", *pair, "-o", tmp_path / "r", *options, "--select", "composite")
    assert done.code == 2
    assert "1025" in done.err
    assert not (tmp_path / "r").exists()


def test_unknown_scores_are_refused(capture, tmp_path):
    done = drywet("train", *capture, "-o", tmp_path / "r", *SMALL, "--select", "loudness")
    assert done.code == 2
    assert "composite" in done.err


def test_a_run_whose_checkpoint_knows_only_the_esr_goes_on(capture, tmp_path):
    """And whose history has no bands."""
    import torch

    done = drywet("train", *capture, "-o", tmp_path / "r", *SMALL)
    assert done.code == 0, done.err
    folder = RunFolder.open(tmp_path / "r")
    state = torch.load(folder.checkpoint_file, weights_only=True)
    for name in ("best_score", "idle"):
        del state[name]
    torch.save(state, folder.checkpoint_file)
    new = ("validation_esr_pre", "validation_mrstft", "score", "best_score", "band_esr",
           "band_excess_db")  # fmt: skip
    old = [HistoryRow(**row.model_dump(exclude=set(new))) for row in folder.history()]
    folder.keep_history(old)
    before = (folder.model_file).read_bytes()
    done = drywet("train", "--resume", tmp_path / "r")
    assert done.code == 0, done.err
    assert [row.step for row in folder.history()] == [row.step for row in old]
    assert folder.model_file.read_bytes() == before


def test_a_windowed_net_is_primed_without_going_through_frames():
    from drywet.models.linear.config import LinearConfig
    from drywet.models.windowed.config import WindowedConfig
    from tests.support import random_model

    x = torch.randn(3, 50, 1)
    for config in (WindowedConfig(frame=20, hidden=4), LinearConfig(taps=20)):
        model = random_model(config, 1.7, 0.6)
        with torch.no_grad():
            want = model(x, model.init_state(3))[1]
        for got, state in zip(model.state_after(x), want, strict=True):
            assert torch.equal(got, state)
        short = model.state_after(x[:, :5])
        assert torch.equal(short[0][:, :14], torch.zeros(3, 14, 1))


def test_mrstft_of_the_history_is_the_metric(capture, tmp_path):
    done = drywet("train", *capture, "-o", tmp_path / "r", *SMALL, "--select", "mrstft", "--json")
    assert done.code == 0, done.err
    rows = RunFolder.open(tmp_path / "r").history()
    assert all(row.score == row.validation_mrstft > 0 for row in rows)
    assert stft.MIN_SAMPLES > 0
    plain = json.loads((tmp_path / "r" / "config.json").read_text())
    assert plain["settings"]["training"]["select"] == "mrstft"
