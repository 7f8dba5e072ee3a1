"""Building a graph of ONNX operators, node by node; between them ``(copies, channels, samples)``.

There is one copy of a net, unless it runs oversampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drywet.kernels.cells import state_count
from drywet.models.activation import Activation

if TYPE_CHECKING:
    import onnx

_PLAIN = {
    "tanh": "Tanh",
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "hardswish": "HardSwish",
    "softsign": "Softsign",
    "elu": "Elu",
}
KNOBS = "knobs"
"""Name of the input for the knobs, and key of their names in the metadata."""

_END = np.iinfo(np.int64).max


class GraphBuilder:
    """Nodes in the order in which they run; methods return the name of what a node gives.

    Args:
        weights: as `drywet.formats.onnx.layout.stored` gives them.
        copies: of the net.
    """

    def __init__(self, weights: dict[str, NDArray[np.float32]], copies: int = 1) -> None:
        from onnx import helper

        self._helper, self._copies = helper, copies
        self._tensors: dict[str, NDArray[Any]] = dict(weights)
        self._nodes: list[onnx.NodeProto] = []
        self._inputs = [self._value("audio", (1, 1, "samples"))]
        self._outputs = [self._value("audio_out", (1, 1, "samples"))]
        self._states = 0

    def op(
        self, kind: str, *inputs: str, out: str | tuple[str, ...] | None = None, **attributes: Any
    ) -> str:
        """Add a node; returns its first output."""
        names = (out or f"v{len(self._nodes)}",) if not isinstance(out, tuple) else out
        self._nodes.append(self._helper.make_node(kind, inputs, names, **attributes))
        return names[0]

    def integers(self, *values: int) -> str:
        """A constant vector."""
        name = "integers_" + "_".join(map(str, values))
        self._tensors[name] = np.array(values, np.int64)
        return name

    def number(self, value: float) -> str:
        """A constant scalar."""
        return self._tensor(f"number_{value:g}", np.array(value, np.float32))

    def knobs(self, count: int) -> str:
        """The knobs' input ``(1, count)``, repeated for every sample."""
        self._inputs.append(self._value(KNOBS, (1, count)))
        samples = self.op("Shape", "audio", start=2, end=3)
        shape = self.op("Concat", self.integers(self._copies, count), samples, axis=0)
        return self.op("Expand", self.op("Unsqueeze", KNOBS, self.integers(2)), shape)

    def _state(self, shape: tuple[int, ...]) -> tuple[str, str]:
        """Names of a further state's input and output."""
        before, after = f"state_{self._states}_in", f"state_{self._states}_out"
        self._states += 1
        self._inputs.append(self._value(before, shape))
        self._outputs.append(self._value(after, shape))
        return before, after

    def past_input(self, x: str, channels: int, past: int, copies: int | None = None) -> str:
        """``x`` with the ``past`` samples before it in front, which are a state."""
        if past == 0:
            return x
        before, after = self._state((copies or self._copies, channels, past))
        joined = self.op("Concat", before, x, axis=2)
        starts, ends, axes = self.integers(-past), self.integers(_END), self.integers(2)
        self.op("Slice", joined, starts, ends, axes, out=after)
        return joined

    def conv(
        self, x: str, weight: str, bias: str | None, shape: tuple[int, ...], dilation: int = 1
    ) -> str:
        """A causal convolution over ``shape`` (outputs, inputs, taps), its memory a state."""
        joined = self.past_input(x, shape[1], (shape[2] - 1) * dilation)
        return self.op("Conv", joined, weight, *filter(None, (bias,)), dilations=[dilation])

    def split(self, x: str, taps: NDArray[np.float32]) -> str:
        """A signal to a phase for each copy; ``taps`` ``(copies, taps)``, newest first."""
        self._tensors["oversampling.split"] = np.ascontiguousarray(taps[:, None, ::-1])
        joined = self.past_input(x, 1, taps.shape[1] - 1, 1)
        return self.op("Transpose", self.op("Conv", joined, "oversampling.split"), perm=[1, 0, 2])

    def join(self, x: str, taps: NDArray[np.float32], out: str) -> str:
        """What the copies made to one signal, named ``out``; ``taps`` as for `split`."""
        self._tensors["oversampling.join"] = np.ascontiguousarray(taps[None, :, ::-1])
        rows = self.op("Transpose", x, perm=[1, 0, 2])
        joined = self.past_input(rows, taps.shape[0], taps.shape[1] - 1, 1)
        return self.op("Conv", joined, "oversampling.join", out=out)

    def dense(self, x: str, weight: str, bias: str) -> str:
        """A dense layer on every sample."""
        return self.op("Conv", x, self.op("Unsqueeze", weight, self.integers(2)), bias)

    def cell(
        self, cell: str, x: str, weights: str, hidden: int, fresh: bool = False
    ) -> tuple[str, str]:
        """A recurrent layer over ``(steps, streams, inputs)``.

        Args:
            cell: ``lstm``, ``gru`` or ``rnn``.
            x: its input.
            weights: their name, with ``{}`` for ``weight_ih`` and the like.
            hidden: units.
            fresh: start from zeros instead of from a state.

        Returns:
            All of h, ``(steps, streams, hidden)``, and the last, ``(1, streams, hidden)``.
        """
        bias = self.op("Concat", weights.format("bias_ih"), weights.format("bias_hh"), axis=1)
        at = len(self._nodes)
        before, after = [], [f"v{at}_all", f"v{at}_h"]
        if not fresh:
            shape = (1, self._copies, hidden)
            pairs = [self._state(shape) for _ in range(state_count(cell))]
            before, after = ["", *(p[0] for p in pairs)], [f"v{at}_all", *(p[1] for p in pairs)]
        more = {"linear_before_reset": 1} if cell == "gru" else {}
        inputs = (x, weights.format("weight_ih"), weights.format("weight_hh"), bias, *before)
        every = self.op(cell.upper(), *inputs, out=tuple(after), hidden_size=hidden, **more)
        return self.op("Squeeze", every, self.integers(1)), after[1]

    def state_space(self, x: str, weights: str, inputs: int, hidden: int, added: bool) -> str:
        """A state-space layer over ``(steps, streams, inputs)``.

        Its recurrence is ONNX's RNN with a linear activation, of twice as many units: a matrix of
        two rows and columns turns each state.

        Args:
            x: its input.
            weights: their name, with ``{}`` for ``weight_ih`` and the like.
            inputs: of the layer.
            hidden: units.
            added: add the input to what it gives.
        """
        drive_in, direct = self._halves(weights.format("weight_ih"), hidden)
        of_real, of_imaginary = self._halves(weights.format("weight_hh"), hidden)
        drive_bias, bias = self._halves(weights.format("bias_ih"), hidden)
        rate, angle = self._halves(weights.format("bias_hh"), hidden)
        rate = self.op("Exp", rate)
        decay = self.op("Exp", self.op("Neg", rate))
        share = self.op("Tanh", rate)  # 1 - exp(-2 r) is 2 tanh r / (1 + tanh r), and exact so
        least = self.op("Div", share, self.op("Add", self.number(1), share))
        gain = self.op("Sqrt", self.op("Mul", self.number(2), least))
        eye = self._tensor(f"eye_{hidden}", np.eye(hidden, dtype=np.float32))
        re = self.op("Mul", eye, self.op("Mul", decay, self.op("Cos", angle)))
        im = self.op("Mul", eye, self.op("Mul", decay, self.op("Sin", angle)))
        turn = self.op(
            "Concat",
            self.op("Concat", re, self.op("Neg", im), axis=1),
            self.op("Concat", im, re, axis=1),
            axis=0,
        )
        none = self._tensor(f"zeros_{hidden}", np.zeros(hidden, np.float32))
        idle = self._tensor(f"zeros_{hidden}x{inputs}", np.zeros((hidden, inputs), np.float32))
        driven = self.op("Mul", drive_in, self.op("Unsqueeze", gain, self.integers(1)))
        matrix = self.op("Concat", driven, idle, axis=0)
        biases = self.op("Concat", self.op("Mul", drive_bias, gain), none, none, none, axis=0)
        pairs = [self._state((1, self._copies, hidden)) for _ in range(2)]
        first, every, last = self.integers(0), f"v{len(self._nodes)}_all", f"v{len(self._nodes)}_h"
        self.op(
            "RNN", x, *(self.op("Unsqueeze", part, first) for part in (matrix, turn, biases)), "",
            self.op("Concat", pairs[0][0], pairs[1][0], axis=2), out=(every, last),
            hidden_size=2 * hidden, activations=["Affine"], activation_alpha=[1.0],
            activation_beta=[0.0],
        )  # fmt: skip
        self.op(
            "Split", last, self.integers(hidden, hidden), out=(pairs[0][1], pairs[1][1]), axis=2
        )
        states = self.op("Squeeze", every, self.integers(1))
        out = self.op("Concat", of_real, of_imaginary, axis=1)
        z = self.op(
            "Add",
            self.op("MatMul", states, self.op("Transpose", out, perm=[1, 0])),
            self.op("Add", self.op("MatMul", x, self.op("Transpose", direct, perm=[1, 0])), bias),
        )
        y = self.op("Tanh", z)
        return self.op("Add", x, y) if added else y

    def _halves(self, x: str, size: int) -> tuple[str, str]:
        """The first and the last ``size`` rows."""
        names = (f"v{len(self._nodes)}_a", f"v{len(self._nodes)}_b")
        self.op("Split", x, self.integers(size, size), out=names, axis=0)
        return names

    def _tensor(self, name: str, values: NDArray[np.float32]) -> str:
        self._tensors[name] = values
        return name

    def activation(self, activation: Activation, x: str) -> str:
        """An activation of every channel, softmax over them."""
        match activation.name:
            case "linear":
                return x
            case "leaky_relu":
                return self.op("LeakyRelu", x, alpha=activation.slope)
            case "silu":
                return self.op("Mul", x, self.op("Sigmoid", x))
            case "hardtanh":
                return self.op("Clip", x, self.number(-1), self.number(1))
            case "softmax":
                return self.op("Softmax", x, axis=1)
            case name:
                return self.op(_PLAIN[name], x)

    def finished(self) -> onnx.GraphProto:
        """The graph."""
        from onnx import numpy_helper

        tensors = [
            numpy_helper.from_array(np.asarray(self._tensors[name], order="C"), name)
            for name in sorted(self._tensors)
        ]
        return self._helper.make_graph(
            self._nodes, "drywet", self._inputs, self._outputs, initializer=tensors
        )

    def _value(self, name: str, shape: tuple[int | str, ...]) -> onnx.ValueInfoProto:
        from onnx import TensorProto

        return self._helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
