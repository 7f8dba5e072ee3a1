"""Values from outside, checked; the error names the first wrong key."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from drywet.errors import DrywetError

T = TypeVar("T", bound=BaseModel)

_FEW = 8  # keys that fit into a line
_CLASS = re.compile(r" or instance of \w+")  # a name within this program, in pydantic's messages


def parse(
    kind: type[T],
    value: Any,
    source: Path,
    fix: str = "Every setting and its option is in docs/runs.md.",
    options: Mapping[str, str] | None = None,
) -> T:
    """Validate ``value`` read from ``source``.

    Args:
        kind: what it is to be.
        value: as it was read.
        source: where from.
        fix: what to do about an error.
        options: of the command line, by the dotted key that each has set.

    Raises:
        DrywetError: naming the first key that is unknown, missing or out of range, as it was
            written.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place, tag = _as_written(first["loc"], value)
        keys = (key for key in options or {} if place == key or place.startswith(f"{key}."))
        option = (options or {}).get(next(keys, ""))
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        reason = _CLASS.sub("", reason)
        if first["type"] == "extra_forbidden":
            there = _keys(kind, first["loc"][:-1])
            found, expected = f"{source} has an unknown key '{place}'", "a known one"
            if 0 < len(there) <= _FEW:
                expected = ", ".join(there)
            if option:
                found, expected = f"{option} with {tag or source}", "an option that it has"
            *above, last = place.split(".")
            near = get_close_matches(last, there, 1)
            if near and not option:
                fix = f"Did you mean {'.'.join([*above, *near])}?"
        elif first["type"] == "missing":
            found, expected = f"{source} lacks the key '{place}'", "all that it must have"
        elif first["type"] == "value_error":
            found, expected = f"{source}: {reason}", "settings that go together"
        else:
            given = textwrap.shorten(repr(first["input"]), 60)
            found = f"{option} {given}" if option else f"{source}: {place} is {given}"
            expected = reason
        raise DrywetError(found, expected, fix) from error


def _as_written(place: Sequence[int | str], value: Any) -> tuple[str, str]:
    """The dotted name of a place, and what tells it apart from others of its kind.

    pydantic names the latter within the place, where nobody wrote it.
    """
    written, tag, here = [], "", value
    for depth, part in enumerate(place, 1):
        if isinstance(here, dict) and part not in here and depth < len(place):
            tag = str(part)
            continue
        written.append(str(part))
        try:
            here = here[part]
        except (TypeError, LookupError):
            here = None
    return ".".join(written), tag


def _keys(kind: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys that there are at a place in what is validated."""
    there = [kind]
    for part in place:
        fields = [one.model_fields[part] for one in there if part in one.model_fields]
        tagged = [one for one in there if _is_called(one, part)]
        if fields:
            there = [one for field in fields for one in _models(field.annotation)]
        elif tagged:
            there = tagged
    return [field.alias or key for one in there for key, field in one.model_fields.items()]


def _is_called(kind: type[BaseModel], tag: int | str) -> bool:
    field = kind.model_fields.get("kind")
    return field is not None and field.default == tag


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Those within a type such as a union or a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for part in get_args(annotation) for one in _models(part)]
