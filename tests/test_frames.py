"""Windowed nets in the kernels against torch.nn, torch.optim and torch's clipping."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

from drywet.data.segments import SegmentSampler
from drywet.data.split import Span
from drywet.inference.stream import Stream
from drywet.kernels import choice as choosing
from drywet.kernels import frames
from drywet.kernels import threads as thread_count
from drywet.kernels.choice import choice
from drywet.models.recurrent.net import recurrent_layers
from drywet.models.windowed.config import WindowedConfig
from drywet.runs.config import Settings
from drywet.trained.model_file import ModelCard, TrainedModel
from drywet.training.checkpoint import load_checkpoint
from drywet.training.kernel_learners import FrameLearner, learner
from drywet.training.learner import TorchLearner
from tests.support import drywet as cli
from tests.support import grid, random_model

CELLS = ("lstm", "gru", "rnn")
STEPS = 20
SAMPLES = 3000
RATES = [2e-3 * (n + 1) / STEPS for n in range(STEPS)]
BOTH = frames.FrameLoss(esr=0.7, mae=0.4, gain=0.8)


pytestmark = pytest.mark.usefixtures("own_threads")


class Case:
    """A net, its optimiser and something to learn; a copy in another precision starts alike."""

    def __init__(self, cell, hidden, layers, batch, frame, dtype=torch.float32):
        torch.manual_seed(0)
        self.rec = recurrent_layers(cell, hidden, layers).to(dtype)
        self.head = nn.Linear(hidden, 1).to(dtype)
        self.parameters = [*self.rec.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.AdamW(
            [p for p in self.parameters if p.requires_grad], lr=1.0, weight_decay=0.02
        )
        rng = np.random.default_rng(0)
        self.frame = frame
        self.dry = rng.standard_normal(SAMPLES).astype(np.float32)
        self.wet = np.tanh(np.convolve(self.dry, [1, 0.5, -0.4])[:SAMPLES]).astype(np.float32)
        self.starts = rng.integers(0, SAMPLES - frame + 1, (STEPS, batch))
        self.starts[0, 0], self.starts[-1, -1] = 0, SAMPLES - frame  # the first and the last

    def by_kernels(self, loss=BOTH, clip=1.0, steps=slice(None)):
        return frames.train(
            self.rec, self.head, self.frame, self.optimizer, clip, loss, self.dry, self.wet,
            self.starts[steps], RATES[steps],
        )  # fmt: skip

    def by_torch(self, loss=BOTH, clip=1.0):
        dtype, losses = self.head.weight.dtype, []
        for starts, rate in zip(self.starts, RATES, strict=True):
            self.optimizer.param_groups[0]["lr"] = rate
            x = torch.from_numpy(self.dry[starts[:, None] + np.arange(self.frame)]).to(dtype)
            want = torch.from_numpy(self.wet[starts + self.frame - 1]).to(dtype)
            got = loss.gain * self.head(self.rec(x[..., None])[0][:, -1])[:, 0]
            error, silence = want - got, 1e-20 * len(want)
            total = loss.esr * (error**2).sum() / ((want**2).sum() + silence)
            total = total + loss.mae * error.abs().mean()
            self.optimizer.zero_grad()
            total.backward()
            nn.utils.clip_grad_norm_(self.parameters, clip)
            self.optimizer.step()
            losses.append(float(total.detach()))
        return np.array(losses)

    def weights(self):
        return torch.cat([p.detach().double().flatten() for p in self.parameters])


SIZES = [
    # hidden, layers, batch, frame
    (16, 1, 64, 32),
    (5, 2, 37, 20),
    (17, 1, 33, 65),
    (17, 2, 16, 33),
    (1, 1, 1, 1),
]


UPDATES = [(size, clip) for size in SIZES for clip in (1e-5, 1e3)]
FEW = [(SIZES[0], 1e-5), (SIZES[0], 1e3), (SIZES[1], 1e3), (SIZES[3], 1e3), (SIZES[4], 1e3)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "update",
    grid(UPDATES, FEW),
    ids=lambda u: "h{}x{}-b{}-f{}".format(*u[0]) + ("-clipped" if u[1] < 1 else "-free"),
)
def test_updates_are_pytorchs(target, cell, update):
    """As near to float64 as PyTorch's own float32, but for the activations (see test_kernels)."""
    size, clip = update
    exact, theirs, ours = (Case(cell, *size, dtype) for dtype in (torch.float64, *_SINGLE))
    begun = ours.weights()
    want, its, got = (
        exact.by_torch(clip=clip),
        theirs.by_torch(clip=clip),
        ours.by_kernels(clip=clip),
    )
    assert np.abs(got - want).max() < 5 * np.abs(its - want).max() + 1e-6
    off = [float((case.weights() - exact.weights()).abs().max()) for case in (ours, theirs)]
    assert off[0] < 5 * off[1] + 2e-6
    moved = float((exact.weights() - begun).abs().max())
    assert moved > 5e-3, "a tolerance of so much less tells something"
    for name, parameter in ours.rec.named_parameters():
        if not parameter.requires_grad:
            assert not parameter.any(), name


