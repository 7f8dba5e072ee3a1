"""Every kind of model in the registry answers all that is asked of a kind."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import pytest

import drywet.models
from drywet.errors import DrywetError
from drywet.formats.registry import FORMATS
from drywet.inference.players import engine, player
from drywet.models.linear.config import LinearConfig
from drywet.models.onnx.config import OnnxConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import KINDS, build, kind_of, multiply_adds, parameter_count, shapes
from drywet.models.stack.config import CellLayer, ConvLayer, DenseLayer, StackConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.models.windowed.config import WindowedConfig
from drywet.runs.config import Settings
from drywet.trained.model_file import ModelCard, TrainedModel
from drywet.trained.settled import settled_state
from tests.support import mild_model, random_model

FOLDER = Path(drywet.models.__file__).parent
RATE = 8_000

EXAMPLES = {
    "recurrent": [
        RecurrentConfig(hidden=5, layers=2),
        RecurrentConfig(cell="gru", hidden=3),
        RecurrentConfig(cell="ssm", hidden=3, layers=2),
    ],
    "windowed": [
        WindowedConfig(frame=7, hidden=4),
        WindowedConfig(frame=5, cell="dense", layers=2),
    ],
    "linear": [LinearConfig(taps=9)],
    "wavenet": [WaveNetConfig.model_validate({"preset": "nano"})],
    "stack": [
        StackConfig(
            layers=(
                ConvLayer(width=3, kernel=3, dilation=2),
                CellLayer(cell="lstm", width=4),
                CellLayer(cell="gru", width=2),
                DenseLayer(width=1),
            )
        )
    ],
    "onnx": [OnnxConfig(audio_in="a", audio_out="b", layout="N", parameters=0, multiply_adds=0)],
}
BUILT = [config for name, configs in EXAMPLES.items() if name != "onnx" for config in configs]
by_title = {"ids": lambda config: config.title}


def trained(config) -> TrainedModel:
    model = random_model(config, 1.3, 0.4)
    return TrainedModel.of(model, ModelCard(model=config, rate=RATE, output_latency=0))


def test_the_registry_has_every_folder_and_this_test_an_example_of_each():
    folders = {path.parent.name for path in FOLDER.glob("*/kind.py")}
    assert set(KINDS) == folders == set(EXAMPLES)
    assert all(
        kind.config is type(config) for name, kind in KINDS.items() for config in EXAMPLES[name]
    )


@pytest.mark.parametrize("name", KINDS)
def test_a_settings_file_names_the_kind(name):
    config = EXAMPLES[name][0]
    if kind_of(config).training is None and name == "onnx":
        with pytest.raises(ValueError, match="does not train"):
            Settings.model_validate({"model": config.model_dump()})
    else:
        assert Settings.model_validate({"model": config.model_dump()}).model == config


@pytest.mark.parametrize("config", BUILT, **by_title)
def test_its_tensors_are_as_its_shapes_say(config):
    state = build(config).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == shapes(config)


@pytest.mark.parametrize("config", BUILT, **by_title)
def test_its_parameters_are_those_that_training_changes(config):
    model = build(config)
    free = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert parameter_count(config) == free
    weights = sum(prod(s) for name, s in shapes(config).items() if ".weight" in name)
    assert multiply_adds(config) >= weights or not weights


@pytest.mark.parametrize("config", BUILT, **by_title)
def test_its_player_gives_what_pytorch_gives(config):
    """From settled silence, in blocks of any length."""
    import torch

    found = trained(config)
    x = np.random.default_rng(1).uniform(-0.5, 0.5, 900).astype(np.float32)
    model = found.model
    with torch.no_grad():
        want = model(torch.from_numpy(x)[None, :, None], model.settled_state(1, RATE))[0]
    chosen = player(found)
    got = np.concatenate([chosen.process(part) for part in np.split(x, [1, 8, 300])])
    scale = float(want.abs().max())
    assert np.max(np.abs(got - want[0, :, 0].numpy())) < 2e-5 * scale
    chosen.reset()
    assert np.allclose(chosen.process(x), got, atol=2e-5 * scale)
    assert engine(found)


@pytest.mark.parametrize("config", BUILT, **by_title)
def test_its_settled_state_is_pytorchs(config):
    """The states of recurrent layers, by name; of the others the number of past samples."""
    found = settled_state(trained(config))
    assert all(part.dtype == np.float32 and np.isfinite(part).all() for part in found)
    if isinstance(config, RecurrentConfig):
        state = random_model(config, 1.3, 0.4).settled_state(1, RATE)
        want = [part[i, 0].numpy() for i in range(config.layers) for part in state]
        assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(found, want, strict=True))
    elif isinstance(config, StackConfig):
        state = random_model(config, 1.3, 0.4).settled_state(1, RATE)
        want = [part.numpy().reshape(part.shape[1:] if part.ndim == 3 else part.shape)
                for part in state]  # fmt: skip
        assert len(found) == len(want)
        for a, b in zip(found, want, strict=True):
            assert np.allclose(np.ravel(a), np.ravel(b), atol=1e-5)
    elif config.receptive_field is not None:
        assert 1 + sum(part.shape[1] for part in found) == config.receptive_field


@pytest.mark.parametrize("config", [*BUILT, *EXAMPLES["onnx"]], **by_title)
def test_every_format_holds_it_or_says_what_would_fit(config):
    for one in FORMATS.values():
        try:
            one.writer.require(config, RATE)
        except DrywetError as refusal:
            assert refusal.expected
            assert refusal.fix


def test_a_kind_that_leaves_something_out_cannot_be_made():
    from drywet.models.kind import Kind

    class Half(Kind[LinearConfig]):
        config = LinearConfig

    with pytest.raises(TypeError, match="abstract"):
        Half()


def test_mild_models_of_all_kinds_are_finite():
    assert all(
        np.isfinite(player(TrainedModel.of(mild_model(c, 1, 1), ModelCard(
            model=c, rate=RATE, output_latency=0))).process(np.ones(9, np.float32))).all()
        for c in BUILT
    )  # fmt: skip


def test_the_loss_is_pre_emphasised_where_that_is_the_kinds_way():
    def found(model, **more):
        return Settings.model_validate({"model": model, **more}).minimised.pre_emphasis

    own = {"kind": "recurrent"}
    assert found(own) == 0.5
    assert found({"kind": "windowed"}) == 0
    assert found(own, loss={"pre_emphasis": 0}) == 0
    assert found(own, loss={"pre_emphasis": 0.85}) == 0.85
    assert found(own, loss={"esr": 0, "mae": 1}) == 0, "it is the ESR's"
    assert found(own, training={"bptt": 1}) == 0, "a sample has no difference"
