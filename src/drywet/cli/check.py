"""The command ``drywet check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from drywet.cli.arguments import (
    AsJson,
    Channel,
    LatencyOption,
    PerTake,
    Resample,
    ResampleDrift,
)  # fmt: skip


def check_command(
    dry: Annotated[
        Path | None, typer.Argument(help="The signal into the device.", show_default=False)
    ] = None,
    wet: Annotated[
        Path | None, typer.Argument(help="The same performance out of it.", show_default=False)
    ] = None,
    captures: Annotated[
        Path | None,
        typer.Option(
            help="Instead of a pair: all of a device with knobs, a captures.yaml or a folder.",
            show_default=False,
        ),
    ] = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            help="With --captures: a position that will not be learned from (drive=5).",
            show_default=False,
        ),
    ] = None,
    channel: Channel = None,
    resample: Resample = False,
    latency: LatencyOption = None,
    resample_drift: ResampleDrift = False,
    per_take: PerTake = False,
    json: AsJson = False,
) -> None:
    """Check a capture before training. Exit code 2 where it finds an error."""
    from drywet.cli import options, show
    from drywet.cli.progress import ScoringBar
    from drywet.verbs.check import check, check_captures

    options.require_one_capture(dry, wet, captures, hold_out)
    with ScoringBar() as bar:
        given: dict[str, Any] = {
            "channel": channel, "resample": resample, "latency": latency,
            "resample_drift": resample_drift, "per_take": per_take, "on_progress": bar.update,
        }  # fmt: skip
        if captures is not None:
            report = check_captures(captures, hold_out=hold_out or (), **given)
        else:
            assert dry is not None and wet is not None
            report = check(dry, wet, **given)
    show.check(report, json)
    if not report.ok:
        raise typer.Exit(2)