_SINGLE = (torch.float32, torch.float32)


@pytest.mark.parametrize(
    "loss", [frames.FrameLoss(0, 1, 0.5), frames.FrameLoss(1, 0, 0.5)], ids=["mae", "esr"]
)
def test_each_loss_is_its_own(target, loss):
    size = ("lstm", 8, 1, 40, 24)
    exact, ours = Case(*size, torch.float64), Case(*size)
    assert exact.by_torch(loss) == pytest.approx(ours.by_kernels(loss), abs=1e-6)
    assert float((ours.weights() - exact.weights()).abs().max()) < 2e-6


def test_clipping_and_decay_count():
    """What the comparisons above could not see if it cancelled out."""
    results = []
    for clip, decay in ((1e3, 0.02), (1e-2, 0.02), (1e3, 0.0)):
        case = Case("lstm", 8, 1, 40, 24)
        case.optimizer.param_groups[0]["weight_decay"] = decay
        case.by_kernels(clip=clip)
        results.append(case.weights())
    assert min(float((results[0] - other).abs().max()) for other in results[1:]) > 1e-4


def test_a_silent_target_and_a_perfect_output_do_no_harm(target):
    case = Case("gru", 8, 1, 16, 8)
    case.dry[:], case.wet[:] = 0, 0
    with torch.no_grad():
        case.head.weight.zero_()
        case.head.bias.zero_()
    assert not case.by_kernels(frames.FrameLoss(1, 1, 1)).any()
    assert torch.isfinite(case.weights()).all()


def test_a_net_that_blows_up_says_so(target):
    case = Case("lstm", 8, 1, 16, 8)
    with torch.no_grad():
        case.head.weight += float("nan")
    assert np.isnan(case.by_kernels()).all()


@pytest.mark.parametrize("cell", CELLS)
def test_results_do_not_depend_on_the_number_of_threads(target, cell):
    results = []
    for threads in (1, 2, 3, 16):
        thread_count.set_threads(threads)
        case = Case(cell, 12, 2, 150, 40)
        results.append((case.by_kernels(), case.weights()))
    for losses, weights in results[1:]:
        assert np.array_equal(losses, results[0][0])
        assert torch.equal(weights, results[0][1])


def test_steps_can_be_divided_at_will(target):
    whole, parts = Case("lstm", 12, 1, 40, 24), Case("lstm", 12, 1, 40, 24)
    losses = whole.by_kernels()
    divided = [parts.by_kernels(steps=slice(a, b)) for a, b in ((0, 1), (1, 8), (8, 20))]
    kept = copy.deepcopy(parts.optimizer.state_dict())
    assert np.array_equal(losses, np.concatenate(divided))
    assert torch.equal(whole.weights(), parts.weights())
    parts.optimizer.load_state_dict(kept)  # as a resumed run does
    for case in (whole, parts):
        case.by_kernels(steps=slice(3, 9))
    assert torch.equal(whole.weights(), parts.weights())


@pytest.mark.parametrize("start", [-1, SAMPLES - 24 + 1, -(2**62), 2**62])
def test_frames_outside_the_signal_are_refused(start):
    case = Case("lstm", 8, 1, 40, 24)
    before = case.weights()
    case.starts[STEPS - 1, 39] = start
    with pytest.raises(ValueError, match="outside"):
        case.by_kernels()
    assert torch.equal(before, case.weights())


def test_arrays_of_another_type_are_refused_not_copied():
    """A copy would be trained instead of the weights."""
    with pytest.raises(TypeError):
        Case("lstm", 8, 1, 40, 24, torch.float64).by_kernels()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("frame", "samples"), [(1, 1), (32, 50), (33, 16), (70, 7)])
def test_every_frame_is_played(target, cell, frame, samples):
    rec, head = recurrent_layers(cell, 17, 2), nn.Linear(17, 1)
    x = torch.randn(3, samples + frame - 1, 1)
    with torch.no_grad():
        windows = x[..., 0].unfold(1, frame, 1).reshape(-1, frame, 1)
        want = head(rec(windows)[0][:, -1]).reshape(3, samples, 1)
        for threads in (1, 5):
            thread_count.set_threads(threads)
            got = frames.play(rec, head, frame, x)
            assert torch.allclose(got, want, atol=3e-6)


def windowed(**changed):
    return WindowedConfig(**{"cell": "lstm", "hidden": 8, "frame": 20, **changed})


def test_blocks_of_any_size_play_alike(target):
    config = windowed(layers=2)
    model = random_model(config, 1.5, 0.7)
    trained = TrainedModel.of(model, ModelCard(model=config, rate=16_000, output_latency=0))
    x = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    with torch.no_grad():
        choice.cache_clear()
        whole = torch.from_numpy(x)[None, :, None]
        want = model(whole, model.init_state(1))[0][0, :, 0].numpy()
    for block in (1, 7, 64, 4096):
        stream, taken = Stream(trained), x if block > 1 else x[:300]
        got = [stream.process(taken[i : i + block]) for i in range(0, len(taken), block)]
        assert np.abs(np.concatenate(got) - want[: len(taken)]).max() < 2e-6


