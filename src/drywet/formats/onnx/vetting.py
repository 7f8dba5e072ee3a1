"""Whether an untrusted ONNX graph may be run at all, and what it takes.

Only operators that do a bounded amount of arithmetic on tensors: no loops, no branches, nothing
from other files or other domains. The size of every tensor in between is worked out before the
graph is run.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from drywet.errors import DrywetError
from drywet.formats.onnx.file import numbers

if TYPE_CHECKING:
    import onnx

Shape = tuple[int, ...]

ALLOWED = frozenset((
    "Abs", "Add", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "Constant",
    "ConstantOfShape", "Conv", "Cos", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Expand",
    "Flatten", "Floor", "GRU", "Gather", "Gelu", "Gemm", "Greater", "GreaterOrEqual",
    "HardSigmoid", "HardSwish", "Identity", "LSTM", "LayerNormalization", "LeakyRelu", "Less",
    "LessOrEqual", "Log", "MatMul", "Max", "Min", "Mish", "Mod", "Mul", "Neg", "PRelu", "Pad",
    "Pow", "RNN", "Range", "Reciprocal", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Selu",
    "Shape", "Sigmoid", "Sign", "Sin", "Slice", "Softmax", "Softplus", "Softsign", "Split",
    "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "Transpose", "Unsqueeze", "Where",
))  # fmt: skip

_MOST_NODES = 4096
_MOST_NUMBERS = 1 << 24  # in one tensor: 64 MiB
_MOST_OF_ALL = 1 << 28
_MOST_WORK = 10_000_000  # multiply-adds per sample, some hundred times NAM's largest
_FIX = "Only graphs of plain tensor operators, with their state going in and out, can be played."


def vet(model: onnx.ModelProto, path: Path) -> int:
    """Look at all that a file holds but shapes.

    Returns:
        How many numbers its weights have.

    Raises:
        DrywetError: anything beyond operators of `ALLOWED` and finite tensors.
    """
    from onnx import AttributeProto, TensorProto, checker

    graph = model.graph
    for part, what in (
        (model.functions, "functions of its own"),
        (model.training_info, "a training graph"),
        (graph.sparse_initializer, "sparse weights"),
    ):
        if part:
            raise DrywetError(f"{path} has {what}", "a plain graph", _FIX)
    if len(graph.node) > _MOST_NODES:
        raise DrywetError(f"{path} has {len(graph.node)} nodes", f"at most {_MOST_NODES}", _FIX)
    plain = {
        getattr(AttributeProto, kind)
        for kind in ("FLOAT", "INT", "STRING", "TENSOR", "FLOATS", "INTS", "STRINGS")
    }
    tensors = list(graph.initializer)
    for node in graph.node:
        if node.domain not in ("", "ai.onnx") or node.op_type not in ALLOWED:
            name = f"{node.domain}.{node.op_type}".strip(".")[:60]
            raise DrywetError(f"{path} uses the operator {name!a}", "only harmless ones", _FIX)
        for attribute in node.attribute:
            if attribute.type not in plain or attribute.ref_attr_name:
                raise DrywetError(
                    f"{path}: a {node.op_type} has an unusual attribute", "plain numbers", _FIX
                )
            if attribute.type == AttributeProto.TENSOR:
                tensors.append(attribute.t)
    count = 0
    for tensor in tensors:
        numbers(tensor, path)
        if tensor.data_type in (TensorProto.FLOAT, TensorProto.DOUBLE):
            count += prod(tensor.dims)
    try:
        checker.check_model(model)
    except (checker.ValidationError, UnicodeError) as error:  # the latter: names in no UTF-8
        raise DrywetError(
            f"{path} is no valid ONNX graph ({_short(error)})", "one", _FIX
        ) from error
    return count


def sizes(model: onnx.ModelProto, inputs: dict[str, Shape], path: Path) -> dict[str, Shape]:
    """The shape of every tensor for inputs of some shapes, none of them run.

    Raises:
        DrywetError: a shape that cannot be told beforehand, or too large.
    """
    import onnx
    from onnx import helper, shape_inference

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.value_info[:]  # what the file says of its shapes is not to be trusted
    for value in copy.graph.input:
        if value.name in inputs:
            kind = value.type.tensor_type.elem_type
            value.CopyFrom(helper.make_tensor_value_info(value.name, kind, inputs[value.name]))
    for value in copy.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        done = shape_inference.infer_shapes(copy, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:  # InferenceError, or what protobuf makes of odd shapes
        raise DrywetError(
            f"{path}: its shapes do not fit ({_short(error)})", "tensors that fit", _FIX
        ) from error
    found = {tensor.name: tuple(tensor.dims) for tensor in done.graph.initializer}
    for value in (*done.graph.input, *done.graph.value_info, *done.graph.output):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim):
            found[value.name] = tuple(d.dim_value for d in kind.shape.dim)
    total = 0
    for name in (name for node in done.graph.node for name in node.output if name):
        if name not in found:
            raise DrywetError(
                f"{path}: the size of '{name[:40]}' cannot be told beforehand", "fixed sizes", _FIX
            )
        held = prod(found[name])
        total += held
        if held > _MOST_NUMBERS or total > _MOST_OF_ALL:
            raise DrywetError(
                f"{path}: '{name[:40]}' would hold {held} numbers",
                f"at most {_MOST_NUMBERS}, and {_MOST_OF_ALL} in all",
                _FIX,
            )
    return found


def work(model: onnx.ModelProto, shapes: dict[str, Shape], samples: int, path: Path) -> int:
    """Multiply-adds per sample.

    Args:
        model: vetted.
        shapes: of a block, from `sizes`.
        samples: in the block.
        path: for the message.

    Raises:
        DrywetError: more than any machine can play.
    """
    total = 0
    for node in model.graph.node:
        given = [shapes.get(name, ()) for name in node.input]
        match node.op_type:
            case "Conv":
                total += prod(shapes[node.output[0]]) * prod(given[1][1:])
            case "MatMul":
                total += prod(shapes[node.output[0]]) * given[0][-1]
            case "Gemm":  # either side may be transposed
                total += prod(given[0]) * prod(shapes[node.output[0]][1:])
            case "LSTM" | "GRU" | "RNN":
                total += prod(given[0][:2]) * (prod(given[1]) + prod(given[2]))
    each = round(total / samples)
    if each > _MOST_WORK:
        raise DrywetError(
            f"{path} takes {each} multiply-adds per sample", f"at most {_MOST_WORK}", _FIX
        )
    return each


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
