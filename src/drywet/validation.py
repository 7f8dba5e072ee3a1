"""Values from outside, checked; the error names the first wrong key."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from drywet.errors import DrywetError

T = TypeVar("T", bound=BaseModel)


def parse(
    kind: type[T],
    value: Any,
    source: Path,
    fix: str = "Every setting and its option is in docs/runs.md.",
) -> T:
    """Validate ``value`` read from ``source``.

    Raises:
        DrywetError: naming the first key that is unknown, missing or out of range.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if first["type"] == "extra_forbidden":
            found, expected = f"{source} has an unknown key '{place}'", "a known one"
        elif first["type"] == "missing":
            found, expected = f"{source} lacks the key '{place}'", "all that drywet wrote"
        elif first["type"] == "value_error":
            found, expected = f"{source}: {reason}", "settings that go together"
        else:
            given = textwrap.shorten(repr(first["input"]), 60)
            found, expected = f"{source}: {place} is {given}", reason
        raise DrywetError(found, expected, fix) from error
