"""The command ``drywet clean``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drywet.cli.arguments import (
    AsJson,
    Channel,
    Force,
    LatencyOption,
    Model,
    PerTake,
    Resample,
    ResampleDrift,
)  # fmt: skip


def clean_command(
    model: Model,
    dry: Annotated[
        Path | None,
        typer.Argument(help="For a model file: the signal into the device.", show_default=False),
    ] = None,
    wet: Annotated[
        Path | None,
        typer.Argument(help="The same performance out of it.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Folder of the new run [default: the model's, -clean]."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run in -o.")] = False,
    channel: Channel = None,
    resample: Resample = False,
    latency: LatencyOption = None,
    resample_drift: ResampleDrift = False,
    per_take: PerTake = False,
    force: Force = False,
    json: AsJson = False,
) -> None:
    """Train a model on until it hardly aliases, for plugins that cannot oversample.

    A run goes on with its own capture. A model file learns from DRY and WET, or, without them,
    from its own oversampled self.
    """
    from drywet.cli import show
    from drywet.cli.progress import TrainingBar
    from drywet.cli.terminal import TerminalControl
    from drywet.runs.config import CaptureConfig
    from drywet.verbs.clean import clean

    capture = CaptureConfig(
        channel=channel, resample=resample, latency=latency, resample_drift=resample_drift,
        per_take=per_take, force=force,
    )  # fmt: skip
    bar = TrainingBar()
    control = TerminalControl(bar)
    try:
        with bar:
            run = clean(
                model, dry, wet, out=out, capture=capture, overwrite=overwrite, on_step=bar.say,
                control=control,
            )  # fmt: skip
    except KeyboardInterrupt:
        show.stopped_early(control.place)
        raise typer.Exit(130) from None
    show.trained(run, json)
    if run.interrupted:
        raise typer.Exit(130)
