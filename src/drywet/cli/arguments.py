"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drywet.formats.registry import FORMATS, READS

DryFile = Annotated[Path, typer.Argument(help="The signal into the device.")]
WetFile = Annotated[Path, typer.Argument(help="The same performance out of it.")]
Model = Annotated[
    Path,
    typer.Argument(
        help=f"Folder of a run, or a model: {', '.join(READS)} (of RTNeural, AIDA-X, GuitarML)."
    ),
]
RunOrModel = Annotated[
    Path, typer.Argument(help="Folder of a run; a model file of any format needs DRY and WET.")
]
Size = Annotated[
    float, typer.Option(help="Of a slimmable .nam: which of its models, 0 to 1.", min=0, max=1)
]
Oversample = Annotated[
    int,
    typer.Option(help="Times its rate the model runs at: 1, 2, 4 or 8. Less aliasing, more work."),
]
MinimumPhase = Annotated[
    bool, typer.Option("--minimum-phase", help="Of oversampling's filters: less latency.")
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=f"{', '.join(FORMATS)} [default: by the file's ending].",
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
        help="Samples by which the wet lags (the first take), instead of measuring it.",
        show_default=False,
    ),
]
ResampleDrift = Annotated[
    bool, typer.Option("--resample-drift", help="Mend the drift of two clocks.")
]
PerTake = Annotated[bool, typer.Option("--per-take", help="Align joined takes each by itself.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]
Force = Annotated[bool, typer.Option("--force", help="Go on past findings that allow it.")]
