"""From a path to a model, whatever the format."""

from __future__ import annotations

from pathlib import Path

from drywet.errors import DrywetError
from drywet.formats.nam.read import read_nam
from drywet.formats.registry import FORMATS
from drywet.storage import ending_of
from drywet.trained.model_file import TrainedModel, load_model

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
    if suffix == FORMATS["nam"].suffix and not path.is_dir():
        return read_nam(path, size)
    if size != 1:
        raise DrywetError(
            f"a size for {path}", "a slimmable .nam, to choose one of its models", "Leave it out."
        )
    if path.is_dir():
        return load_model(path)
    for one in FORMATS.values():
        if suffix and suffix == one.reads:
            return one.read(path)
    if not path.exists():
        raise DrywetError(f"{path} does not exist", _WANTED, "Check the spelling of the path.")
    raise DrywetError(f"{path} {ending_of(path)}", _WANTED, "Name such a file.")
