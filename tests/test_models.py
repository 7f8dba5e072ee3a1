"""Models against PyTorch's own layers, the study's counts, and least squares."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from drywet.data.split import Span
from drywet.errors import DrywetError
from drywet.inference.spans import SpanBatch
from drywet.inference.stream import Stream, predict
from drywet.inference.streams import Streams
from drywet.kernels.choice import choice
from drywet.models.linear.config import LinearConfig
from drywet.models.linear.fit import fit_fir
from drywet.models.linear.net import LinearModel
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import build, parameter_count, shapes
from drywet.models.windowed.config import WindowedConfig
from drywet.trained.model_file import ModelCard, TrainedModel
from tests.support import playing, random_model

CONFIGS = [
    RecurrentConfig(cell=cell, hidden=hidden, layers=layers, skip=skip)
    for cell in ("lstm", "gru", "rnn", "ssm")
    for hidden, layers, skip in ((8, 1, False), (5, 2, True), (3, 4, False))
] + [
    WindowedConfig(cell="lstm", frame=32, hidden=6),
    WindowedConfig(cell="gru", frame=7, hidden=4, layers=2),
    WindowedConfig(cell="rnn", frame=1, hidden=4),
    WindowedConfig(cell="dense", frame=16, hidden=8, layers=2),
    LinearConfig(taps=64),
    LinearConfig(taps=1),
]


def made(config):
    return random_model(config, 1.7, 0.6)


def saved(model, config, rate):
    return TrainedModel.of(model, ModelCard(model=config, rate=rate, output_latency=0))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.title)
def test_shapes_are_those_of_the_pytorch_model(config):
    found = {name: tuple(tensor.shape) for name, tensor in build(config).state_dict().items()}
    assert shapes(config) == found


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.title)
@given(cuts=st.lists(st.integers(1, 400), max_size=12))
@settings(max_examples=12, deadline=None)
def test_pieces_with_their_state_give_the_whole(config, cuts):
    model = made(config)
    x = torch.from_numpy(playing(0.05)).reshape(2, -1, 1)
    with torch.no_grad():
        whole, _ = model(x, model.init_state(2))
        parts, state, at = [], model.init_state(2), 0
        for cut in [*cuts, x.shape[1]]:
            y, state = model(x[:, at : at + cut], state)
            parts.append(y)
            at += y.shape[1]
    assert whole.shape == x.shape
    assert torch.allclose(torch.cat(parts, 1), whole, atol=2e-6)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.title)
@pytest.mark.parametrize("block", [1, 7, 64, 501, 4096])
def test_streaming_gives_the_whole_for_every_block_size(config, block):
    model = made(config)
    x = playing(0.15)
    trained = saved(model, config, 2000)
    stream = Stream(trained)
    y = np.concatenate([stream.process(x[i : i + block]) for i in range(0, len(x), block)])
    assert np.max(np.abs(y - predict(trained, x))) < 2e-6
    stream.reset()
    assert np.array_equal(stream.process(x[:block]), y[:block])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "ssm"])
def test_many_streams_are_each_as_if_alone(cell):
    if choice().target is None:
        pytest.skip(choice().reason)
    config = RecurrentConfig(cell=cell, hidden=7, layers=2, skip=True)
    trained = saved(made(config), config, 2000)
    x = playing(0.5)[:7800].reshape(39, 200)
    streams = Streams(trained, 39, threads=2)
    y = np.concatenate([streams.process(part) for part in np.split(x, [1, 1, 64, 137], 1)], 1)
    for alone, together in zip(x, y, strict=True):
        assert np.max(np.abs(Stream(trained).process(alone) - together)) < 2e-6
    streams.reset()
    assert np.array_equal(streams.process(x), y)
    with pytest.raises(DrywetError, match="linear"):
        Streams(saved(made(LinearConfig()), LinearConfig(), 2000), 2)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 3])
def test_recurrent_nets_are_pytorchs(cell, layers):
    """The same weights in torch.nn's own layer and Linear give the same output."""
    model = made(RecurrentConfig(cell=cell, hidden=7, layers=layers, skip=True))
    own = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell](
        1, 7, layers, batch_first=True
    )
    own.load_state_dict(model.rec.state_dict())
    x = torch.randn(3, 50, 1)
    with torch.no_grad():
        hidden, _ = own(1.7 * x)
        want = 0.6 * (hidden @ model.head.weight.T + model.head.bias + 1.7 * x)
        got, _ = model(x, model.init_state(3))
    assert torch.allclose(got, want, atol=1e-6)


