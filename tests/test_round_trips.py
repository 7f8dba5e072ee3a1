"""Every format that holds a model gives it back: written, read, held against PyTorch in float64."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from drywet.errors import DrywetError
from drywet.formats.load import load
from drywet.formats.registry import FORMATS
from drywet.inference.stream import Stream, predict
from drywet.models.activation import Activation
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.stack.config import CellLayer, ConvLayer, DenseLayer, StackConfig
from drywet.models.wavenet.config import PRESETS, WaveNetArray, WaveNetConfig, WaveNetLayer
from drywet.runs.folder import RunFolder
from drywet.trained.knobs import with_knobs
from drywet.trained.metadata import Metadata
from drywet.trained.model_file import ModelCard, TrainedModel
from tests.exported import close, reference
from tests.support import mild_model, playing

RATE = 44_100
X = playing(0.05, RATE)
MADE = datetime(2026, 11, 23)
TANH = Activation(name="tanh")
LEAKY = Activation(name="leaky_relu", slope=0.2)

LSTMS = [RecurrentConfig(hidden=h, layers=n) for h, n in ((1, 1), (8, 1), (40, 1), (5, 3), (8, 4))]
GRUS = [RecurrentConfig(cell="gru", hidden=h, layers=n) for h, n in ((8, 1), (24, 2))]
SKIPS = [RecurrentConfig(cell=cell, hidden=40, skip=True) for cell in ("lstm", "gru")]
KNOBS = [
    RecurrentConfig(hidden=40, skip=True, knobs=("knob1",)),
    RecurrentConfig(cell="gru", hidden=12, knobs=("knob1", "knob2")),
]
WAVENETS = [
    *(WaveNetConfig(preset=name) for name in PRESETS),
    WaveNetConfig(
        arrays=(
            WaveNetArray(
                channels=3, bottleneck=5, head=4, head_kernel=2, layer_head=7, residual=False,
                layers=(
                    WaveNetLayer(kernel=2, dilation=3, activation=LEAKY, gating="gated"),
                    WaveNetLayer(kernel=5, dilation=1, gating="blended", gate=LEAKY),
                ),
            ),
            WaveNetArray(
                channels=2, bottleneck=4, head=1, head_bias=True,
                layers=(WaveNetLayer(kernel=1, dilation=1),),
            ),
        )
    ),
]  # fmt: skip
KNOBS_NAM = [
    RecurrentConfig(hidden=8, layers=2, knobs=("drive", "tone")),
    WaveNetConfig(preset="feather", knobs=("drive",)),
    WaveNetConfig(preset="a2-lite", knobs=("bass", "middle", "treble")),
    WAVENETS[-1].model_copy(update={"knobs": ("gain", "tone")}),
]
FILTERS = [LinearConfig(taps=1, bias=True), LinearConfig(taps=77)]
CONVNET = StackConfig(
    layers=(
        *(ConvLayer(width=4, kernel=2, dilation=d, activation=TANH) for d in (1, 2, 4)),
        DenseLayer(width=1),
    )
)
STACK = StackConfig(
    layers=(
        ConvLayer(width=3, kernel=4, dilation=5, activation=TANH),
        CellLayer(cell="gru", width=6),
        CellLayer(cell="lstm", width=4),
        DenseLayer(width=2, activation=Activation(name="elu")),
        DenseLayer(width=1, activation=TANH),
    )
)

HELD = {
    "nam-knobs": KNOBS_NAM,
    "nam": [*LSTMS, *WAVENETS, *FILTERS, CONVNET],
    "rtneural": [*LSTMS, *GRUS, KNOBS[1], *FILTERS, CONVNET, STACK],
    "aidax": [LSTMS[1], LSTMS[2], GRUS[0], *SKIPS, *KNOBS],
    "proteus": [SKIPS[0], KNOBS[0]],
    "drywet": [*LSTMS, *GRUS, *SKIPS, *KNOBS, *KNOBS_NAM, *WAVENETS, *FILTERS, CONVNET, STACK],
}
CASES = [(format, config) for format, configs in HELD.items() for config in configs]


def trained(config, plain_skip: bool = False) -> TrainedModel:
    model = mild_model(config, 1.9, 1 / 1.9 if plain_skip else 0.31)
    about = Metadata(
        name="a name", modeled_by="me", gear_make="Ø", gear_type="pedal", input_level_dbu=18.3
    )
    return TrainedModel.of(
        model, ModelCard(model=config, rate=RATE, output_latency=3, metadata=about)
    )


def written(tmp_path, format: str, model: TrainedModel):
    chosen = FORMATS[format]
    path = tmp_path / f"model{chosen.suffix}"
    path.write_bytes(chosen.writer.encode(model, "a name", MADE))
    return path


@pytest.mark.parametrize(
    ("format", "config"), CASES, ids=[f"{format}-{config.title}" for format, config in CASES]
)
def test_a_model_comes_back(tmp_path, format, config):
    model = trained(config, plain_skip=format == "proteus")
    back = load(written(tmp_path, format, model))
    assert (back.card.rate, back.card.output_latency) == (RATE, 3)
    assert back.card.metadata == model.card.metadata
    knobs = {name: 0.3 * n for n, name in enumerate(getattr(config, "knobs", ()), 1)}
    assert close(predict(with_knobs(back, knobs), X), reference(model, X, knobs))


@pytest.mark.parametrize("config", [LSTMS[1], WAVENETS[3], WAVENETS[5], CONVNET, STACK, FILTERS[1]])
def test_blocks_of_any_length_give_the_whole(tmp_path, config):
    model = load(written(tmp_path, "drywet", trained(config)))
    whole = predict(model, X)
    for block in (1, 7, 64, 1000):
        stream = Stream(model)
        x = X[: 100 * block]
        parts = [stream.process(x[i : i + block]) for i in range(0, len(x), block)]
        gap = np.max(np.abs(np.concatenate(parts) - whole[: len(x)]))
        assert gap <= 1e-6 * max(np.max(np.abs(whole)), 1), block


@pytest.mark.parametrize(
    ("format", "config", "words"),
    [
        ("nam", SKIPS[0], "no input skip"),
        ("nam", GRUS[0], "knows no GRU"),
        ("nam", RecurrentConfig(knobs=("drive",)), "--drive ..."),
        ("nam", KNOBS_NAM[1], "--drive ..."),
        ("nam-knobs", GRUS[0], "knows no GRU"),
        ("nam-knobs", WAVENETS[0], "Export it as nam"),
        ("nam", STACK, "cannot hold a stack"),
        ("rtneural", RecurrentConfig(cell="rnn"), "knows no RNN"),
        *(
            (name, RecurrentConfig(cell="ssm"), "knows no SSM")
            for name in ("nam", "rtneural", "aidax", "proteus")
        ),
        ("rtneural", SKIPS[0], "no input skip"),
        ("rtneural", WAVENETS[0], "cannot hold a WaveNet"),
        ("aidax", LSTMS[3], "3 recurrent layers"),
        ("aidax", RecurrentConfig(hidden=17), "--hidden 16"),
        ("aidax", RecurrentConfig(hidden=79), "--hidden 80"),
        ("aidax", WAVENETS[0], "cannot hold a WaveNet"),
        ("aidax", RecurrentConfig(knobs=("a", "b", "c")), "2 knobs and this model 3"),
        ("proteus", LSTMS[2], "--hidden 40 --skip --rate 44100"),
        ("proteus", GRUS[0], "knows no GRU"),
        ("proteus", WAVENETS[0], "--hidden 40 --skip --rate 44100"),
    ],
)
def test_a_format_says_what_it_cannot_hold_and_what_would_fit(format, config, words):
    with pytest.raises(DrywetError, match=words):
        FORMATS[format].writer.encode(trained(config), "x", MADE)


def test_proteus_adds_the_dry_sample_as_it_is():
    with pytest.raises(DrywetError, match="times the dry sample"):
        FORMATS["proteus"].writer.encode(trained(SKIPS[0]), "x", MADE)


def test_a_run_knows_its_exports_by_their_suffix():
    """An overwritten run must not leave an export of the old model behind."""
    made = {path.name for path in RunFolder(Path("somewhere")).made()}
    assert {f"somewhere{one.suffix}" for one in FORMATS.values()} <= made
