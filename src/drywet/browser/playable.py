"""What a browser needs to play a model, a circuit, or a model oversampled: numbers for the kernels.

``kernels.js`` reads it. Arrays are base64 of little-endian float32, of circuits float64.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from drywet.circuits.equations import Step, equations_of
from drywet.circuits.simulate import TOLERANCE_V, steps_at, unsmoothing
from drywet.devices.circuit import CircuitDevice, built_in
from drywet.dsp.oversampling import filters
from drywet.errors import DrywetError
from drywet.kernels.cells import CELLS
from drywet.kernels.wavenet import ArraySizes
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.recurrent.fold import fold
from drywet.models.wavenet.config import WaveNetConfig
from drywet.models.wavenet.kind import in_kernels
from drywet.models.wavenet.player import flat, sizes
from drywet.trained.knob_range import NOON
from drywet.trained.model_file import TrainedModel
from drywet.words import with_article

_ACTIVATIONS = (
    "linear", "tanh", "relu", "leaky_relu", "sigmoid", "silu", "hardtanh", "hardswish", "softsign",
)  # fmt: skip
_GATINGS = ("none", "gated", "blended")
_PART_NUMBERS = 11


def model(trained: TrainedModel) -> dict[str, Any]:
    """A recurrent net or a WaveNet, with its gains folded in.

    Args:
        trained: the model.

    Raises:
        DrywetError: another kind of model.
    """
    card = trained.card
    about: dict[str, Any] = {
        "rate": card.rate, "title": card.model.title, "name": card.metadata.name,
        "knobs": [
            {
                "name": name, "default": NOON, "about": knob.unit or "",
                "least": knob.least, "most": knob.most, "idle": knob.follows is not None,
            }
            for name, knob in card.ranges.items()
        ],
    }  # fmt: skip
    if isinstance(card.model, RecurrentConfig):
        config = card.model
        net = fold(config, trained.weights)
        return about | {
            "kind": "recurrent", "cell": CELLS.index(config.cell), "hidden": config.hidden,
            "layers": config.layers, "skip": net.skip,
            "weights": _text(np.concatenate([part.ravel() for part in net.parameters()]), "<f4"),
        }  # fmt: skip
    if isinstance(card.model, WaveNetConfig) and in_kernels(card.model):
        arrays = sizes(card.model)
        return about | {
            "kind": "wavenet", "arrays": len(arrays),
            "sizes": [float(number) for array in arrays for number in _row(array)],
            "weights": _text(flat(card.model, trained.weights), "<f4"),
        }  # fmt: skip
    raise DrywetError(
        f"{with_article(card.model.title)}", "a recurrent net or a WaveNet, to be played live",
        "Play a file through it instead: in Models, or with 'drywet render'.",
    )  # fmt: skip


def _row(array: ArraySizes) -> list[float]:
    """In the order in which kernels/browser.cpp takes them."""
    row: list[float] = [*array[:-1], len(array.layers)]
    for layer in array.layers:
        row += [
            layer.kernel, layer.dilation, _ACTIVATIONS.index(layer.activation), layer.slope,
            _GATINGS.index(layer.gating), _ACTIVATIONS.index(layer.gate), layer.gate_slope,
        ]  # fmt: skip
    return row


def circuit(name: str, rate: int, factor: int, knobs: Mapping[str, float]) -> dict[str, Any]:
    """A built-in circuit with its knobs in some position.

    Args:
        name: of it.
        rate: of what goes in and comes out, in Hz.
        factor: times which it runs.
        knobs: positions; those left out are at their default.

    Raises:
        DrywetError: no such circuit or knob, or a position out of range.
    """
    if name not in built_in():
        raise DrywetError(f"no circuit called {name}", ", ".join(built_in()), "Choose one of them.")
    device = CircuitDevice(built_in()[name])
    unknown = set(knobs) - set(device.knobs)
    if unknown or not all(0 <= position <= 1 for position in knobs.values()):
        raise DrywetError(
            f"knobs {', '.join(sorted(unknown)) or 'out of range'} of {name}",
            f"0 to 1 for {', '.join(device.knobs)}", "Reload the page.",
        )  # fmt: skip
    found = equations_of(device.netlist, {**device.netlist.defaults(), **knobs})
    at = 0
    parts: list[float] = []
    for part in found.parts:
        spare = _PART_NUMBERS - len(part.numbers)
        parts += [part.kind, at, *part.numbers, *[0.0] * spare]
        at += len(part.ports)
    blocks: list[float] = []
    first = port = 0
    for count in found.blocks:
        ports = sum(len(part.ports) for part in found.parts[first : first + count])
        blocks += [port, ports, first, count]
        first, port = first + count, port + ports
    head = [found.capacitors, len(found.parts), len(found.blocks), TOLERANCE_V]
    steps: list[Step] = [*steps_at(found, rate * factor), found.step(None)]
    numbers: list[ArrayLike] = [
        head,
        parts,
        blocks,
        *(m for step in steps for m in step),
        unsmoothing(),
    ]
    return {
        "kind": "circuit", "title": device.about.splitlines()[0], "name": name, "rate": rate,
        "knobs": [
            {"name": knob, "about": one.text, "default": one.default, "least": 0, "most": 1}
            for knob, one in device.knobs.items()
        ],
        "numbers": _text(np.concatenate([_doubles(part) for part in numbers]), "<f8"),
    }  # fmt: skip


def oversampler(rate: int, factor: int) -> dict[str, Any]:
    """The filters around a model, of minimum phase: for playing live.

    Args:
        rate: of the model, in Hz.
        factor: 2, 4 or 8.

    Raises:
        DrywetError: no such factor.
    """
    found = filters(rate, factor, "minimum")
    return {
        "branches": factor, "latency": found.latency,
        "split": _text(found.split, "<f4"), "join": _text(found.join, "<f4"),
    }  # fmt: skip


def _doubles(numbers: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(numbers, np.float64).ravel()


def _text(numbers: ArrayLike | Sequence[float], kind: str) -> str:
    return b64encode(np.ascontiguousarray(numbers, kind).tobytes()).decode()
