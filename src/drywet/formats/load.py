"""From a path to a model, whatever the format."""

from __future__ import annotations

from pathlib import Path

from drywet.errors import DrywetError
from drywet.formats.document import read_document
from drywet.formats.guitarml.proteus import parse_guitarml
from drywet.formats.nam.read import read_nam
from drywet.formats.rtneural.read import parse_rtneural
from drywet.trained.model_file import TrainedModel, load_model

SUFFIXES = (".safetensors", ".nam", ".json", ".onnx")
"""Of the files that `load` reads."""

_WANTED = (
    "a run's folder, or a model: .safetensors, .nam, .onnx, a .json of RTNeural, AIDA-X or GuitarML"
)


def load(path: Path | str, size: float = 1.0) -> TrainedModel:
    """Read a model.

    Args:
        path: folder of a run, or a model file: drywet's own ``.safetensors``, Neural Amp Modeler's
            ``.nam``, ONNX, or the JSON of RTNeural, AIDA-X, or GuitarML (Proteus,
            Automated-GuitarAmpModelling).
        size: 0 to 1: which of the models in a slimmable ``.nam``, 1 for the largest.

    Raises:
        DrywetError: missing, of no known format, or what the format's own reader refuses.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".nam" and not path.is_dir():
        return read_nam(path, size)
    if size != 1:
        raise DrywetError(
            f"a size for {path}", "a slimmable .nam, to choose one of its models", "Leave it out."
        )
    if path.is_dir() or suffix == ".safetensors":
        return load_model(path)
    if suffix == ".json":
        return _of_json(path)
    if suffix == ".onnx":
        from drywet.formats.onnx.read import read_onnx

        return read_onnx(path)
    if not path.exists():
        raise DrywetError(f"{path} does not exist", _WANTED, "Check the spelling of the path.")
    raise DrywetError(f"{path} ends in no format's suffix", _WANTED, "Name such a file.")


def _of_json(path: Path) -> TrainedModel:
    document = read_document(path, "a model of RTNeural, AIDA-X or GuitarML")
    if "model_data" in document and "state_dict" in document:
        return parse_guitarml(document, path)
    if "in_shape" in document and "layers" in document:
        return parse_rtneural(document, path)
    raise DrywetError(
        f"{path} has neither in_shape and layers nor model_data and state_dict",
        "the JSON of RTNeural, AIDA-X or GuitarML",
        "Export it again.",
    )
