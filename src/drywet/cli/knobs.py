"""Knobs as options: ``--drive 0.7`` for whatever knobs a device has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from drywet.cli.usage import meant
from drywet.errors import DrywetError, UnknownKnobError

if TYPE_CHECKING:
    from drywet.verbs.render import Turn

CAPTURES = 9
"""Of a device with knobs, where no other number is asked for."""
_KEY = "drywet.knobs"
_SURE_KEY = "drywet.knobs.sure"


class KnobCommand(TyperCommand):
    """A command that takes ``--NAME NUMBER``, or ``--knob NAME=NUMBER``, for a device's knobs.

    Where a command has an option ``--device``, only with it: without a device a name that isn't
    an option's is a slip.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the knobs out of the arguments and keep them for `knobs_of`."""
        own = self._options(ctx)
        given = {arg.partition("=")[0] for arg in args}
        if "--device" in own and "--device" not in given:
            return super().parse_args(ctx, args)
        knobs: dict[str, Turn] = {}
        sure: set[str] = set()
        rest: list[str] = []
        remaining = iter(args)
        for arg in remaining:
            name, equals, value = arg.partition("=")
            if arg == "--":
                rest += [arg, *remaining]
            elif name == "--knob":  # for one that is called like an option
                name, _, value = (value if equals else next(remaining, "")).partition("=")
                knobs[name] = _number(f"--knob {name}", value)
                sure.add(name)
            elif name.startswith("--") and len(name) > 2 and name not in own:
                value = value if equals else next(remaining, "")
                knobs[name[2:]] = self._number_of_option(ctx, name, value)
            else:
                rest.append(arg)
        ctx.meta[_KEY], ctx.meta[_SURE_KEY] = knobs, sure
        return super().parse_args(ctx, rest)

    def invoke(self, ctx: Any) -> Any:
        """Run the command.

        Raises:
            DrywetError: what was taken for a knob is none; it says what it may be.
        """
        try:
            return super().invoke(ctx)
        except UnknownKnobError as error:
            if error.name in ctx.meta.get(_SURE_KEY, ()):
                raise
            name, there = f"--{error.name}", [f"--{knob}" for knob in error.there]
            near = meant(name, [*there, *self._options(ctx)])
            if near is not None:
                raise self._slip(ctx, name, near) from None
            raise DrywetError(
                f"{name} is no option of '{ctx.command_path}', and {error.owner} has no such knob",
                ", ".join(there) or "none, as it has no knobs",
                f"'{ctx.command_path} --help' lists the options.",
            ) from None

    def _options(self, ctx: Any) -> set[str]:
        params = self.get_params(ctx)
        names = {name for param in params for name in (*param.opts, *param.secondary_opts)}
        return names | {"--help"}

    def _number_of_option(self, ctx: Any, name: str, value: str) -> Turn:
        """What a knob is turned to; a misspelt option may have any value, or none."""
        try:
            return _number(name, value)
        except DrywetError:
            near = meant(name, self._options(ctx))
            if near is None:
                raise
            raise self._slip(ctx, name, near) from None

    def _slip(self, ctx: Any, name: str, near: str) -> DrywetError:
        return DrywetError(
            f"no option {name}", f"one of '{ctx.command_path}', or a knob", f"Did you mean {near}?"
        )


def option_of(knob: str, position: float | None = None) -> str:
    """How a knob is turned: ``--drive 5``, or ``--knob channel=5`` where an option has its name."""
    from typer.main import get_command

    from drywet.cli.app import app

    context: Any = typer.Context(get_command(app))
    commands = vars(context.command)["commands"].values()
    taken = {
        option
        for command in commands
        if isinstance(command, KnobCommand)
        for param in command.get_params(context)
        for option in (*param.opts, *param.secondary_opts)
    }
    at = "" if position is None else f"{position:g}"
    return f"--knob {knob}={at}" if f"--{knob}" in taken else f"--{knob} {at}".rstrip()


def _number(name: str, text: str) -> Turn:
    start, turns, end = text.partition(":")
    try:
        return (float(start), float(end)) if turns else float(text)
    except ValueError:
        raise DrywetError(
            f"{name} {text}".strip(), f"a number, if {name} is a knob of the device",
            "See --help for the options and 'drywet devices' for knobs.",
        ) from None  # fmt: skip


def turns_of(context: typer.Context) -> dict[str, Turn]:
    """The knobs that were given, those that turn too."""
    return dict(context.meta.get(_KEY, {}))


def knobs_of(context: typer.Context) -> dict[str, float]:
    """The knobs that were given.

    Raises:
        DrywetError: one turns.
    """
    found = {}
    for name, turn in turns_of(context).items():
        if isinstance(turn, tuple):
            raise DrywetError(
                f"--{name} {turn[0]:g}:{turn[1]:g}", "one position",
                "Only 'drywet render' turns knobs while it plays.",
            )  # fmt: skip
        found[name] = turn
    return found
