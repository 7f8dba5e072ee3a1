"""An untrusted ONNX graph: which tensors are the audio, which the state from block to block."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from drywet.errors import DrywetError
from drywet.formats.onnx.graph import KNOBS
from drywet.formats.onnx.vetting import Shape, sizes, vet, work
from drywet.formats.onnx.write import KNOB_RANGES
from drywet.models.config import MOST_KNOBS, KnobNames
from drywet.models.onnx.config import Layout, OnnxConfig, OnnxState
from drywet.models.onnx.session import MOST_SAMPLES, OnnxSession
from drywet.trained.knob_range import NOON, KnobRange
from drywet.trained.model_file import ModelCard, TrainedModel

if TYPE_CHECKING:
    import onnx

_Names = TypeAdapter[tuple[str, ...]](KnobNames)
_Ranges = TypeAdapter(Annotated[tuple[KnobRange, ...], Field(max_length=MOST_KNOBS)])

_RATE = 48_000  # of files that state none
_MOST_VALUES = 64  # inputs or outputs
_FIX = "Export it with 'audio' (1, 1, N) and its state as inputs, 'audio_out' and it as outputs."
_DIRECTIONS = {
    "in", "out", "input", "output", "new", "next", "prev", "previous", "old", "init", "initial",
    "final", "last", "updated", "n",
}  # fmt: skip


def foreign(model: onnx.ModelProto, properties: dict[str, str], path: Path) -> TrainedModel:
    """Take in a graph that drywet did not write.

    It must give a sample for every sample, in blocks of any length, and keep what it remembers in
    inputs and outputs of fixed shape: of like names, as ``h_in`` and ``h_out``, or of like shapes
    in the same order. Where the metadata names knobs, an input ``knobs`` is for them.

    Args:
        model: parsed.
        properties: its metadata; ``sample_rate`` or ``samplerate`` counts, else 48 kHz, and
            ``output_latency`` in samples, else 0.
        path: for messages.

    Raises:
        DrywetError: operators or sizes that are refused, audio or states that cannot be told
            apart, or an output that depends on how the audio is cut into blocks.
    """
    parameters = vet(model, path)
    inputs = _inputs(model, path)
    audio, layout = _audio(inputs, path)
    knobs, ranges = _knobs(properties, inputs, path)
    shapes = {
        name: tuple(side or 1 for side in dims) for name, dims in inputs.items() if name != audio
    }
    block = tuple(MOST_SAMPLES if side == "N" else 1 for side in layout.split("x"))
    found = sizes(model, shapes | {audio: block}, path)
    outputs = {value.name: found.get(value.name, ()) for value in model.graph.output}
    wet_outputs = [name for name, shape in outputs.items() if prod(shape) == MOST_SAMPLES]
    if len(wet_outputs) != 1:
        raise DrywetError(
            f"{path} has {len(wet_outputs)} outputs with a sample for every sample", "one", _FIX
        )
    del outputs[wet_outputs[0]]
    if knobs:
        del shapes[KNOBS]
    try:
        config = OnnxConfig(
            audio_in=audio,
            audio_out=wet_outputs[0],
            layout=layout,
            states=_states(shapes, outputs, path),
            knobs_in=KNOBS if knobs else None,
            knob_names=knobs,
            parameters=parameters,
            multiply_adds=work(model, found, MOST_SAMPLES, path),
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DrywetError(f"{path}: {place}: {first['msg']}", "usual names", _FIX) from error
    rate, latency = _rate(properties, path), _latency(properties, path)
    card = ModelCard(model=config, rate=rate, output_latency=latency, knobs=ranges)
    one = np.ones((), np.float32)
    data = model.SerializeToString(deterministic=True)
    at_noon = config.model_copy(update={"fixed": (NOON,) * len(knobs)})
    _require_streaming(OnnxSession(data, at_noon), path)
    return TrainedModel({"input_gain": one, "output_gain": one.copy()}, card, data)


def _inputs(model: onnx.ModelProto, path: Path) -> dict[str, tuple[int | None, ...]]:
    """The shapes of the inputs, ``None`` for sides of any length."""
    from onnx import TensorProto

    weights = {tensor.name for tensor in model.graph.initializer}
    values = [value for value in model.graph.input if value.name not in weights]
    if max(len(values), len(model.graph.output)) > _MOST_VALUES:
        raise DrywetError(f"{path} has too many inputs or outputs", f"{_MOST_VALUES}", _FIX)
    found = {}
    for value in values:
        kind = value.type.tensor_type
        if kind.elem_type != TensorProto.FLOAT or not kind.HasField("shape"):
            raise DrywetError(
                f"{path}: input '{value.name[:40]}' is no float32 tensor",
                "one of known shape",
                _FIX,
            )
        found[value.name] = tuple(
            d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim
        )
        if any(side is not None and side < 1 for side in found[value.name]):
            raise DrywetError(f"{path}: input '{value.name[:40]}' is empty", "numbers", _FIX)
    return found


def _audio(inputs: dict[str, tuple[int | None, ...]], path: Path) -> tuple[str, Layout]:
    able = [(name, layout) for name, dims in inputs.items() if (layout := _layout(dims))]
    if len(able) != 1:
        raise DrywetError(
            f"{path} has {len(able)} inputs that could be the audio",
            "one of the shape (1, 1, N), (1, N, 1), (1, N) or (N), with N of any length",
            _FIX,
        )
    return able[0]


def _layout(dims: tuple[int | None, ...]) -> Layout | None:
    first = bool(dims) and dims[0] in (1, None)  # the batch
    if len(dims) == 1 and dims[0] is None:
        return "N"
    if len(dims) == 2 and first and dims[1] is None:
        return "1xN"
    if len(dims) == 3 and first and dims[1:] == (1, None):
        return "1x1xN"
    return "1xNx1" if len(dims) == 3 and first and dims[1:] == (None, 1) else None


def _knobs(
    properties: dict[str, str], inputs: dict[str, tuple[int | None, ...]], path: Path
) -> tuple[tuple[str, ...], tuple[KnobRange, ...]]:
    """The knobs that the metadata names, and the ranges that it gives of them.

    Without an input for them there are none, whatever it says.
    """
    if KNOBS not in inputs:
        return (), ()
    try:
        names = _Names.validate_json(properties.get(KNOBS, "[]"))
        ranges = _Ranges.validate_json(properties.get(KNOB_RANGES, "[]"))
    except ValidationError as error:
        raise DrywetError(
            f"{path}: its metadata has no names of knobs: {error.errors()[0]['msg']}",
            "a JSON list of them", _FIX,
        ) from error  # fmt: skip
    if names and inputs[KNOBS] != (1, len(names)):
        raise DrywetError(
            f"{path} names {len(names)} knobs, its input '{KNOBS}' is {inputs[KNOBS]}",
            f"(1, {len(names)})", _FIX,
        )  # fmt: skip
    return names, tuple(knob for knob in ranges if knob.name in names)


def _stem(name: str) -> str:
    """A name without what tells going in from coming out: ``h0`` and ``hn`` are both ``h``."""
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    kept = [word for word in words if word and word not in _DIRECTIONS]
    return re.sub(r"(?<=^[a-z])[0n]$", "", kept[0]) if len(kept) == 1 else "_".join(kept)


def _states(
    inputs: dict[str, Shape], outputs: dict[str, Shape], path: Path
) -> tuple[OnnxState, ...]:
    if len(inputs) != len(outputs):
        raise DrywetError(
            f"{path} has {len(inputs)} inputs and {len(outputs)} outputs beside the audio",
            "a state coming out for each going in",
            _FIX,
        )
    by_stem = {_stem(name): name for name in outputs}
    if len({_stem(name) for name in inputs} & by_stem.keys()) == len(inputs) == len(by_stem):
        pairs = [(name, by_stem[_stem(name)]) for name in inputs]
    else:
        pairs = list(zip(inputs, outputs, strict=True))
    for before, after in pairs:
        if inputs[before] != outputs[after]:
            raise DrywetError(
                f"{path}: state '{before[:40]}' is {inputs[before]} going in and, as"
                f" '{after[:40]}', {outputs[after]} coming out",
                "equal shapes",
                _FIX,
            )
    return tuple(OnnxState(input=a, output=b, shape=inputs[a]) for a, b in pairs)


def _rate(properties: dict[str, str], path: Path) -> int:
    stated = properties.get("sample_rate", properties.get("samplerate"))
    if stated is None:
        return _RATE
    if not re.fullmatch(r"[0-9]{4,6}(\.0*)?", stated) or not 1_000 <= float(stated) <= 768_000:
        raise DrywetError(f"{path}: sample_rate is {stated[:20]!a}", "1000 to 768000 Hz", _FIX)
    return int(float(stated))


def _latency(properties: dict[str, str], path: Path) -> int:
    stated = properties.get("output_latency", "0")
    if not re.fullmatch(r"[0-9]{1,6}", stated):
        raise DrywetError(f"{path}: output_latency is {stated[:20]!a}", "0 to 999999 samples", _FIX)
    return int(stated)


def _require_streaming(session: OnnxSession, path: Path) -> None:
    """Play noise at once and in pieces: what a graph forgets between blocks makes a difference."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, MOST_SAMPLES).astype(np.float32)
    whole, _ = session.process(noise, session.start())
    state, parts = session.start(), []
    for piece in np.split(noise, [1, 24, 2_000]):
        part, state = session.process(piece, state)
        parts.append(part)
    gap = float(np.max(np.abs(np.concatenate(parts) - whole)))
    if not gap <= 1e-4 * float(np.max(np.abs(whole))) + 1e-6:  # NaN too
        raise DrywetError(
            f"{path}: its output depends on how the audio is cut into blocks",
            "all that it remembers among its inputs and outputs",
            _FIX,
        )
