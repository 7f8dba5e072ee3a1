"""The command ``drywet plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drywet.cli.arguments import AsJson
from drywet.cli.knobs import CAPTURES


def plan_command(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="A run with knobs, or several of different seeds: where to record next.",
            show_default=False,
        ),
    ] = None,
    knobs: Annotated[
        str | None,
        typer.Option(
            help="Instead: the knobs of a device yet to be recorded (drive=0:10,tone).",
            show_default=False,
        ),
    ] = None,
    captures: Annotated[int, typer.Option(help="With --knobs: how many captures.")] = CAPTURES,
    json: AsJson = False,
) -> None:
    """Say at which positions of its knobs to record a device."""
    from drywet.cli import show
    from drywet.errors import DrywetError
    from drywet.verbs.plan import plan, plan_next

    if (knobs is None) == (not runs):
        raise DrywetError(
            "no knobs and no run" if knobs is None else "--knobs and a run", "one of them",
            "Call drywet plan --knobs drive,tone --captures 9, or drywet plan RUN.",
        )  # fmt: skip
    show.plan(plan(knobs, captures) if knobs is not None else plan_next(runs or []), json)
