"""A model as one C99 header, which C++ compiles too: no dependency, no allocation, no globals.

``NAME_init(&state)`` starts where drywet starts, in settled silence with the knobs at noon;
``NAME_process(&state, in, out, samples)`` plays any number of samples, in place if need be;
``state.knobs`` may be turned from 0 to 1 in between. ``NAME_LATENCY`` is what the model has learned
and its filters, where it runs oversampled.
"""

from __future__ import annotations

from datetime import datetime

from drywet.dsp.oversampling import Filters
from drywet.errors import DrywetError
from drywet.formats.c.oversampled import around
from drywet.formats.c.program import Program, Values, harmless, identifier, number
from drywet.models.config import Config
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.stack.config import CellLayer, ConvLayer, StackConfig
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig
from drywet.trained.knob_range import NOON
from drywet.trained.model_file import TrainedModel
from drywet.trained.settled import settled_state
from drywet.words import with_article


def encode(
    trained: TrainedModel, name: str, made: datetime, filters: Filters | None = None
) -> bytes:
    """The whole header.

    Args:
        trained: a recurrent net, a WaveNet, a filter or a stack.
        name: becomes the beginning of all identifiers.
        made: date for the comment.
        filters: of a model that runs oversampled.

    Raises:
        DrywetError: another kind of model, or one too large for source code.
    """
    config, weights, program = trained.card.model, dict(trained.weights), Program()
    require(config, trained.card.rate)
    history, dry = list(settled_state(trained)), program.local(1)
    program.work.append(f"{dry}[0] = in[n] * {number(weights['input_gain'])};")
    gain = weights["output_gain"]
    match config:
        case RecurrentConfig():
            y = _recurrent(program, config, weights, history, dry)
        case LinearConfig():
            y = program.fir(weights["taps"], dry)
            if config.bias:
                program.work.append(f"{y}[0] += {number(weights['bias'][0])};")
        case StackConfig():
            y = _stack(program, config, weights, history, dry)
        case WaveNetConfig():
            y = _wavenet(program, config, weights, history, dry)
            gain = gain * weights["head_scale"]
    program.work.append(f"out[n] = {y}[0] * {number(gain)};")
    return _text(program, trained, name, made, filters).encode()


def require(config: Config, rate: int) -> None:
    """Refuse a kind of model that a C header cannot hold; any ``rate`` in Hz will do.

    Raises:
        DrywetError: it cannot.
    """
    if not isinstance(config, RecurrentConfig | WaveNetConfig | LinearConfig | StackConfig):
        raise DrywetError(
            f"a C header cannot hold {with_article(config.title)}",
            "a recurrent net, a WaveNet, a filter or a stack",
            "Export it with --format onnx.",
        )


def _recurrent(
    program: Program, config: RecurrentConfig, weights: dict[str, Values], history: list[Values],
    dry: str,
) -> str:  # fmt: skip
    x = _with_knobs(program, dry, len(config.knobs))
    for i in range(config.layers):
        if config.cell == "ssm":
            x = program.state_space(weights, i, history, x)
        else:
            x = program.cell(config.cell, weights, f"rec.{{}}_l{i}", history, x)
    y = program.dense(weights["head.weight"], weights["head.bias"], x)
    if config.skip:
        program.call("add", 1, dry, y)
    return y


def _with_knobs(program: Program, dry: str, knobs: int) -> str:
    """The dry sample, and behind it the knobs."""
    if not knobs:
        return dry
    x = program.local(1 + knobs)
    program.members.append(f"float knobs[{knobs}]; /* 0 to 1 */")
    program.work.append(f"{x}[0] = {dry}[0];")
    program.work.append(f"memcpy({x} + 1, s->knobs, sizeof(float) * {knobs});")
    program.start += [f"s->knobs[{i}] = {number(NOON)};" for i in range(knobs)]
    return x


def _stack(
    program: Program, config: StackConfig, weights: dict[str, Values], history: list[Values],
    dry: str,
) -> str:  # fmt: skip
    x = dry
    for i, layer in enumerate(config.layers):
        at = f"layers.{i}"
        if isinstance(layer, CellLayer):
            x = program.cell(layer.cell, weights, f"{at}.{{}}_l0", history, x)
            continue
        weight, bias = weights[f"{at}.weight"], weights[f"{at}.bias"]
        if isinstance(layer, ConvLayer):
            x = program.conv(weight, bias, layer.dilation, history, x)
        else:
            x = program.dense(weight, bias, x)
        program.activation(layer.activation, layer.width, x)
    if not config.skip:
        return x
    y = program.local(1)  # what a recurrent layer leaves is its state
    program.work.append(f"{y}[0] = {x}[0] + {dry}[0];")
    return y


