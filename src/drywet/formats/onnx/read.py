"""Reading an ``.onnx``: a model again where drywet wrote it, else a graph that can be played.

The state in a file of drywet's to start from is not read: drywet works it out anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drywet.errors import DrywetError
from drywet.formats.onnx.file import FIX, WANTED, numbers, parsed
from drywet.formats.onnx.layout import restored, stored_shapes
from drywet.formats.onnx.untrusted import foreign
from drywet.formats.onnx.write import CARD, graph
from drywet.models.onnx.config import OnnxConfig
from drywet.trained.model_file import ModelCard, TrainedModel
from drywet.validation import parse

if TYPE_CHECKING:
    import onnx


def read_onnx(path: Path | str) -> TrainedModel:
    """Read a file that drywet wrote, with the very weights it was written from, or anybody's.

    Args:
        path: of the ``.onnx``.

    Returns:
        The model; of another's graph an `OnnxConfig` and the graph.

    Raises:
        DrywetError: missing, too large, not ONNX, damaged, with drywet's card on another graph,
            with weights that are not finite, or what `foreign` refuses; or the packages onnx and
            onnxruntime are missing.
    """
    path = Path(path)
    model = parsed(path)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    if CARD in properties:
        return _own(model, properties[CARD], path)
    return foreign(model, properties, path)


def _own(model: onnx.ModelProto, described: str, path: Path) -> TrainedModel:
    try:
        card = parse(ModelCard, json.loads(described), path)
    except (ValueError, RecursionError) as error:
        raise DrywetError(f"{path}: drywet's card is not JSON", WANTED, FIX) from error
    another = DrywetError(
        f"{path} has drywet's card on another graph than drywet writes for it",
        "the graph as it was exported",
        "Export it again with this version of drywet.",
    )
    if isinstance(card.model, OnnxConfig) or model.functions:
        raise another
    wanted = stored_shapes(card.model)
    tensors = {}
    for tensor in model.graph.initializer:
        if tensor.name not in wanted:
            continue  # a constant of the graph's
        array = numbers(tensor, path)
        if array.dtype != np.float32 or array.shape != wanted[tensor.name]:
            raise DrywetError(
                f"{path}: tensor '{tensor.name}' is {array.dtype} {array.shape}",
                f"float32 {wanted[tensor.name]}",
                FIX,
            )
        tensors[tensor.name] = array
    missing = sorted(set(wanted) - set(tensors))
    if missing:
        raise DrywetError(f"{path} lacks the tensor '{missing[0]}'", WANTED, FIX)
    weights = restored(card.model, {name: tensors[name] for name in wanted})
    trained = TrainedModel(weights, card)
    if graph(trained) != model.graph:
        raise another
    return trained