@pytest.mark.parametrize(
    ("hidden", "layers", "frame", "count"),
    [
        (16, 1, 32, 1169),
        (16, 2, 32, 3281),
        (16, 1, 64, 1169),
        (32, 1, 64, 4385),
        (32, 2, 64, 12705),
    ],
)
def test_the_studys_nets_have_their_published_size(hidden, layers, frame, count):
    config = WindowedConfig(cell="lstm", frame=frame, hidden=hidden, layers=layers)
    model = build(config)
    assert parameter_count(config) == count
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == count


def test_a_windowed_net_sees_its_frame_and_nothing_else():
    model = made(WindowedConfig(cell="lstm", frame=16, hidden=6))
    assert model.receptive_field == 16
    x = torch.randn(1, 100, 1, requires_grad=True)
    y, _ = model(x, model.init_state(1))
    y[0, 60, 0].backward()
    touched = torch.nonzero(x.grad[0, :, 0]).flatten().tolist()
    assert touched == list(range(45, 61))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.title)
def test_nothing_sees_the_future(config):
    model = made(config)
    x = torch.randn(1, 80, 1)
    changed = x.clone()
    changed[:, 50:] += 1
    with torch.no_grad():
        a, _ = model(x, model.init_state(1))
        b, _ = model(changed, model.init_state(1))
    assert torch.equal(a[:, :50], b[:, :50])


def test_least_squares_finds_the_filter():
    rng = np.random.default_rng(0)
    taps = rng.standard_normal(24)
    dry = rng.standard_normal(5000).astype(np.float32)
    wet = np.convolve(dry, taps)[: len(dry)].astype(np.float32)
    found = fit_fir(dry, wet, [(100, 2000), (3000, 4900)], 24)
    assert np.max(np.abs(found - taps)) < 1e-5
    config = LinearConfig(taps=24)
    model = LinearModel(config)
    model.set_taps(found)
    assert np.max(np.abs(predict(saved(model, config, 1000), dry) - wet)) < 1e-4


def test_least_squares_agrees_with_numpys():
    rng = np.random.default_rng(1)
    dry = rng.standard_normal(400).astype(np.float32)
    wet = np.tanh(dry) + 0.1 * rng.standard_normal(400).astype(np.float32)
    spans = [(0, 150), (200, 400)]
    rows = [
        (dry[n - 7 : n + 1][::-1].astype(float), float(wet[n]))
        for start, stop in spans
        for n in range(start + 7, stop)
    ]
    want, *_ = np.linalg.lstsq(np.array([r for r, _ in rows]), np.array([y for _, y in rows]))
    assert np.max(np.abs(fit_fir(dry, wet, spans, 8) - want)) < 1e-6


def test_spans_in_a_batch_are_the_long_stream():
    """Context of 4096 samples stands for all that went before, for nets that forget."""
    config = RecurrentConfig(hidden=6)
    model = made(config)
    x = playing(3)
    spans = [Span(9000, 9500), Span(20_000, 42_000)]
    batch = SpanBatch(x, -x, spans, torch.device("cpu"))
    long = predict(saved(model, config, 16_000), x)
    joined = np.concatenate([long[a:b] for a, b in spans])
    assert np.array_equal(batch.target.numpy(), -np.concatenate([x[a:b] for a, b in spans]))
    assert np.max(np.abs(batch.predict(model).numpy() - joined)) < 1e-5


def test_what_goes_astray_slowly_is_seen_in_a_batch():
    """A cell that fills over 8000 samples: 4096 of them before a stretch do not tell."""
    config = RecurrentConfig(hidden=1)
    model = made(config)
    keep = 1 - 1 / 8000
    with torch.no_grad():
        for name, value in model.rec.named_parameters():
            value.zero_()
            if "bias_ih" in name:  # input, forget, cell and output gates
                value.copy_(torch.tensor([-4.0, np.log(keep / (1 - keep)), 0.005, 9.0]))
        model.head.weight.fill_(1.0)
        model.head.bias.zero_()
    x = playing(8)
    spans = [Span(100_000, 101_000)]
    long = predict(saved(model, config, 16_000), x)[100_000:101_000]
    endless, short = (
        SpanBatch(x, x, spans, torch.device("cpu"), memory).predict(model).numpy()
        for memory in (None, model.warm_up)
    )
    assert np.mean(endless) == pytest.approx(np.mean(long), rel=0.01)
    assert np.mean(short) < 0.6 * np.mean(long)