def _wavenet(
    program: Program, config: WaveNetConfig, weights: dict[str, Values], history: list[Values],
    dry: str,
) -> str:  # fmt: skip
    condition = _with_knobs(program, dry, len(config.knobs))
    x, head = condition, ""
    for a, array in enumerate(config.arrays):
        at = f"arrays.{a}"
        x = program.dense(weights[f"{at}.rechannel.weight"][..., 0], None, x)
        for i in range(len(array.layers)):
            own = {
                name.removeprefix(f"{at}.layers.{i}."): part
                for name, part in weights.items()
                if name.startswith(f"{at}.layers.{i}.")
            }
            x, part = _wavenet_layer(program, array, i, own, history, x, condition)
            if head:
                program.call("add", array.collected, part, head)
            head = head or part
        bias = weights.get(f"{at}.head.bias")
        head = program.conv(weights[f"{at}.head.weight"], bias, 1, history, head)
    return head


def _wavenet_layer(
    program: Program, array: WaveNetArray, i: int, own: dict[str, Values], history: list[Values],
    x: str, condition: str,
) -> tuple[str, str]:  # fmt: skip
    """The next layer's input and this one's part of the head."""
    layer, inside = array.layers[i], array.bottleneck
    z = program.conv(own["conv.weight"], own["conv.bias"], layer.dilation, history, x)
    made = inside if layer.gating == "none" else 2 * inside
    mixer = own["mixer.weight"][..., 0]
    program.call("more", program.constant(mixer.T), len(mixer.T), made, condition, z)
    if layer.gating == "none":
        program.activation(layer.activation, inside, z)
    else:
        active, gate = program.local(inside), f"{z} + {inside}"
        program.work.append(f"memcpy({active}, {z}, sizeof(float) * {inside});")
        program.activation(layer.activation, inside, active)
        program.activation(layer.gate, inside, gate)
        before = (z,) if layer.gating == "blended" else ()
        program.call(layer.gating, inside, gate, *before, active)
        z = active
    part = z
    if array.layer_head:
        part = program.dense(own["head.weight"][..., 0], own["head.bias"], z)
    if array.residual:
        y = program.dense(own["residual.weight"][..., 0], own["residual.bias"], z)
        program.call("add", array.channels, x, y)
        x = y
    return x, part


def _text(
    program: Program, trained: TrainedModel, name: str, made: datetime, filters: Filters | None
) -> str:
    card, prefix = trained.card, identifier(name)
    big, knobs = prefix.upper(), card.model.controls
    named = "".join(f"\n   knobs[{i}]: {harmless(knob)}" for i, knob in enumerate(knobs))
    times = "" if filters is None else f", {len(filters.split)} times oversampled"
    latency = card.output_latency + (0 if filters is None else round(filters.latency))
    head = [
        f"/* {harmless(name)}: {harmless(card.model.title)}{times}.\n"
        f"   Made by drywet on {made.date().isoformat()}; C99 or C++.{named}\n\n"
        f"   @_state state;\n"
        f"   @_init(&state);\n"
        f"   @_process(&state, in, out, samples);  (in and out may be the same)\n*/",
        f"#ifndef DRYWET_{big}_H\n#define DRYWET_{big}_H\n\n#include <math.h>\n#include <string.h>",
        f'#define {big}_NAME "{harmless(name)}"\n'
        f"#define {big}_SAMPLE_RATE {card.rate} /* Hz */\n"
        f"#define {big}_LATENCY {latency} /* samples */\n"
        f"#define {big}_KNOBS {len(knobs)}",
    ]
    net = _net(program)
    if filters is not None:
        net = f"{net.replace('@', '@_net')}\n\n{around(filters, len(knobs))}"
    return "\n\n".join([*head, net, "#endif\n"]).replace("@", prefix)


def _net(program: Program) -> str:
    """Tables, state and functions of the net."""
    parts = [
        "".join(program.constants),
        "typedef struct {\n" + _lines(program.members) + "} @_state;",
        program.functions(),
        "/* Settled silence. */\n"
        "static inline void @_init(@_state *s) {\n"
        + _lines(["memset(s, 0, sizeof *s);", *program.start])
        + "}",
        "static inline void @_process(@_state *s, const float *in, float *out, int samples) {\n"
        + _lines([*program.scratch, "int n;", "for (n = 0; n < samples; n++) {"])
        + _lines([*program.work, "s->now++;"], 8)
        + "    }\n}",
    ]
    return "\n\n".join(parts)


def _lines(lines: list[str], indent: int = 4) -> str:
    return "".join(f"{' ' * indent}{line}\n" for line in lines)
