"""``export``: a trained model for the plugins."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from drywet.errors import DrywetError
from drywet.formats import nam, rtneural
from drywet.models.config import ModelConfig, RecurrentConfig
from drywet.runs.folder import RunFolder
from drywet.runs.model_file import load_model
from drywet.storage import write_json

_WRITERS = {"nam": nam, "rtneural": rtneural}


class Exported(BaseModel):
    """What was written.

    Attributes:
        path: the file.
        format: its format.
        rate: sample rate in Hz at which the plugin must run it.
        output_latency: samples by which its output lags its input.
    """

    path: str
    format: str
    rate: int
    output_latency: int


def formats_for(config: ModelConfig) -> list[str]:
    """Formats that can hold a model of this configuration, the best known first."""
    return [
        name
        for name, writer in _WRITERS.items()
        if isinstance(config, RecurrentConfig) and not config.skip and config.cell in writer.CELLS
    ]


def export(
    model: Path | str,
    *,
    format: str = "nam",
    out: Path | str | None = None,
    name: str | None = None,
) -> Exported:
    """Write a run or model file in a plugin's format.

    Args:
        model: folder of a run, or a ``.safetensors`` that drywet wrote.
        format: ``nam`` or ``rtneural``.
        out: file to write; by default in the run's folder, or beside the model file,
            named after it.
        name: shown in the plugin; by default the run's or model file's name.

    Raises:
        DrywetError: unusable model, unknown format, or one that cannot hold the
            model.
    """
    if format not in _WRITERS:
        raise DrywetError(
            f"unknown format '{format}'", " or ".join(_WRITERS), "Choose one of them."
        )
    path = Path(model)
    trained = load_model(path)
    writer = _WRITERS[format]
    if path.is_dir():
        target = RunFolder(path).export_file(writer.SUFFIX)
    else:
        target = path.with_name(path.stem + writer.SUFFIX)
    name = name or target.name.removesuffix(writer.SUFFIX)
    target = target if out is None else Path(out)
    document = writer.document(trained, name, datetime.now())
    write_json(target, document)
    return Exported(
        path=str(target),
        format=format,
        rate=trained.card.rate,
        output_latency=trained.card.output_latency,
    )
