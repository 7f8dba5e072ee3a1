"""What readers of untrusted JSON share: every value is suspect."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from drywet.errors import DrywetError
from drywet.storage import read_json
from drywet.trained.metadata import Metadata
from drywet.trained.model_file import TrainedModel

Weights = NDArray[np.float32]
C = TypeVar("C", bound=BaseModel)

FIX = "Download or export it again."
RATE = 48_000
"""Of files that state none, in Hz, as NAM's plugin takes them."""

_UNKNOWN_RATE = -1.0  # of NAM Core
_MAX_BYTES = 32_000_000
_MAX_LAG = 4096  # samples, as of a run


def read_document(path: Path, wanted: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        DrywetError: missing, too large, not JSON, nested too deep, or no object.
    """
    document = read_json(path, wanted, _MAX_BYTES)
    if not isinstance(document, dict):
        raise DrywetError(f"{path} holds no JSON object", wanted, FIX)
    return document


def shown(value: Any) -> str:
    """An untrusted value for a message: short, on one line."""
    if isinstance(value, str):
        return shorten(value[:200], 40) or "(empty)"
    if isinstance(value, bool | int | float) or value is None:
        return str(value)[:40]
    return f"a JSON {'object' if isinstance(value, dict) else 'list'}"


def whole(value: Any, least: int, most: int, what: str, path: Path) -> int:
    """A whole number within bounds; 48000.0 is one.

    Raises:
        DrywetError: it isn't.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not least <= value <= most:
        raise DrywetError(f"{path}: {what} is {shown(value)}", f"{least} to {most}", FIX)
    return value


def number(value: Any, most: float, what: str, path: Path) -> float:
    """A finite number of at most such a size.

    Raises:
        DrywetError: it isn't.
    """
    if type(value) not in (int, float) or not abs(value) <= most:
        raise DrywetError(f"{path}: {what} is {shown(value)}", f"a number within {most:g}", FIX)
    return float(value)


def listed(value: Any, what: str, path: Path, most: int = 512) -> list[Any]:
    """A list of at least one thing.

    Raises:
        DrywetError: it is none, empty or too long.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        held = f"a list of {len(value)}" if isinstance(value, list) else shown(value)
        raise DrywetError(f"{path}: {what} is {held}", f"a list of 1 to {most}", FIX)
    return value


def mapping(value: Any, what: str, path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        DrywetError: it is none.
    """
    if not isinstance(value, dict):
        raise DrywetError(f"{path}: {what} is {shown(value)}", "a JSON object", FIX)
    return value


def rate_of(value: Any, path: Path) -> int:
    """A sample rate in Hz; `RATE` for none.

    Raises:
        DrywetError: it is none.
    """
    return (
        RATE
        if value is None or value == _UNKNOWN_RATE
        else whole(value, 1_000, 768_000, "sample_rate", path)
    )


def lag_of(value: Any) -> int:
    """An output latency in samples as drywet writes it; 0 where there is none."""
    return value if type(value) is int and 0 <= value <= _MAX_LAG else 0


def flat(values: Any, count: int, kind: str, path: Path) -> Weights:
    """A flat list of so many finite weights.

    Args:
        values: as found.
        count: how many there must be.
        kind: of net, for the message.
        path: of the file.

    Raises:
        DrywetError: too few, too many, no numbers, NaN or infinite.
    """
    if not isinstance(values, list) or len(values) != count:
        held = f"{len(values)} weights" if isinstance(values, list) else "no list of weights"
        raise DrywetError(f"{path} holds {held}", f"{count} for {kind} of its size", FIX)
    return _finite(values, "weights", path)


def tensor(values: Any, shape: tuple[int, ...], what: str, path: Path) -> Weights:
    """Nested lists of finite weights.

    Args:
        values: as found.
        shape: that they must have.
        what: their name, for the message.
        path: of the file.

    Raises:
        DrywetError: of another shape, no numbers, NaN or infinite.
    """
    level = [values]
    for side in shape:
        if not all(isinstance(part, list) and len(part) == side for part in level):
            raise DrywetError(f"{path}: {what} is of another shape", f"nested lists {shape}", FIX)
        level = [inner for part in level for inner in part]
    return _finite(level, what, path).reshape(shape)


def _finite(values: list[Any], what: str, path: Path) -> Weights:
    if not all(type(value) in (int, float) for value in values):
        raise DrywetError(f"{path} holds {what} that are no numbers", "numbers", FIX)
    try:
        with np.errstate(over="ignore"):
            numbers = np.array(values, np.float64).astype(np.float32)
    except OverflowError:
        numbers = np.array([np.inf], np.float32)
    if not np.isfinite(numbers).all():
        raise DrywetError(f"{path}: {what}: NaN or infinite", "finite weights", FIX)
    return numbers


def configured(kind: type[C], values: dict[str, Any], path: Path) -> C:
    """A model's configuration.

    Args:
        kind: of model.
        values: by the names of its settings.
        path: of the file.

    Raises:
        DrywetError: larger than drywet's own models may be, or sizes that don't fit each other.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if first["type"] == "value_error":
            raise DrywetError(f"{path}: {reason}", "sizes that drywet can play", FIX) from error
        raise DrywetError(f"{path}: {place} is {shown(first['input'])}", reason, FIX) from error


def metadata_of(found: Any) -> Metadata:
    """What of untrusted metadata is as it should be; the rest is left out."""
    if not isinstance(found, dict):
        return Metadata()
    kept: dict[str, Any] = {}
    for name in Metadata.model_fields:
        value = found.get(name)
        if isinstance(value, float) and not math.isfinite(value):
            continue
        try:
            kept |= Metadata.model_validate({name: value}, strict=True).model_dump(
                include={name}, exclude_none=True
            )
        except ValidationError:
            continue
    return Metadata(**kept)


def encoded(document: dict[str, Any]) -> bytes:
    """A document as a file's bytes.

    Raises:
        DrywetError: it holds a number that is none: weights and gains beyond all bounds.
    """
    try:
        return (json.dumps(document, allow_nan=False) + "\n").encode()
    except ValueError as error:
        raise DrywetError(
            "a model whose weights and gains go beyond all bounds", "finite numbers",
            "Train or export it again.",
        ) from error  # fmt: skip


def described(trained: TrainedModel, name: str, made: datetime) -> dict[str, Any]:
    """The ``metadata`` of RTNeural's, AIDA-X's and Proteus' files.

    Args:
        trained: the model.
        name: of it.
        made: when.
    """
    card = trained.card
    return {
        "name": name,
        **card.metadata.model_dump(exclude_none=True),
        "date": made.isoformat(timespec="seconds"),
        "samplerate": card.rate,
        "output_latency_samples": card.output_latency,
    }
