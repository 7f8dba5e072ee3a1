"""What is wrong with the words of a command itself, in one line as all other errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperGroup

from drywet.errors import DrywetError

# Click's; some versions of Typer have a click of their own.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_LIKE = 0.7


class OneLineGroup(TyperGroup):
    """The commands, with errors of one line."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        """As `TyperGroup`; it reads the options before a command's name."""
        with _one_line():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        """As `TyperGroup`; it reads a command's own arguments."""
        with _one_line():
            return super().invoke(ctx)


def meant(name: str, options: Iterable[str]) -> str | None:
    """The option that is most like a word that is none."""
    long = {option.lstrip("-"): option for option in options if option.startswith("--")}
    near = get_close_matches(name.lstrip("-"), long, 1, _LIKE)
    return long[near[0]] if near else None


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Turn what click prints in three lines into an error of drywet's.

    Raises:
        DrywetError: an option or argument that is missing, unknown or of another kind.
    """
    try:
        yield
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # no error: the help is its message
            raise
        raise _in_one_line(error) from None


def _in_one_line(error: Any) -> DrywetError:
    context, kind = error.ctx, type(error).__name__
    command = "drywet" if context is None else context.command_path
    see = f"See '{command} --help'."
    if kind == "NoSuchOption":
        own = [name for param in context.command.get_params(context) for name in param.opts]
        near = meant(error.option_name, own)
        return DrywetError(
            f"no option {error.option_name}", f"one of '{command}'",
            f"Did you mean {near}?" if near else see,
        )  # fmt: skip
    if kind == "MissingParameter":
        usage = context.get_usage().removeprefix("Usage: ")
        return DrywetError(f"{error.param.name} is missing", f"'{usage}'", see)
    if kind == "BadParameter" and error.param is not None:
        name = error.param.opts[0]
        expected = error.message.removeprefix("Input should be ").partition(", ")[0].rstrip(".")
        return DrywetError(f"{name} has a value that it does not take", expected, see)
    found, _, advice = error.format_message().partition(". ")
    found = found[:1].lower() + found[1:].rstrip(".")
    return DrywetError(found, f"one of what '{command} --help' lists", advice or see)
