"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DryFile = Annotated[Path, typer.Argument(help="The signal into the device.")]
WetFile = Annotated[Path, typer.Argument(help="The same performance out of it.")]
Model = Annotated[
    Path,
    typer.Argument(
        help="Folder of a run, or a model: .safetensors, .nam, .onnx, a .json of RTNeural, AIDA-X "
        "or GuitarML."
    ),
]
RunOrModel = Annotated[
    Path, typer.Argument(help="Folder of a run; a model file of any format needs DRY and WET.")
]
Size = Annotated[
    float, typer.Option(help="Of a slimmable .nam: which of its models, 0 to 1.", min=0, max=1)
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="nam, rtneural, aidax, proteus, onnx, c or drywet [default: by the file's ending].",
        show_default=False,
    ),
]
RunPath = Annotated[Path, typer.Argument(help="Folder of a run.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Channel = Annotated[
    int | None, typer.Option(min=1, help="Channel of stereo files, from 1.", show_default=False)
]
Resample = Annotated[bool, typer.Option("--resample", help="Convert where sample rates differ.")]
LatencyOption = Annotated[
    int | None,
    typer.Option(
        help="Samples by which the wet lags, instead of measuring it.", show_default=False
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Go on past findings that allow it.")]
