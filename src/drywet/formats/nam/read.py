"""Reading Neural Amp Modeler's ``.nam``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from drywet.errors import DrywetError
from drywet.formats.document import (
    FIX,
    Weights,
    lag_of,
    mapping,
    metadata_of,
    rate_of,
    read_document,
    shown,
)
from drywet.formats.nam import concat, convnet, linear, lstm, wavenet
from drywet.formats.nam.slimmable import CONTAINER, submodels
from drywet.models.config import Config
from drywet.trained.knob_range import KnobRange
from drywet.trained.model_file import ModelCard, TrainedModel

_WANTED = "a .nam model of Neural Amp Modeler"
_OLDEST, _NEWEST = (0, 5), (0, 7)

_Read = Callable[[dict[str, Any], Any, Path], tuple[Config, dict[str, Weights]]]
_READERS: dict[str, _Read] = {
    "LSTM": lstm.read,
    "WaveNet": wavenet.read,
    "Linear": linear.read,
    "ConvNet": convnet.read,
}


def read_nam(path: Path | str, size: float = 1.0) -> TrainedModel:
    """Read a model.

    Args:
        path: of the ``.nam``.
        size: 0 to 1: which of the models in a slimmable container, 1 for the largest.

    Returns:
        The model. Its output latency is 0, as NAM's trainer takes the latency out, but for what
        drywet exported: there it is the exported model's.

    Raises:
        DrywetError: missing, too large, not a ``.nam``, of a file version or an architecture that
            drywet can't play, larger than drywet's own models may be, or with weights that are
            too few, too many or not finite.
    """
    path = Path(path)
    document = read_document(path, _WANTED)
    if "architecture" not in document:
        raise DrywetError(f"{path} names no architecture", _WANTED, FIX)
    _require_version(document, path)
    if document["architecture"] == CONTAINER:
        document = _chosen(document, size, path)
    elif size != 1:
        raise DrywetError(
            f"{path} holds one model", "a slimmable container, to choose a size", "Leave it out."
        )
    return _model(document, path)


def sizes(path: Path | str) -> list[float]:
    """Up to which size each model of a container is played; empty for a file with one model.

    Raises:
        DrywetError: missing, too large, or not a ``.nam``.
    """
    path = Path(path)
    document = read_document(path, _WANTED)
    if document.get("architecture") != CONTAINER:
        return []
    return [limit for limit, _ in submodels(document, path)]


def _require_version(document: dict[str, Any], path: Path) -> None:
    found = re.match(r"(\d{1,9})\.(\d{1,9})\.", str(document.get("version"))[:40])
    version = (int(found[1]), int(found[2])) if found else None
    if document.get("architecture") in concat.ARCHITECTURES and version == (1, 0):
        return
    if version is None or not _OLDEST <= version <= _NEWEST:
        raise DrywetError(
            f"{path} is of file version {shown(document.get('version'))}", "0.5 to 0.7",
            "Export it with another version of NAM's trainer.",
        )  # fmt: skip


def _chosen(document: dict[str, Any], size: float, path: Path) -> dict[str, Any]:
    """The model that Core plays at such a size."""
    if not 0 <= size <= 1:
        raise DrywetError(f"size {size:g}", "0 to 1", "Choose one between.")
    found = submodels(document, path)
    model = next((each for limit, each in found if size < limit), found[-1][1])
    if model.get("architecture") == CONTAINER:
        raise DrywetError(f"{path}: a container in a container", "a model in it", FIX)
    _require_version(model, path)
    if model.get("sample_rate") is None:
        model = model | {"sample_rate": document.get("sample_rate")}
    return model


def _model(document: dict[str, Any], path: Path) -> TrainedModel:
    architecture = document.get("architecture")
    reader = _READERS.get(architecture) if isinstance(architecture, str) else None
    knobs: tuple[KnobRange, ...] = ()
    given, values = mapping(document.get("config"), "config", path), document.get("weights")
    config: Config
    if architecture in concat.ARCHITECTURES:
        config, weights, knobs = concat.read(architecture, given, values, path)
    elif reader is None:
        raise DrywetError(
            f"{path} holds a net of the architecture {shown(architecture)}",
            ", ".join([*_READERS, *concat.ARCHITECTURES]),
            "Export it as one of them.",
        )
    else:
        config, weights = reader(given, values, path)
    metadata = document.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    training = known.get("training")
    training = training if isinstance(training, dict) else {}
    one = np.ones((), np.float32)
    return TrainedModel(
        {"input_gain": one, "output_gain": one.copy()} | weights,
        ModelCard(
            model=config,
            rate=rate_of(document.get("sample_rate"), path),
            output_latency=lag_of(training.get("output_latency_samples")),
            metadata=metadata_of(known | {"esr": training.get("validation_esr")}),
            knobs=knobs,
        ),
    )
