"""Knobs as options: ``--drive 0.7`` for whatever knobs a device has."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

from drywet.errors import DrywetError

_KEY = "drywet.knobs"


class KnobCommand(TyperCommand):
    """A command that takes ``--NAME NUMBER``, or ``--knob NAME=NUMBER``, for a device's knobs.

    Where a command has an option ``--device``, only with it: without a device a name that isn't
    an option's is a slip.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the knobs out of the arguments and keep them for `knobs_of`."""
        own = {
            name for param in self.get_params(ctx) for name in (*param.opts, *param.secondary_opts)
        }
        own.add("--help")
        given = {arg.partition("=")[0] for arg in args}
        if "--device" in own and "--device" not in given:
            return super().parse_args(ctx, args)
        knobs: dict[str, float] = {}
        rest: list[str] = []
        remaining = iter(args)
        for arg in remaining:
            name, equals, value = arg.partition("=")
            if arg == "--":
                rest += [arg, *remaining]
            elif name == "--knob":  # for one that is called like an option
                name, _, value = (value if equals else next(remaining, "")).partition("=")
                knobs[name] = _number(f"--knob {name}", value)
            elif name.startswith("--") and len(name) > 2 and name not in own:
                knobs[name[2:]] = _number(name, value if equals else next(remaining, ""))
            else:
                rest.append(arg)
        ctx.meta[_KEY] = knobs
        return super().parse_args(ctx, rest)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DrywetError(
            f"{name} {text}".strip(), f"a number, if {name} is a knob of the device",
            "See --help for the options and 'drywet devices' for knobs.",
        ) from None  # fmt: skip


def knobs_of(context: typer.Context) -> dict[str, float]:
    """The knobs that were given."""
    return dict(context.meta.get(_KEY, {}))
