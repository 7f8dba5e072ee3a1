"""WaveNets from training to the plugin, models trained further, and NAM's loss."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import drywet as package
from drywet.errors import DrywetError
from drywet.formats.load import load
from drywet.inference.stream import predict
from drywet.losses.combined import CombinedLoss
from drywet.losses.config import NAM_CONVOLUTIONAL, NAM_RECURRENT
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import build
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig, WaveNetLayer
from drywet.runs.config import TrainingConfig
from drywet.runs.folder import RunFolder
from tests.support import RATE, drywet, playing

SMALL = WaveNetConfig(
    arrays=(
        WaveNetArray(
            channels=4, bottleneck=4, head=1, head_bias=True,
            layers=tuple(WaveNetLayer(kernel=3, dilation=1 << n) for n in range(5)),
        ),
    )
)  # fmt: skip
QUICK = TrainingConfig(epochs=40)
LONG = TrainingConfig(epochs=100)


@pytest.fixture(scope="module")
def wavenet_run(capture, once) -> Path:
    def make(folder):
        package.train(*capture, out=folder / "run", model=SMALL, training=QUICK)

    return once("wavenet", make) / "run"


def scores_of(run) -> dict:
    return json.loads((run / "scores.json").read_text())


def test_a_wavenet_learns_and_comes_out_as_nam(wavenet_run, tmp_path):
    scores = scores_of(wavenet_run)
    assert scores["esr"] < scores["linear"]["esr"]
    path = tmp_path / "a.nam"
    done = drywet("export", wavenet_run, "-o", path)
    assert done.code == 0, done.err
    assert json.loads(path.read_text())["architecture"] == "WaveNet"
    x = playing(0.3)
    want = predict(load(wavenet_run), x)
    assert np.max(np.abs(predict(load(path), x) - want)) < 1e-5


@pytest.mark.proof
def test_a_wavenet_learns_more_than_a_filter(capture, tmp_path):
    run = package.train(*capture, out=tmp_path / "run", model=SMALL, training=LONG).path
    assert scores_of(run)["esr"] < 0.5 * scores_of(run)["linear"]["esr"]


def test_a_validation_gives_the_net_all_of_its_context():
    """Its context is longer than that of other nets where the receptive field is."""
    from drywet.data.split import Span
    from drywet.inference.spans import SpanBatch

    torch.manual_seed(0)
    model = build(WaveNetConfig(preset="a2-lite")).eval()
    x = playing(1.2)
    start = 9_000
    batch = SpanBatch(x, x, [Span(start, start + 500)], torch.device("cpu"), model.warm_up)
    with torch.no_grad():
        whole = model(torch.from_numpy(x)[None, :, None], model.init_state(1))[0][0, :, 0]
    assert torch.allclose(batch.predict(model), whole[start : start + 500], atol=1e-6)


def test_a_preset_is_a_model_of_the_command_line(capture, tmp_path):
    folder = tmp_path / "nano"
    options = (
        "--preset",
        "nano",
        "--loss",
        "nam",
        "--epochs",
        0.2,
        "--batch",
        2,
        "--segment",
        2048,
    )
    done = drywet("train", *capture, "-o", folder, *options)
    assert done.code == 0, done.err
    settings = RunFolder.open(folder).config().settings
    assert settings.model == WaveNetConfig(preset="nano")
    assert settings.loss == NAM_CONVOLUTIONAL
    assert drywet("train", *capture, "-o", tmp_path / "x", "--preset", "huge").code == 2


@pytest.mark.parametrize("format", ["nam", "aidax"])
def test_a_model_is_trained_further(run_folder, capture, tmp_path, format):
    start = tmp_path / f"start.{'nam' if format == 'nam' else 'json'}"
    assert drywet("export", run_folder, "--format", format, "-o", start).code == 0
    folder = tmp_path / "further"
    options = ("--epochs", 4, "--segment", 1024)
    done = drywet("train", *capture, "-o", folder, "--start", start, *options)
    assert done.code == 0, done.err
    before, after = (
        json.loads((path / "history.jsonl").read_text().splitlines()[0])["validation_esr"]
        for path in (run_folder, folder)
    )
    best = json.loads((run_folder / "history.jsonl").read_text().splitlines()[-1])["best_esr"]
    assert after < 0.3 * before
    assert after < 2 * best
    config = RunFolder.open(folder).config()
    assert config.start == str(start)
    assert config.settings.training.learning_rate == 8e-3
    assert (config.output_latency, config.rate) == (1, RATE)
    again = drywet("evaluate", folder, "--json").json
    assert again["esr"] < 2 * drywet("evaluate", run_folder, "--json").json["esr"]


def test_what_cannot_be_trained_further(run_folder, capture, tmp_path):
    def refused(*options):
        done = drywet("train", *capture, "-o", tmp_path / "x", *options)
        assert done.code == 2
        assert not (tmp_path / "x").exists()
        return done.err

    assert "--hidden" in refused("--start", run_folder, "--hidden", 8)
    assert "--rate" in refused("--start", run_folder, "--rate", 8000)
    assert "does not exist" in refused("--start", tmp_path / "none.safetensors")
    with pytest.raises(DrywetError, match="its own kind"):
        package.train(*capture, start=run_folder, model=RecurrentConfig())


def test_nams_losses_are_what_its_trainer_minimises():
    auraloss = pytest.importorskip("auraloss")
    rng = np.random.default_rng(0)
    y = torch.from_numpy(0.3 * rng.standard_normal((3, 4000, 1)))
    p = y + torch.from_numpy(0.02 * rng.standard_normal((3, 4000, 1)))

    def emphasised(z):
        return z[:, 1:] - 0.85 * z[:, :-1]

    mse = torch.mean((p - y) ** 2)
    spectral = auraloss.freq.MultiResolutionSTFTLoss()(
        emphasised(p).transpose(1, 2), emphasised(y).transpose(1, 2)
    )
    want = mse + 2e-4 * spectral
    assert float(CombinedLoss(NAM_CONVOLUTIONAL)(p, y)) == pytest.approx(float(want), rel=1e-5)
    want = mse + torch.mean((emphasised(p) - emphasised(y)) ** 2)
    assert float(CombinedLoss(NAM_RECURRENT)(p, y)) == pytest.approx(float(want), rel=1e-9)


def test_a_skip_adds_the_dry_sample_itself(capture, tmp_path):
    """So that AIDA-X and Proteus, which know no other skip, can hold the net."""
    folder = tmp_path / "skip"
    options = ("--skip", "--hidden", 40, "--rate", 44_100, "--epochs", 0.2)
    assert drywet("train", *capture, "-o", folder, *options).code == 0
    for format in ("aidax", "proteus"):
        done = drywet("export", folder, "--format", format)
        assert done.code == 0, done.err
        x = playing(0.2, 44_100)
        want = predict(load(folder), x)
        path = json.loads(drywet("export", folder, "--format", format, "--json").out)["path"]
        assert np.max(np.abs(predict(load(path), x) - want)) < 1e-5


def test_a_worse_model_than_the_start_is_not_kept(run_folder, capture, tmp_path):
    folder = tmp_path / "spoiled"
    options = ("--epochs", 1, "--learning-rate", 2, "--segment", 1024)
    done = drywet("train", *capture, "-o", folder, "--start", run_folder, *options)
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    assert rows[0]["step"] == 0
    assert rows[-1]["best_esr"] == rows[0]["validation_esr"]
    x = playing(0.3)
    assert np.max(np.abs(predict(load(folder), x) - predict(load(run_folder), x))) < 1e-6


def test_the_loss_goes_with_the_kind_of_model(wavenet_run, capture, tmp_path):
    folder = tmp_path / "further"
    options = ("--loss", "nam", "--epochs", 0.2, "--segment", 2048)
    done = drywet("train", *capture, "-o", folder, "--start", wavenet_run, *options)
    assert done.code == 0, done.err
    assert RunFolder.open(folder).config().settings.loss == NAM_CONVOLUTIONAL
    again = tmp_path / "again"
    config = ("--config", folder / "config.json", "--preset", "nano", "--loss", "esr")
    assert drywet("train", *capture, "-o", again, *config, "--epochs", 0.1).code == 0
    settings = RunFolder.open(again).config().settings
    assert (settings.loss.esr, settings.loss.mse) == (1, 0)
    assert settings.model.preset == "nano"
