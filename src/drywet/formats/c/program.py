"""Putting a C header together: constants, a struct for the state, and the work on one sample."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.formats.c.functions import CALLS, FUNCTIONS
from drywet.kernels.cells import state_count
from drywet.models.activation import Activation
from drywet.models.layers import RECURRENT_PARTS
from drywet.models.recurrent.poles import poles

Values = NDArray[Any]

_MOST_WEIGHTS = 1 << 20
_MOST_STATE = 1 << 24  # floats: 64 MiB
_MOST_SCRATCH = 1 << 16  # floats: 256 KiB of stack


def number(value: Values | np.floating[Any] | float) -> str:
    """A float32 as C reads it back exactly."""
    text = f"{float(value):.9g}"
    return text + ("f" if "." in text or "e" in text else ".0f")


def identifier(name: str) -> str:
    """A name as the beginning of C identifiers."""
    kept = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:48].rstrip("_")
    return kept if kept[:1].isalpha() else f"model_{kept}".rstrip("_")


def harmless(text: str) -> str:
    """Text that can end neither a comment nor a string: anything odd becomes an underscore."""
    return re.sub(r"[^A-Za-z0-9 .,()+-]", "_", text)[:200]


class Program:
    """A model's C code as it grows; ``@`` stands for the model's name.

    Methods that add work return the array that it leaves its result in.
    """

    def __init__(self) -> None:
        self.constants: list[str] = []
        self.members: list[str] = ["unsigned now; /* samples so far */"]
        self.start: list[str] = []
        self.scratch: list[str] = []
        self.work: list[str] = []
        self._used: set[str] = set()
        self._weights = self._state = self._floats = 0

    def constant(self, values: Values) -> str:
        """A table of float32, row by row."""
        name = f"@_t{len(self.constants)}"
        flat = [number(value) for value in np.asarray(values, np.float32).ravel()]
        lines = [", ".join(flat[i : i + 8]) for i in range(0, len(flat), 8)]
        table = ",\n    ".join(lines)
        self.constants.append(f"static const float {name}[{len(flat)}] = {{\n    {table}}};\n")
        self._weights += len(flat)
        _limit(self._weights, _MOST_WEIGHTS, "numbers in its tables")
        return name

    def member(self, size: int, kind: str = "float") -> str:
        """An array in the state."""
        name = f"m{len(self.members)}"
        self.members.append(f"{kind} {name}[{size}];")
        self._state += size
        _limit(self._state, _MOST_STATE, "numbers in its state")
        return f"s->{name}"

    def local(self, size: int) -> str:
        """An array for one sample's results."""
        name = f"v{len(self.scratch)}"
        self.scratch.append(f"float {name}[{size}];")
        self._floats += size
        _limit(self._floats, _MOST_SCRATCH, "numbers between its layers")
        return name

    def call(self, function: str, *arguments: object, at_start: bool = False) -> None:
        """Call one of `FUNCTIONS`."""
        self._use(function)
        lines = self.start if at_start else self.work
        lines.append(f"@_{function}({', '.join(map(str, arguments))});")

    def _use(self, function: str) -> None:
        self._used.add(function)
        for other in CALLS.get(function, ()):
            self._use(other)

    def functions(self) -> str:
        """The text of all that is called."""
        return "\n".join(text for name, text in FUNCTIONS.items() if name in self._used)

    def dense(self, weight: Values, bias: Values | None, x: str) -> str:
        """A dense layer; ``weight`` ``(outputs, inputs)``."""
        outputs, inputs = weight.shape
        y = self.local(outputs)
        b = self.constant(np.zeros(outputs) if bias is None else bias)
        self.call("dense", self.constant(weight.T), b, inputs, outputs, x, y)
        return y

    def conv(
        self, weight: Values, bias: Values | None, dilation: int, history: list[Values], x: str
    ) -> str:
        """A causal convolution.

        Args:
            weight: ``(outputs, inputs, taps)``.
            bias: ``(outputs,)``.
            dilation: samples between the taps.
            history: the input before the first sample stands in front, ``(inputs, samples)``;
                taken away if the convolution looks back at all.
            x: its input.
        """
        outputs, inputs, taps = weight.shape
        past = (taps - 1) * dilation
        if past == 0:
            return self.dense(weight[..., 0], bias, x)
        initial = history.pop(0)
        size = 1 << past.bit_length()  # over past: room for the newest
        ring, y = self.member(size * inputs), self.local(outputs)
        steady = bool(np.all(initial == initial[:, :1]))
        before = self.constant(initial[:, 0] if steady else initial.T)
        stride = 0 if steady else inputs
        self.call("fill", ring, f"{size}u", inputs, past, before, stride, at_start=True)
        b = self.constant(np.zeros(outputs) if bias is None else bias)
        w = self.constant(weight.transpose(2, 1, 0))
        self.call(
            "conv", w, b, inputs, outputs, taps, dilation, ring, f"{size}u", "s->now", x, y
        )  # fmt: skip
        return y

    def fir(self, taps: Values, x: str) -> str:
        """A filter after silence; ``taps`` newest first."""
        past, newest, y = self.member(2 * len(taps)), self.member(1, "int"), self.local(1)
        self._use("fir")
        table = self.constant(taps)
        self.work.append(f"{y}[0] = @_fir({table}, {len(taps)}, {past}, {newest}, {x}[0]);")
        return y

    def cell(
        self, cell: str, weights: dict[str, Values], prefix: str, history: list[Values], x: str
    ) -> str:
        """A recurrent layer, its tensors named as PyTorch does, ``{}`` in the prefix for a part."""
        w, u, b, d = (weights[prefix.format(part)] for part in RECURRENT_PARTS)
        (rows, inputs), hidden = w.shape, u.shape[1]
        states = self._states(cell, hidden, history)
        scratch = [self.local(rows) for _ in range(2 if cell == "gru" else 1)]
        biases = (b, d) if cell == "gru" else (b + d,)
        tables = [self.constant(part) for part in (w.T, u.T, *biases)]
        self.call(cell, *tables, inputs, hidden, *states, x, *scratch)
        return states[0]

    def state_space(
        self, weights: dict[str, Values], layer: int, history: list[Values], x: str
    ) -> str:
        """One of some state-space layers, called ``rec``."""
        w, u, b, p = (weights[f"rec.{part}_l{layer}"] for part in RECURRENT_PARTS)
        (rows, inputs), hidden = w.shape, u.shape[1]
        states = self._states("ssm", hidden, history)
        out = np.concatenate([part.T for part in np.split(u, 2)])
        tables = [self.constant(part) for part in (w.T, out, b, np.concatenate(poles(p)))]
        z, y = self.local(rows), self.local(hidden)
        self.call("ssm", *tables, inputs, hidden, int(layer > 0), *states, x, z, y)
        return y

    def _states(self, cell: str, hidden: int, history: list[Values]) -> list[str]:
        """A recurrent layer's state, which begins as the history says."""
        states = [self.member(hidden) for _ in range(state_count(cell))]
        for state in states:
            size = f"sizeof(float) * {hidden}"
            self.start.append(f"memcpy({state}, {self.constant(history.pop(0))}, {size});")
        return states

    def activation(self, activation: Activation, size: int, x: str) -> None:
        """An activation of an array in place."""
        if activation.name != "linear":
            slope = (number(activation.slope),) if activation.name == "leaky_relu" else ()
            self.call(activation.name, size, x, *slope)


def _limit(found: int, most: int, what: str) -> None:
    if found > most:
        raise DrywetError(
            f"a C header cannot hold this model: over {most} {what}",
            "a smaller model",
            "Export it with --format onnx.",
        )
