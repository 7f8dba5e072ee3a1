"""The ``drywet`` command. Heavy imports wait inside the commands: ``--help`` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from drywet.cli.arguments import (
    AsJson,
    Channel,
    Force,
    LatencyOption,
    Model,
    Oversample,
    Overwrite,
    PerTake,
    Resample,
    ResampleDrift,
    RunOrModel,
    Size,
)  # fmt: skip
from drywet.cli.check import check_command
from drywet.cli.clean import clean_command
from drywet.cli.export import convert_command, export_command
from drywet.cli.knobs import KnobCommand, knobs_of, turns_of
from drywet.cli.plan import plan_command
from drywet.cli.rank import rank_command
from drywet.cli.signals import ended_in_order
from drywet.cli.study import study_app
from drywet.cli.train import train_command
from drywet.cli.usage import OneLineGroup
from drywet.errors import DrywetError, extras_wanted

app = typer.Typer(
    cls=OneLineGroup,
    name="drywet",
    help="Learn an analog effect from a dry and a wet recording.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"drywet {version('drywet')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print it and exit."
        ),
    ] = False,
) -> None:
    """Learn an analog effect from a dry and a wet recording."""


@app.command("signal")
def signal_command(
    out: Annotated[Path, typer.Argument(help="Audio file to write.")],
    kind: Annotated[str, typer.Option(help="capture, or mixed: that of a study.")] = "capture",
    seconds: Annotated[
        float | None,
        typer.Option(
            help="Length, 30 to 180 [default: 90]; mixed 60 to 600 [default: 480].",
            show_default=False,
        ),
    ] = None,
    rate: Annotated[int, typer.Option(help="Sample rate in Hz.")] = 48_000,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file.")] = False,
    json: AsJson = False,
) -> None:
    """Write a signal to play through your device."""
    from drywet.cli import show
    from drywet.verbs.signal import signal

    written = signal(out, kind=kind, seconds=seconds, rate=rate, overwrite=overwrite)
    show.signal(written, json)


app.command("check")(check_command)


@app.command("devices")
def devices_command(
    name: Annotated[
        str | None, typer.Argument(help="One of them, in full.", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """List the effects that come with drywet, or say all about one: its knobs, its sources."""
    from drywet.cli import show
    from drywet.verbs.devices import devices

    show.devices(devices(name), name is not None, json)


@app.command("process", cls=KnobCommand)
def process_command(
    context: typer.Context,
    device: Annotated[
        str, typer.Argument(help="One of 'drywet devices', a .cir, a model, lv2:URI.")
    ],
    source: Annotated[Path, typer.Argument(help="Audio file to play.")],
    target: Annotated[Path, typer.Argument(help="Audio file to write.")],
    oversample: Annotated[
        int | None,
        typer.Option(
            help="Times the rate it runs at: a circuit 1 to 64 [default: 8], a model 1, 2, 4 or 8.",
            show_default=False,
        ),
    ] = None,
    overwrite: Overwrite = False,
    channel: Channel = None,
    resample: Resample = False,
    json: AsJson = False,
) -> None:
    """Play an audio file through a device.

    Its knobs are options: --drive 0.7, or --knob drive=0.7.
    """
    from drywet.cli import show
    from drywet.cli.progress import RenderBar
    from drywet.verbs.process import process

    with RenderBar() as bar:
        result = process(
            device, source, target, knobs=knobs_of(context),
            oversample=oversample, channel=channel, resample=resample,
            overwrite=overwrite, on_progress=bar.update,
        )  # fmt: skip
    show.processed(result, json)


app.command("train", cls=KnobCommand)(train_command)

app.command("clean")(clean_command)

app.command("plan")(plan_command)

app.add_typer(study_app, name="study")


@app.command("evaluate", cls=KnobCommand)
def evaluate_command(
    context: typer.Context,
    run: RunOrModel,
    dry: Annotated[
        Path | None, typer.Argument(help="Another dry file.", show_default=False)
    ] = None,
    wet: Annotated[
        Path | None, typer.Argument(help="The wet file to it.", show_default=False)
    ] = None,
    channel: Channel = None,
    resample: Resample = False,
    latency: LatencyOption = None,
    resample_drift: ResampleDrift = False,
    per_take: PerTake = False,
    force: Force = False,
    size: Size = 1.0,
    oversample: Oversample = 1,
    json: AsJson = False,
) -> None:
    """Score a run on its held-out audio, or a run or anyone's model on another capture."""
    from drywet.cli import show
    from drywet.cli.progress import ScoringBar
    from drywet.verbs.evaluate import evaluate

    with ScoringBar() as bar:
        result = evaluate(
            run, dry, wet, channel=channel, resample_wet=resample, latency=latency,
            resample_drift=resample_drift, per_take=per_take, force=force,
            knobs=knobs_of(context), size=size, oversample=oversample, on_progress=bar.update,
        )  # fmt: skip
    show.evaluation(result, run, json)


