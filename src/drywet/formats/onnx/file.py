"""An ONNX file from anybody, parsed; its tensors, taken out without trust."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.formats.onnx.write import require_onnx

if TYPE_CHECKING:
    import onnx

WANTED = "an ONNX model (.onnx)"
FIX = "Download or export it again."

_MAX_BYTES = 64 << 20
_NUMBERS = ("FLOAT", "DOUBLE", "INT32", "INT64", "BOOL")


def parsed(path: Path) -> onnx.ModelProto:
    """Parse a file.

    Raises:
        DrywetError: missing, too large, not ONNX, or the package onnx is missing.
    """
    require_onnx()
    import onnx
    from google.protobuf.message import DecodeError

    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise DrywetError(
                f"{path} has {size} bytes", f"{WANTED} of at most {_MAX_BYTES} bytes", FIX
            )
        model: onnx.ModelProto = onnx.ModelProto.FromString(path.read_bytes())
    except OSError as error:
        raise DrywetError(f"cannot read {path}: {error.strerror}", WANTED, FIX) from error
    except DecodeError as error:
        raise DrywetError(f"{path} is not an ONNX file, or cut short", WANTED, FIX) from error
    if not model.graph.node:
        raise DrywetError(f"{path} holds no graph", WANTED, FIX)
    return model


def numbers(tensor: onnx.TensorProto, path: Path) -> NDArray[Any]:
    """A tensor's numbers.

    Raises:
        DrywetError: they lie in another file, are of an unusual type, too few, too many, or not
            finite.
    """
    from onnx import TensorProto, numpy_helper

    if tensor.data_location != TensorProto.DEFAULT or tensor.external_data:
        raise DrywetError(
            f"{path}: tensor '{tensor.name[:40]}' lies in another file",
            "all weights in the .onnx itself",
            "Save it without external data.",
        )
    types = {getattr(TensorProto, name): name for name in _NUMBERS}
    if tensor.data_type not in types or min(tensor.dims, default=1) < 0:
        raise DrywetError(
            f"{path}: tensor '{tensor.name[:40]}' is of an unusual type or shape",
            f"one of {', '.join(types.values())}",
            "Export it in float32.",
        )
    kind = types[tensor.data_type]
    size = np.dtype(numpy_dtype(kind)).itemsize
    field = {"FLOAT": "float_data", "DOUBLE": "double_data", "INT64": "int64_data"}
    held = (
        len(tensor.raw_data) / size
        if tensor.HasField("raw_data")
        else len(getattr(tensor, field.get(kind, "int32_data")))
    )
    if held != prod(tensor.dims):
        raise DrywetError(
            f"{path}: tensor '{tensor.name[:40]}' holds {held:g} numbers",
            f"{prod(tensor.dims)} for its shape",
            FIX,
        )
    array = numpy_helper.to_array(tensor)
    if not np.isfinite(array).all():
        raise DrywetError(
            f"{path}: tensor '{tensor.name[:40]}' holds NaN or infinite weights",
            "finite weights",
            FIX,
        )
    return array


def numpy_dtype(kind: str) -> str:
    """NumPy's name of one of the types that `numbers` takes."""
    return {"FLOAT": "float32", "DOUBLE": "float64"}.get(kind, kind.lower())