def settings(**training):
    return Settings.model_validate(
        {
            "model": windowed().model_dump(),
            "loss": {"esr": 0.5, "mae": 1.0},
            "training": {"segment": 1, "batch": 24, "clip": 0.05, "weight_decay": 0.01, **training},
        }
    )


def learners(kinds, warm_up):
    """A model and, for each kind, a learner over the same optimiser."""
    chosen = settings()
    model = random_model(windowed(), 1.5, 0.7).train()
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], weight_decay=0.01, fused=True
    )
    rng = np.random.default_rng(0)
    dry = rng.standard_normal(4000).astype(np.float32)
    spans = [Span(10, 1500), Span(2000, 4000)]
    sampler = SegmentSampler(dry, np.tanh(dry), spans, warm_up, 1, 24, 0, 500)
    made = {
        TorchLearner: lambda: TorchLearner(
            model, optimizer, sampler, chosen, warm_up, torch.device("cpu")
        ),
        FrameLearner: lambda: FrameLearner(model, optimizer, sampler, chosen, warm_up),
    }
    return model, [made[kind]() for kind in kinds]


@pytest.mark.parametrize("warm_up", [19, 30])
@pytest.mark.parametrize("second", [FrameLearner, TorchLearner])
def test_the_learners_do_the_same(target, warm_up, second):
    """And each goes on from where the other stopped."""
    results = []
    for kinds in ((TorchLearner, TorchLearner), (FrameLearner, second)):
        model, pair = learners(kinds, warm_up)
        losses = [loss for n in (0, 1) for loss in pair[n].learn(20 * n, RATES)]
        weights = torch.cat([p.detach().flatten() for p in model.parameters()])
        results.append((np.array(losses), weights))
    assert np.abs(results[0][0] - results[1][0]).max() < 1e-5
    assert float((results[0][1] - results[1][1]).abs().max()) < 1e-5


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, FrameLearner),
        ({"training": {"segment": 2}}, TorchLearner),
        ({"training": {"segment": 1, "warm_up": 5}}, TorchLearner),
        ({"training": {"segment": 1, "warm_up": 50}}, FrameLearner),
        ({"loss": {"mae": 1, "dc": 1}}, TorchLearner),
        ({"model": windowed(cell="dense").model_dump()}, TorchLearner),
    ],
)
def test_the_right_learner_is_chosen(changed, kind):
    chosen = Settings.model_validate({**settings().model_dump(), **changed})
    model = random_model(chosen.model, 1.0, 1.0)
    optimizer = torch.optim.AdamW(model.parameters())
    warm_up = model.warm_up if chosen.training.warm_up is None else chosen.training.warm_up
    x = np.zeros(500, np.float32)
    sampler = SegmentSampler(x, x, [Span(0, 500)], warm_up, chosen.segment, 8, 0)
    found = learner(model, optimizer, sampler, chosen, warm_up, torch.device("cpu"))
    assert type(found) is kind


@pytest.mark.parametrize("epochs", [3, pytest.param(10, marks=pytest.mark.proof)])
def test_a_run_is_the_same_with_and_without_the_kernels(capture, tmp_path, monkeypatch, epochs):
    """The weights after 120 or 400 updates, within 1e-3: rounding grows as any difference does."""
    steps, every = 40 * epochs, 15 * epochs
    chosen = tmp_path / "chosen.json"
    training = {"segment": 1, "batch": 24, "epochs": epochs, "examples": 960}
    training["validate_every"] = every
    chosen.write_text(
        json.dumps(
            {
                "model": windowed().model_dump(),
                "loss": {"esr": 0, "mae": 1},
                "training": {**training, "learning_rate": 2e-3},
            }
        )
    )
    found = []
    for name in ("kernels", choosing.OFF):
        if name == choosing.OFF:
            monkeypatch.setenv(choosing.VARIABLE, name)
        choice.cache_clear()
        out = tmp_path / name
        done = cli("train", *capture, "-o", out, "--config", chosen)
        assert done.code == 0, done.err
        state = load_checkpoint(out / "checkpoint.pt")
        rows = [json.loads(row) for row in (out / "history.jsonl").read_text().splitlines()]
        found.append((state, rows))
    (ours, rows), (theirs, their_rows) = found
    assert ours.step == theirs.step == steps
    assert ours.optimizer.keys() == theirs.optimizer.keys()
    for each in (rows, their_rows):
        assert [row["step"] for row in each] == [every, 2 * every, steps]
    for key in ("loss", "learning_rate"):
        a, b = ([row[key] for row in each] for each in (rows, their_rows))
        assert a == pytest.approx(b, rel=1e-4)
    for name, weight in ours.weights.items():
        assert float((weight - theirs.weights[name]).abs().max()) < 1e-3, name
