"""ONNX: a model as a graph that any host with an ONNX runtime plays block by block.

Inputs: ``audio`` ``(1, 1, samples)`` at full scale, any number of samples from 1; ``knobs``
``(1, knobs)`` from 0 to 1 where the model has any; ``state_0_in``, ``state_1_in`` ... Outputs:
``audio_out`` like ``audio``, and ``state_0_out`` ..., to be handed in with the next block.

The metadata holds ``name``, ``date``, ``sample_rate`` in Hz, ``output_latency`` in samples, the
names of the ``knobs`` and their ``knob_ranges`` (as `KnobRange` has them; those that are missing go
from 0 to 1), ``drywet`` (the model's card) and ``initial_state``: a JSON list with a nested list
per state, which broadcasts to its shape. A host that starts from it starts as drywet does, from
settled silence (the knobs at noon); from zeros, a net may thump. A model that runs oversampled has
its filters and copies in the graph, and no card: what reads it plays it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from drywet.dsp.oversampling import Filters
from drywet.errors import DrywetError
from drywet.formats import limits
from drywet.formats.onnx.graph import KNOBS, GraphBuilder
from drywet.formats.onnx.layout import stored
from drywet.inference.stream import Stream
from drywet.models.config import Config
from drywet.models.linear.config import LinearConfig
from drywet.models.onnx.config import OnnxConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.stack.config import CellLayer, ConvLayer, StackConfig
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig, WaveNetLayer
from drywet.models.windowed.config import WindowedConfig
from drywet.trained.model_file import TrainedModel
from drywet.trained.settled import settled_state
from drywet.words import with_article

if TYPE_CHECKING:
    import onnx

CARD = "drywet"
"""Key of the model's card in the metadata."""

KNOB_RANGES = "knob_ranges"
"""Key of the ranges of its knobs in the metadata; those that are missing go from 0 to 1."""

_HELD = (
    RecurrentConfig, WindowedConfig, LinearConfig, WaveNetConfig, StackConfig, OnnxConfig,
)  # fmt: skip
_ABLE = "a recurrent or windowed net, a WaveNet, a filter or a stack"
_OVERSAMPLED = "a recurrent net, a WaveNet, a filter or a stack"
_OPSET, _IR = 17, 8  # of ONNX 1.12, 2022


def encode(
    trained: TrainedModel, name: str, made: datetime, filters: Filters | None = None
) -> bytes:
    """The whole file.

    Args:
        trained: a model of any kind; somebody's ONNX graph is handed back as it came.
        name: for the metadata.
        made: date for the metadata.
        filters: of a model that runs oversampled.

    Raises:
        DrywetError: the package onnx is missing, or a kind of model that cannot run oversampled in
            a graph.
    """
    config = trained.card.model
    if filters is not None and isinstance(config, OnnxConfig | WindowedConfig):
        raise DrywetError(
            f"an ONNX graph of {with_article(config.title)} that runs oversampled", _OVERSAMPLED,
            "'drywet render --oversample' plays any model so.",
        )  # fmt: skip
    if isinstance(config, OnnxConfig):
        return trained.graph
    require(config, trained.card.rate)
    require_onnx()
    from onnx import helper

    model = helper.make_model(
        graph(trained, filters),
        ir_version=_IR,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        producer_name="drywet",
    )
    latency = trained.card.output_latency
    states = [_compact(part) for part in settled_state(trained)]
    if filters is not None:
        latency += round(filters.latency)
        silence = np.zeros((1, 1), np.float32)
        rest = Stream(trained).process(silence[0])[None]  # a net at rest may have an offset
        states = [_compact(silence), *states, _compact(rest)]
    properties = {
        "name": name.encode("utf-8", "replace").decode(),
        "date": made.isoformat(timespec="seconds"),
        "sample_rate": str(trained.card.rate),
        "output_latency": str(latency),
        "initial_state": json.dumps(states),
    }
    if filters is None:
        properties[CARD] = trained.card.model_dump_json()
    if trained.card.model.controls:
        properties[KNOBS] = json.dumps(trained.card.model.controls)
        ranges = [knob.model_dump(mode="json") for knob in trained.card.knobs]
        properties[KNOB_RANGES] = json.dumps(ranges)
    helper.set_model_props(model, properties)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def require(config: Config, rate: int) -> None:
    """Refuse a kind of model that drywet has no graph for; any ``rate`` in Hz will do.

    Raises:
        DrywetError: it is such a one.
    """
    if not isinstance(config, _HELD):
        raise limits.refuse(
            config, "ONNX", _ABLE, "Train one: drywet train DRY WET --model recurrent."
        )


