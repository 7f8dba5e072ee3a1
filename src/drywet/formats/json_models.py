"""The JSON files of several programs, told apart by what they hold."""

from __future__ import annotations

from pathlib import Path

from drywet.errors import DrywetError
from drywet.formats.document import read_document
from drywet.formats.guitarml.proteus import parse_guitarml
from drywet.formats.rtneural.read import parse_rtneural
from drywet.trained.model_file import TrainedModel


def read_json_model(path: Path) -> TrainedModel:
    """Read a model of RTNeural, AIDA-X or GuitarML.

    Raises:
        DrywetError: missing, too large, or none of them.
    """
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
