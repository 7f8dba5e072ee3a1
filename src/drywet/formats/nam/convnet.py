"""The ``ConvNet`` of ``.nam``: dilated convolutions of two taps one after the other.

Per layer the convolution (its bias only without batch normalisation), then mean, variance, weight,
bias and epsilon of the normalisation; last a dense layer. The normalisation becomes a part of the
convolution before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats.document import FIX, Weights, configured, flat, listed, shown, whole
from drywet.formats.nam.activation import read_activation, write_activation
from drywet.models.stack.config import ConvLayer, DenseLayer, StackConfig, stack_shapes
from drywet.models.stack.fold import fold as fold_stack
from drywet.trained.model_file import TrainedModel
from drywet.words import with_article

ABLE = "convolutions of two taps, all of one width and activation, and one dense layer"


def read(
    config: dict[str, Any], weights: Any, path: Path
) -> tuple[StackConfig, dict[str, Weights]]:
    """A stack of convolutions; gains are left out.

    Raises:
        DrywetError: sizes out of bounds, groups, or weights that don't fit.
    """
    for key in ("groups", "in_channels", "out_channels"):
        if config.get(key, 1) != 1:
            raise DrywetError(f"{path}: {key} is {shown(config[key])}", "1", FIX)
    width = whole(config.get("channels"), 1, 512, "channels", path)
    activation = read_activation(config.get("activation"), path)
    normalised = config.get("batchnorm", False)
    if not isinstance(normalised, bool):
        raise DrywetError(f"{path}: batchnorm is {shown(normalised)}", "true or false", FIX)
    dilations = [
        whole(dilation, 1, 1 << 18, "dilation", path)
        for dilation in listed(config.get("dilations"), "dilations", path, 63)
    ]
    layers: list[Any] = [
        ConvLayer(width=width, kernel=2, dilation=dilation, activation=activation)
        for dilation in dilations
    ]
    net = configured(StackConfig, {"layers": [*layers, DenseLayer(width=1)]}, path)
    inputs = [1] + [width] * (len(dilations) - 1)
    beside = 4 * width + 1 if normalised else width
    count = sum(2 * width * n + beside for n in inputs) + width + 1
    values = flat(weights, count, "a ConvNet", path)
    tensors: dict[str, Weights] = {}
    at = 0
    for i, n in enumerate(inputs):
        kernel = values[at : at + 2 * width * n].reshape(width, n, 2)
        at += 2 * width * n
        other = values[at : at + beside].astype(np.float64)
        at += beside
        bias = other
        if normalised:
            mean, variance, scale, bias = other[:-1].reshape(4, width)
            if not (variance + other[-1] > 0).all():
                raise DrywetError(f"{path}: a variance below 0", "numbers above 0", FIX)
            scale = scale / np.sqrt(variance + other[-1])
            kernel, bias = kernel * scale[:, None, None], bias - mean * scale
        tensors[f"layers.{i}.weight"] = kernel.astype(np.float32)
        tensors[f"layers.{i}.bias"] = bias.astype(np.float32)
    last = len(inputs)
    tensors[f"layers.{last}.weight"] = values[at : at + width].reshape(1, width)
    tensors[f"layers.{last}.bias"] = values[at + width :]
    if not all(np.isfinite(part).all() for part in tensors.values()):
        raise DrywetError(f"{path}: a normalisation beyond all bounds", "finite weights", FIX)
    return net, tensors


def require(config: StackConfig) -> None:
    """Refuse stacks of another form.

    Raises:
        DrywetError: NAM cannot hold it.
    """
    *layers, last = config.layers
    convolutions = [layer for layer in layers if isinstance(layer, ConvLayer)]
    kinds = {(layer.width, layer.kernel, layer.activation) for layer in convolutions}
    fits = (
        len(convolutions) == len(layers) > 0
        and len(kinds) == 1
        and convolutions[0].kernel == 2
        and isinstance(last, DenseLayer)
        and last.activation.name == "linear"
        and not config.skip
    )
    if not fits:
        raise DrywetError(
            f"NAM cannot hold {with_article(config.title)}",
            ABLE,
            "Export it for RTNeural or as ONNX or C.",
        )


def write(trained: TrainedModel, config: StackConfig) -> tuple[dict[str, Any], list[float]]:
    """NAM's ``config`` and ``weights`` of a stack that `require` accepts.

    Raises:
        DrywetError: NAM has no such activation.
    """
    convolutions = [layer for layer in config.layers if isinstance(layer, ConvLayer)]
    weights = fold_stack(config, trained.weights)
    return {
        "channels": convolutions[0].width,
        "dilations": [layer.dilation for layer in convolutions],
        "batchnorm": False,
        "activation": write_activation(convolutions[0].activation)["type"],
    }, [value for name in stack_shapes(config) for value in weights[name].ravel().tolist()]