app.command("rank", cls=KnobCommand)(rank_command)


@app.command("report")
def report_command(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of runs, or of several seeds; or a MODEL, DRY and WET."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="Page to write [default: report.html in the run, or here]."
        ),
    ] = None,
    oversample: Oversample = 1,
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Write a page with all scores, figures and sounds of a run, or of several side by side."""
    from drywet.cli import show
    from drywet.verbs.report import report

    made = report(runs, out, oversample=oversample, overwrite=overwrite, on_step=show.step)
    show.reported(made, json)


@app.command("render", cls=KnobCommand)
def render_command(
    context: typer.Context,
    model: Model,
    files: Annotated[
        list[Path],
        typer.Argument(help="Audio file to play and file to write; with -o, files to play."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="File to write, or folder for several."),
    ] = None,
    ir: Annotated[
        Path | None,
        typer.Option("--ir", help="Play it through a cabinet: its impulse response."),
    ] = None,
    overwrite: Overwrite = False,
    channel: Channel = None,
    resample: Resample = False,
    block: Annotated[int, typer.Option(min=1, help="Samples per block.")] = 65_536,
    size: Size = 1.0,
    oversample: Oversample = 1,
    json: AsJson = False,
) -> None:
    """Play audio files of any length through a model.

    Its knobs, where it has some, are options: --knob1 0.7, or --knob1 0:1 to turn one meanwhile.
    """
    from drywet.cli import show
    from drywet.cli.progress import RenderBar
    from drywet.verbs.render import places, render, render_all

    sources, target, several = places(files, out)
    with RenderBar() as bar:
        chosen: dict[str, Any] = {
            "channel": channel, "resample": resample, "block": block, "knobs": turns_of(context),
            "size": size, "oversample": oversample, "ir": ir, "overwrite": overwrite,
            "on_progress": bar.update,
        }  # fmt: skip
        if several:
            made = render_all(model, sources, target, **chosen)
        else:
            made = [render(model, sources[0], target, **chosen)]
    show.rendered(made, several, json)


app.command("export", cls=KnobCommand)(export_command)


app.command("convert", cls=KnobCommand)(convert_command)


@app.command("info")
def info_command(model: Model, size: Size = 1.0, json: AsJson = False) -> None:
    """Say what a model is: size, cost, rate, memory, knobs, metadata."""
    from drywet.cli import show_info
    from drywet.verbs.info import info

    show_info.info(info(model, size=size), json)


@app.command("serve")
def serve_command(
    runs: Annotated[Path, typer.Argument(help="Folder of the runs.")] = Path("runs"),
    host: Annotated[
        str, typer.Option(help="Listen there; others can reach it if it is not this machine alone.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8730,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = True,
) -> None:
    """Open a page in the browser to capture, train, compare and take models home."""
    from drywet.cli import show
    from drywet.web.serve import serve

    serve(
        runs, host=host, port=port, open_browser=browser, on_address=show.address,
        on_new=show.new_folder,
    )  # fmt: skip


@app.command("doctor")
def doctor_command(json: AsJson = False) -> None:
    """Say what drywet runs on here: compiled kernels or PyTorch, and why."""
    from drywet.cli import show
    from drywet.verbs.doctor import doctor

    show.doctor(doctor(), json)


@app.command("demo")
def demo_command(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for everything.")] = Path("demo"),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier demo.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Budget: seconds of training.", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """Capture, learn and export the built-in Boss SD-1, start to end."""
    from drywet.cli import options, show
    from drywet.cli.progress import TrainingBar
    from drywet.cli.terminal import TerminalControl
    from drywet.verbs.demo import demo

    training = options.budget(seconds)
    with TrainingBar() as bar:
        result = demo(
            out,
            overwrite=overwrite,
            training=training,
            on_step=bar.say,
            control=TerminalControl(bar, findings=False),
        )
    show.demo(result, json)


def main() -> None:
    """Entry point: errors the user can mend end in one line and exit code 2."""
    # Matrices are small here: NumPy's threads wait for each other longer than they work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        with ended_in_order(), extras_wanted():
            app()
    except DrywetError as error:
        print(f"drywet: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
