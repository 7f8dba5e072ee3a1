"""Every format of model files: its name, its suffix, what reads and what writes it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol, cast

from drywet.errors import DrywetError
from drywet.storage import ending_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from drywet.dsp.oversampling import Filters
    from drywet.models.config import Config
    from drywet.trained.model_file import TrainedModel


class Writer(Protocol):
    """A module that writes a format."""

    def encode(
        self, trained: TrainedModel, name: str, made: datetime, filters: Filters | None = None
    ) -> bytes:
        """The whole file.

        Args:
            trained: the model.
            name: of it, for people.
            made: date for the metadata.
            filters: of a model that runs oversampled, where `Format.oversamples`; the writers of
                other formats have no such argument.

        Raises:
            DrywetError: the format cannot hold the model.
        """

    def require(self, config: Config, rate: int) -> None:
        """Refuse a model that the format cannot hold at a rate in Hz.

        Raises:
            DrywetError: it cannot.
        """


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: as ``--format`` takes it.
        title: for people.
        suffix: of the files that drywet writes.
        reads: the ending of the files that drywet reads; empty for none.
        writing: module that writes it.
        reading: module and function that read it from a path.
        in_plugins: a plugin loads it.
        oversamples: it can hold a model that runs oversampled.
    """

    name: str
    title: str
    suffix: str
    reads: str
    writing: str
    reading: str = ""
    in_plugins: bool = False
    oversamples: bool = False

    @property
    def writer(self) -> Writer:
        """What writes it."""
        return cast(Writer, import_module(self.writing))

    def read(self, path: Path) -> TrainedModel:
        """Read a file."""
        module, _, function = self.reading.partition(":")
        return cast("TrainedModel", getattr(import_module(module), function)(path))


_JSON = "drywet.formats.json_models:read_json_model"

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            "nam", "Neural Amp Modeler", ".nam", ".nam", "drywet.formats.nam.write",
            "drywet.formats.nam.read:read_nam", in_plugins=True,
        ),
        Format(
            "rtneural", "RTNeural", ".rtneural.json", ".json", "drywet.formats.rtneural.write",
            _JSON, in_plugins=True,
        ),
        Format(
            "aidax", "AIDA-X", ".aidax.json", ".json", "drywet.formats.rtneural.aidax", _JSON,
            in_plugins=True,
        ),
        Format(
            "proteus", "GuitarML (Proteus)", ".proteus.json", ".json",
            "drywet.formats.guitarml.proteus", _JSON, in_plugins=True,
        ),
        Format(
            "onnx", "ONNX", ".onnx", ".onnx", "drywet.formats.onnx.write",
            "drywet.formats.onnx.read:read_onnx", oversamples=True,
        ),
        Format(
            "nam-knobs", "Neural Amp Modeler with knobs (NamParametricPlugin)", ".knobs.nam",
            ".nam", "drywet.formats.nam.concat", "drywet.formats.nam.read:read_nam",
            in_plugins=True,
        ),
        Format("c", "a C header", ".h", "", "drywet.formats.c.write", oversamples=True),
        Format(
            "drywet", "drywet", ".safetensors", ".safetensors", "drywet.trained.model_file",
            "drywet.trained.model_file:load_model",
        ),
    )
}  # fmt: skip
"""By name, the best known first."""

SUFFIXES = tuple(one.suffix for one in FORMATS.values())
"""Of the files that drywet writes."""

READS = tuple(dict.fromkeys(one.reads for one in FORMATS.values() if one.reads))
"""Endings of the files that drywet reads."""

_PLAIN_JSON = "rtneural"


def format_named(name: str) -> Format:
    """A format by its name.

    Raises:
        DrywetError: no such format.
    """
    if name not in FORMATS:
        raise DrywetError(f"unknown format '{name}'", ", ".join(FORMATS), "Choose one of them.")
    return FORMATS[name]


def require_oversampling(chosen: Format) -> None:
    """Refuse a format that can't hold an oversampled model.

    Raises:
        DrywetError: it can't.
    """
    if not chosen.oversamples:
        able = ", ".join(one.name for one in FORMATS.values() if one.oversamples)
        raise DrywetError(
            f"--oversample and {chosen.title}, whose players run the net once a sample",
            f"a format that can carry it: {able}",
            "Leave it out; 'drywet render' plays any model oversampled.",
        )


def format_of(target: Path) -> Format:
    """The format that a file's ending says; a plain ``.json`` is RTNeural's.

    Raises:
        DrywetError: no format's ending.
    """
    name = target.name.lower()
    for one in sorted(FORMATS.values(), key=lambda each: -len(each.suffix)):
        if name.endswith(one.suffix):
            return one
    if name.endswith(".json"):
        return FORMATS[_PLAIN_JSON]
    raise DrywetError(
        f"{target} {ending_of(target)}", "the ending of a format: " + ", ".join(SUFFIXES),
        "Choose one, or name the format with --format.",
    )  # fmt: skip


def formats_for(config: Config, rate: int, *, all_of_them: bool = False) -> list[str]:
    """Names of the formats that can hold a model.

    Args:
        config: of the model.
        rate: in Hz.
        all_of_them: not the plugins' alone, but all that can be written on this machine.
    """
    found = []
    for one in FORMATS.values():
        if not (one.in_plugins or all_of_them):
            continue
        if one.name == "onnx" and find_spec("onnx") is None:
            continue
        try:
            one.writer.require(config, rate)
        except DrywetError:
            continue
        found.append(one.name)
    return found