def require_onnx() -> None:
    """Raise DrywetError where the packages for ONNX are missing."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise DrywetError(
            "the package onnx is missing", "it, for .onnx files", "pip install 'drywet[onnx]'"
        ) from error


def _compact(part: NDArray[np.float32]) -> object:
    """A state with a side for each of its tensor's; one sample where all are equal."""
    if part.ndim == 1:
        return part[None, None].tolist()
    steady = bool(np.all(part == part[:, :1]))
    return part[None, :, : 1 if steady else None].tolist()


def graph(trained: TrainedModel, filters: Filters | None = None) -> onnx.GraphProto:
    """The graph alone: the same for the same card and weights."""
    config = trained.card.model
    assert not isinstance(config, OnnxConfig)
    copies = 1 if filters is None else len(filters.split)
    build = GraphBuilder(stored(config, trained.weights), copies)
    dry = "audio" if filters is None else build.split("audio", filters.split)
    x = build.op("Mul", dry, "input_gain")
    match config:
        case RecurrentConfig():
            y = _recurrent(build, config, x)
        case WindowedConfig():
            y = _windowed(build, config, x)
        case LinearConfig():
            bias = "bias" if config.bias else None
            y = build.conv(x, "taps", bias, (1, 1, config.taps))
        case WaveNetConfig():
            y = _wavenet(build, config, x)
        case StackConfig():
            y = _stack(build, config, x)
    if filters is None:
        build.op("Mul", y, "output_gain", out="audio_out")
    else:
        build.join(build.op("Mul", y, "output_gain"), filters.join, "audio_out")
    return build.finished()


def _recurrent(build: GraphBuilder, config: RecurrentConfig, dry: str) -> str:
    x = _with_knobs(build, dry, config.knobs)
    x = build.op("Transpose", x, perm=[2, 0, 1])  # steps first
    for i in range(config.layers):
        if config.cell == "ssm":
            inputs = config.hidden if i else 1 + len(config.knobs)
            x = build.state_space(x, f"rec.{{}}_l{i}", inputs, config.hidden, added=i > 0)
        else:
            x, _ = build.cell(config.cell, x, f"rec.{{}}_l{i}", config.hidden)
    y = build.dense(build.op("Transpose", x, perm=[1, 2, 0]), "head.weight", "head.bias")
    return build.op("Add", y, dry) if config.skip else y


def _with_knobs(build: GraphBuilder, dry: str, knobs: tuple[str, ...]) -> str:
    """The dry signal, and behind it a channel for each knob."""
    return build.op("Concat", dry, build.knobs(len(knobs)), axis=1) if knobs else dry


