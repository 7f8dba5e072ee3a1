"""The commands ``drywet export`` and ``drywet convert``: most of them is their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drywet.cli.arguments import (
    AsJson,
    FormatOption,
    MinimumPhase,
    Model,
    Oversample,
    Overwrite,
    Size,
)  # fmt: skip
from drywet.cli.knobs import knobs_of
from drywet.formats.registry import FORMATS, SUFFIXES

_GEAR = "amp, pedal, pedal_amp, amp_cab, amp_pedal_cab, preamp or studio."
_TONE = "clean, overdrive, crunch, hi_gain or fuzz."


def export_command(
    context: typer.Context,
    model: Model,
    format: Annotated[str, typer.Option(help=f"{', '.join(FORMATS)}.")] = "nam",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="File to write [default: in the run's folder]."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name shown in the plugin.", show_default=False)
    ] = None,
    modeled_by: Annotated[
        str | None, typer.Option(help="Who made the model.", show_default=False)
    ] = None,
    gear_type: Annotated[str | None, typer.Option(help=_GEAR, show_default=False)] = None,
    gear_make: Annotated[
        str | None, typer.Option(help="Maker of the gear.", show_default=False)
    ] = None,
    gear_model: Annotated[
        str | None, typer.Option(help="Name of the gear.", show_default=False)
    ] = None,
    tone_type: Annotated[str | None, typer.Option(help=_TONE, show_default=False)] = None,
    input_level_dbu: Annotated[
        float | None,
        typer.Option(help="Level in dBu of a full-scale sine at the input.", show_default=False),
    ] = None,
    output_level_dbu: Annotated[
        float | None,
        typer.Option(help="Level in dBu of a full-scale sine at the output.", show_default=False),
    ] = None,
    slim: Annotated[
        list[Path] | None,
        typer.Option(
            help="A lighter model of the same device, to be in the same .nam; may be repeated.",
            show_default=False,
        ),
    ] = None,
    size: Size = 1.0,
    oversample: Oversample = 1,
    minimum_phase: MinimumPhase = False,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Write a model for a plugin, as ONNX or as C.

    --knob1 0.7 fixes a knob of the model at a position.
    """
    from drywet.cli import show
    from drywet.verbs.export import export

    described = {
        "modeled_by": modeled_by, "gear_type": gear_type, "gear_make": gear_make,
        "gear_model": gear_model, "tone_type": tone_type, "input_level_dbu": input_level_dbu,
        "output_level_dbu": output_level_dbu,
    }  # fmt: skip
    given = {key: value for key, value in described.items() if value is not None}
    result = export(
        model, format=format, out=out, name=name, metadata=given, knobs=knobs_of(context),
        size=size, slim=slim or (), oversample=oversample,
        phase="minimum" if minimum_phase else "linear", overwrite=overwrite,
    )  # fmt: skip
    show.exported(result, json)


def convert_command(
    context: typer.Context,
    source: Model,
    target: Annotated[
        Path,
        typer.Argument(help=f"File to write: {', '.join(SUFFIXES)}."),
    ],
    format: FormatOption = None,
    size: Size = 1.0,
    oversample: Oversample = 1,
    minimum_phase: MinimumPhase = False,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Write a model of one format in another. --knob1 0.7 fixes a knob at a position."""
    from drywet.cli import show
    from drywet.verbs.export import convert

    result = convert(
        source, target, format=format, knobs=knobs_of(context), size=size,
        oversample=oversample, phase="minimum" if minimum_phase else "linear",
        overwrite=overwrite,
    )  # fmt: skip
    show.exported(result, json)
