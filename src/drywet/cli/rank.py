"""The command ``drywet rank``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drywet.cli.arguments import (
    AsJson,
    Channel,
    DryFile,
    Force,
    LatencyOption,
    Overwrite,
    PerTake,
    Resample,
    ResampleDrift,
    WetFile,
)  # fmt: skip
from drywet.cli.knobs import knobs_of


def rank_command(
    context: typer.Context,
    dry: DryFile,
    wet: WetFile,
    models: Annotated[list[Path], typer.Argument(help="Runs, or models of any format.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Page to write [default: ranking.html here]."),
    ] = None,
    channel: Channel = None,
    resample: Resample = False,
    latency: LatencyOption = None,
    resample_drift: ResampleDrift = False,
    per_take: PerTake = False,
    force: Force = False,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Put models in order of how close they sound to a recording, whoever made them.

    Knobs, of those that have some, are options: --drive 0.7.
    """
    from drywet.cli import show
    from drywet.cli.progress import ScoringBar

    with ScoringBar() as bar:
        bar.update("starting", 0.0)  # SciPy and the like take their time to load
        from drywet.verbs.rank import rank

        found = rank(
            dry, wet, models, out=out, channel=channel, resample_wet=resample, latency=latency,
            resample_drift=resample_drift, per_take=per_take, force=force, knobs=knobs_of(context),
            overwrite=overwrite, on_progress=bar.update,
        )  # fmt: skip
    show.ranking(found, json)