def _windowed(build: GraphBuilder, config: WindowedConfig, dry: str) -> str:
    """Every sample's frame side by side: by the numbers of their samples, ``(frame, samples)``."""
    past = build.past_input(dry, 1, config.frame - 1)
    first, step = build.op("Squeeze", build.integers(0)), build.op("Squeeze", build.integers(1))
    frame = build.op("Squeeze", build.integers(config.frame))
    samples = build.op("Squeeze", build.op("Shape", "audio", start=2, end=3))
    rows = build.op("Range", first, frame, step)
    numbers = build.op(
        "Add",
        build.op("Unsqueeze", rows, build.integers(1)),
        build.op("Range", first, samples, step),
    )
    x = build.op("Squeeze", build.op("Gather", past, numbers, axis=2), build.integers(1))
    if config.cell == "dense":
        for i in range(config.layers):  # an activation follows each
            x = build.op("Tanh", build.dense(x, f"net.{2 * i}.weight", f"net.{2 * i}.bias"))
        return build.dense(x, "head.weight", "head.bias")
    x, last = build.op("Transpose", x, perm=[1, 2, 0]), ""  # (frame, samples, 1)
    for i in range(config.layers):
        x, last = build.cell(config.cell, x, f"net.{{}}_l{i}", config.hidden, fresh=True)
    return build.dense(build.op("Transpose", last, perm=[0, 2, 1]), "head.weight", "head.bias")


def _stack(build: GraphBuilder, config: StackConfig, dry: str) -> str:
    x, inputs = dry, 1
    for i, layer in enumerate(config.layers):
        at = f"layers.{i}"
        if isinstance(layer, CellLayer):
            x = build.op("Transpose", x, perm=[2, 0, 1])
            x, _ = build.cell(layer.cell, x, f"{at}.{{}}_l0", layer.width)
            x = build.op("Transpose", x, perm=[1, 2, 0])
        elif isinstance(layer, ConvLayer):
            shape = (layer.width, inputs, layer.kernel)
            x = build.conv(x, f"{at}.weight", f"{at}.bias", shape, layer.dilation)
        else:
            x = build.dense(x, f"{at}.weight", f"{at}.bias")
        if not isinstance(layer, CellLayer):
            x = build.activation(layer.activation, x)
        inputs = layer.width
    return build.op("Add", x, dry) if config.skip else x


def _wavenet(build: GraphBuilder, config: WaveNetConfig, dry: str) -> str:
    condition = _with_knobs(build, dry, config.knobs)
    x, head = condition, ""
    for a, array in enumerate(config.arrays):
        at = f"arrays.{a}"
        x = build.op("Conv", x, f"{at}.rechannel.weight")
        for i, layer in enumerate(array.layers):
            x, part = _wavenet_layer(build, array, layer, x, condition, f"{at}.layers.{i}")
            head = build.op("Add", head, part) if head else part
        bias = f"{at}.head.bias" if array.head_bias else None
        shape = (array.head, array.collected, array.head_kernel)
        head = build.conv(head, f"{at}.head.weight", bias, shape)
    return build.op("Mul", head, "head_scale")


def _wavenet_layer(
    build: GraphBuilder, array: WaveNetArray, layer: WaveNetLayer, x: str, condition: str, at: str
) -> tuple[str, str]:
    """The next layer's input and this one's part of the head."""
    inside = array.bottleneck
    made = inside if layer.gating == "none" else 2 * inside
    shape = (made, array.channels, layer.kernel)
    z = build.conv(x, f"{at}.conv.weight", f"{at}.conv.bias", shape, layer.dilation)
    z = build.op("Add", z, build.op("Conv", condition, f"{at}.mixer.weight"))
    if layer.gating == "none":
        z = build.activation(layer.activation, z)
    else:
        axes, half, end = build.integers(1), build.integers(inside), build.integers(made)
        first = build.op("Slice", z, build.integers(0), half, axes)
        gate = build.activation(layer.gate, build.op("Slice", z, half, end, axes))
        active = build.activation(layer.activation, first)
        if layer.gating == "gated":
            z = build.op("Mul", gate, active)
        else:  # gate * active + (1 - gate) * first
            apart = build.op("Mul", gate, build.op("Sub", active, first))
            z = build.op("Add", apart, first)
    if array.residual:
        residual = build.op("Conv", z, f"{at}.residual.weight", f"{at}.residual.bias")
        x = build.op("Add", x, residual)
    return x, build.op("Conv", z, f"{at}.head.weight", f"{at}.head.bias") if array.layer_head else z
