"""The WaveNets of ``.nam``: the first form (file versions up to 0.5) and the present one (0.7).

The flat weights are in the order of `drywet.models.wavenet.config.wavenet_shapes`. Convolutions in
groups are read as whole ones with zeros between the groups: the same function. Where NAM can cut
channels away (``slimmable``), the whole net is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats.document import FIX, Weights, configured, flat, listed, mapping, shown, whole
from drywet.formats.nam.activation import read_activation, write_activation
from drywet.models.activation import SIGMOID, Activation
from drywet.models.wavenet.config import (
    WaveNetArray,
    WaveNetConfig,
    WaveNetLayer,
    wavenet_shapes,
)
from drywet.models.wavenet.fold import fold as fold_wavenet
from drywet.trained.model_file import TrainedModel

_FILMS = (
    "conv_pre_film", "conv_post_film", "input_mixin_pre_film", "input_mixin_post_film",
    "activation_pre_film", "activation_post_film", "layer1x1_post_film", "head1x1_post_film",
)  # fmt: skip
_ABLE = "a WaveNet of layer arrays"
_NOT = "drywet cannot play this kind."


def read(
    config: dict[str, Any], weights: Any, path: Path, knobs: tuple[str, ...] = ()
) -> tuple[WaveNetConfig, dict[str, Weights]]:
    """A WaveNet of either form; gains are left out.

    Args:
        config: of the file.
        weights: of the file.
        path: of the file.
        knobs: names of the inputs behind the dry sample.

    Raises:
        DrywetError: parts that drywet can't play (FiLM, a head of its own, a condition of its own),
            sizes out of bounds or that don't fit each other, or weights that don't fit them.
    """
    if config.get("head") is not None or config.get("condition_dsp") is not None:
        part = "head" if config.get("head") is not None else "condition_dsp"
        raise DrywetError(f"{path}: a WaveNet with a {part} of its own", _ABLE, _NOT)
    inputs = 1 + len(knobs)
    if config.get("in_channels", inputs) != inputs:
        raise DrywetError(
            f"{path}: in_channels is {shown(config['in_channels'])}",
            f"{inputs}, the dry sample" + (" and each control" if knobs else ""), FIX,
        )  # fmt: skip
    arrays = listed(config.get("layers"), "layers", path, 8)
    found = [_array(mapping(array, "a layer array", path), path) for array in arrays]
    _require_chained(arrays, found, inputs, path)
    settings = {"arrays": [array for array, _ in found], "knobs": knobs}
    net = configured(WaveNetConfig, settings, path)
    return net, _weights(net, [groups for _, groups in found], weights, path)


def _require_chained(
    arrays: list[Any], found: Sequence[tuple[Any, Any]], condition: int, path: Path
) -> None:
    """Each array is fed by the one before it, and every layer by the net's inputs."""
    inputs = condition
    for array, (parsed, _) in zip(arrays, found, strict=True):
        for key, wanted in (("input_size", inputs), ("condition_size", condition)):
            if array.get(key, wanted) != wanted:
                raise DrywetError(f"{path}: {key} is {shown(array[key])}", f"{wanted}", FIX)
        inputs = parsed["channels"]


def _array(array: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """A layer array's settings, and the groups of its convolutions by the names of its tensors."""
    for film in _FILMS:
        value = array.get(film)
        if value and not (isinstance(value, dict) and value.get("active", True) is False):
            raise DrywetError(f"{path}: a WaveNet with {film}", _ABLE, _NOT)
    channels = whole(array.get("channels"), 1, 512, "channels", path)
    bottleneck = whole(array.get("bottleneck", channels), 1, 512, "bottleneck", path)
    dilations = listed(array.get("dilations"), "dilations", path, 256)
    count = len(dilations)
    if "kernel_sizes" in array:
        kernels = listed(array["kernel_sizes"], "kernel_sizes", path, 256)
    else:
        kernels = [array.get("kernel_size")] * count
    activations = _each(array.get("activation"), count, "activation", path)
    gatings = _each(_gating(array), count, "gating_mode", path)
    gates = _each(array.get("secondary_activation"), count, "secondary_activation", path)
    if len(kernels) != count:
        raise DrywetError(
            f"{path}: {len(kernels)} kernel_sizes", f"{count}, as many as dilations", FIX
        )
    layers = []
    for kernel, dilation, activation, gating, gate in zip(
        kernels, dilations, activations, gatings, gates, strict=True
    ):
        if gating not in ("none", "gated", "blended"):
            raise DrywetError(
                f"{path}: gating_mode is {shown(gating)}", "none, gated or blended", FIX
            )
        open_ = gating == "none" or gate is None
        layers.append(
            {
                "kernel": whole(kernel, 1, 4096, "kernel_size", path),
                "dilation": whole(dilation, 1, 1 << 18, "dilation", path),
                "activation": read_activation(activation, path),
                "gating": gating,
                "gate": SIGMOID if open_ else read_activation(gate, path),
            }
        )
    head = _head(array, path)
    residual = mapping(array.get("layer1x1") or {"active": True}, "layer1x1", path)
    layer_head = mapping(array.get("head1x1") or {"active": False}, "head1x1", path)
    made = layer_head.get("active") is True
    settings = {
        "channels": channels,
        "bottleneck": bottleneck,
        **head,
        "residual": residual.get("active", True) is not False,
        "layer_head": whole(layer_head.get("out_channels"), 1, 512, "head1x1", path) if made else 0,
        "layers": layers,
    }
    groups = {
        "conv.weight": array.get("groups_input", 1),
        "mixer.weight": array.get("groups_input_mixin", 1),
        "residual.weight": residual.get("groups", 1),
        "layers.head.weight": layer_head.get("groups", 1) if made else 1,
    }
    checked = {name: whole(value, 1, 512, "groups", path) for name, value in groups.items()}
    return settings, checked


def _gating(array: dict[str, Any]) -> Any:
    if "gating_mode" in array:
        return array["gating_mode"]
    return "gated" if array.get("gated", False) is True else "none"


def _each(value: Any, count: int, what: str, path: Path) -> list[Any]:
    """One for every layer, where the file gives one for all or a list."""
    if not isinstance(value, list):
        return [value] * count
    if len(value) != count:
        raise DrywetError(f"{path}: {len(value)} of {what}", f"{count}, as many as dilations", FIX)
    return value


def _head(array: dict[str, Any], path: Path) -> dict[str, Any]:
    found = array.get("head")
    if found is None:
        found = {"out_channels": array.get("head_size"), "bias": array.get("head_bias")}
    found = mapping(found, "head", path)
    if found.get("head_dilation", 1) != 1:
        raise DrywetError(
            f"{path}: head_dilation is {shown(found['head_dilation'])}", "1", FIX
        )  # fmt: skip
    if not isinstance(found.get("bias"), bool):
        raise DrywetError(f"{path}: head bias is {shown(found.get('bias'))}", "true or false", FIX)
    return {
        "head": whole(found.get("out_channels"), 1, 512, "head_size", path),
        "head_kernel": whole(found.get("kernel_size", 1), 1, 4096, "head kernel_size", path),
        "head_bias": found["bias"],
    }


def _weights(
    net: WaveNetConfig, groups: list[dict[str, int]], values: Any, path: Path
) -> dict[str, Weights]:
    """The flat list cut up, groups set apart by zeros."""
    shapes = wavenet_shapes(net)
    cuts = {name: _groups(name, groups) for name in shapes}
    for name, count in cuts.items():
        if any(side % count for side in shapes[name][:2]):
            raise DrywetError(
                f"{path}: {count} groups of {shapes[name][:2]} channels", "groups that divide both",
                FIX,
            )  # fmt: skip
    sizes = {name: int(np.prod(shape)) // cuts[name] for name, shape in shapes.items()}
    numbers = flat(values, sum(sizes.values()), "a WaveNet", path)
    tensors: dict[str, Weights] = {}
    at = 0
    for name, shape in shapes.items():
        part = numbers[at : at + sizes[name]]
        at += sizes[name]
        tensors[name] = part.reshape(shape) if cuts[name] == 1 else _spread(part, shape, cuts[name])
    return tensors


def _groups(name: str, groups: list[dict[str, int]]) -> int:
    if not name.startswith("arrays."):
        return 1
    _, array, *rest = name.split(".")
    if rest[0] != "layers":
        return 1
    kind = ".".join(rest[2:])
    return groups[int(array)].get("layers.head.weight" if kind == "head.weight" else kind, 1)


def _spread(part: Weights, shape: tuple[int, ...], count: int) -> Weights:
    """Weights ``(out, in / groups, taps)`` as ``(out, in, taps)`` with zeros."""
    out, inside, taps = shape
    narrow = part.reshape(count, out // count, inside // count, taps)
    whole_ = np.zeros((count, out // count, count, inside // count, taps), np.float32)
    for g in range(count):
        whole_[g, :, g] = narrow[g]
    return whole_.reshape(shape)


def write(trained: TrainedModel, config: WaveNetConfig) -> tuple[str, dict[str, Any], list[float]]:
    """File version, ``config`` and ``weights``.

    In the first form where it can hold the net, because every plugin in use reads that one.

    Raises:
        DrywetError: NAM has no such activation.
    """
    weights = fold_wavenet(config, trained.weights)
    flat_weights = [value for part in weights.values() for value in part.ravel().tolist()]
    old = all(_in_first_form(array) for array in config.arrays)
    condition = 1 + len(config.knobs)
    inputs = [condition, *(array.channels for array in config.arrays)]
    layers = [
        {"input_size": before, "condition_size": condition} | (_first if old else _present)(array)
        for before, array in zip(inputs, config.arrays, strict=False)
    ]
    found = {"layers": layers, "head": None, "head_scale": float(weights["head_scale"])}
    return "0.5.4" if old else "0.7.0", found, flat_weights


def _in_first_form(array: WaveNetArray) -> bool:
    first = array.layers[0]
    same = WaveNetLayer(kernel=first.kernel, dilation=1, activation=first.activation)
    return (
        array.bottleneck == array.channels
        and array.head_kernel == 1
        and array.residual
        and not array.layer_head
        and first.activation.name != "leaky_relu"
        and all(layer.model_copy(update={"dilation": 1}) == same for layer in array.layers)
    )


def _first(array: WaveNetArray) -> dict[str, Any]:
    return {
        "head_size": array.head,
        "channels": array.channels,
        "kernel_size": array.layers[0].kernel,
        "dilations": [layer.dilation for layer in array.layers],
        "activation": write_activation(array.layers[0].activation)["type"],
        "gated": False,
        "head_bias": array.head_bias,
    }


def _present(array: WaveNetArray) -> dict[str, Any]:
    def gate(layer: WaveNetLayer) -> Activation | None:
        return None if layer.gating == "none" else layer.gate

    return {
        "head": {
            "out_channels": array.head,
            "kernel_size": array.head_kernel,
            "bias": array.head_bias,
        },
        "channels": array.channels,
        "kernel_sizes": [layer.kernel for layer in array.layers],
        "dilations": [layer.dilation for layer in array.layers],
        "activation": [write_activation(layer.activation) for layer in array.layers],
        "bottleneck": array.bottleneck,
        "head1x1": {
            "active": bool(array.layer_head),
            "out_channels": array.layer_head or 1,
            "groups": 1,
        },
        "layer1x1": {"active": array.residual, "groups": 1},
        "groups_input": 1,
        "groups_input_mixin": 1,
        **{film: {"active": False, "shift": True, "groups": 1} for film in _FILMS},
        "gating_mode": [layer.gating for layer in array.layers],
        "secondary_activation": [
            None if (found := gate(layer)) is None else write_activation(found)
            for layer in array.layers
        ],
        "slimmable": None,
    }
