"""The ``drywet`` command. Heavy imports wait inside the commands: ``--help`` answers at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drywet.cli.knobs import KnobCommand, knobs_of
from drywet.errors import DrywetError

if TYPE_CHECKING:
    from drywet.verbs.train import Run
    from drywet.verbs.train_seeds import Seeds

app = typer.Typer(
    name="drywet",
    help="Learn an analog effect from a dry and a wet recording.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

DryFile = Annotated[Path, typer.Argument(help="The signal into the device.")]
WetFile = Annotated[Path, typer.Argument(help="The same performance out of it.")]
Model = Annotated[Path, typer.Argument(help="Folder of a run, or a .safetensors of drywet.")]
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
    seconds: Annotated[float, typer.Option(help="Length, 30 to 180.")] = 90.0,
    rate: Annotated[int, typer.Option(help="Sample rate in Hz.")] = 48_000,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file.")] = False,
    json: AsJson = False,
) -> None:
    """Write the capture signal to play through your device."""
    from drywet.cli import show
    from drywet.verbs.signal import signal

    show.signal(signal(out, seconds=seconds, rate=rate, overwrite=overwrite), json)


@app.command("check")
def check_command(
    dry: DryFile,
    wet: WetFile,
    channel: Channel = None,
    resample: Resample = False,
    latency: LatencyOption = None,
    json: AsJson = False,
) -> None:
    """Check a capture before training. Exit code 2 where it finds an error."""
    from drywet.cli import show
    from drywet.verbs.check import check

    report = check(dry, wet, channel=channel, resample=resample, latency=latency)
    show.check(report, json)
    if not report.ok:
        raise typer.Exit(2)


@app.command("devices")
def devices_command(json: AsJson = False) -> None:
    """List the effects that come with drywet, with their knobs."""
    from drywet.cli import show
    from drywet.verbs.devices import devices

    show.devices(devices(), json)


@app.command("process", cls=KnobCommand)
def process_command(
    context: typer.Context,
    device: Annotated[
        str, typer.Argument(help="One of 'drywet devices', a .cir, a model, lv2:URI.")
    ],
    source: Annotated[Path, typer.Argument(help="Audio file to play.")],
    target: Annotated[Path, typer.Argument(help="Audio file to write.")],
    oversampling: Annotated[
        int | None, typer.Option(help="Of a circuit [default: 8].", show_default=False)
    ] = None,
    channel: Channel = None,
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
            oversampling=oversampling, channel=channel, on_progress=bar.update,
        )  # fmt: skip
    show.processed(result, json)


@app.command("train", cls=KnobCommand)
def train_command(
    context: typer.Context,
    dry: Annotated[
        Path | None, typer.Argument(help="The signal into the device.", show_default=False)
    ] = None,
    wet: Annotated[
        Path | None, typer.Argument(help="The same performance out of it.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="Folder of the run [default: runs/, the wet file's name]."
        ),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with this interrupted run.", show_default=False)
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run in -o.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="JSON file of settings; options go before it.", show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="recurrent, windowed or linear [default: recurrent].", show_default=False
        ),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            help="lstm, gru, rnn; dense when windowed [default: lstm].", show_default=False
        ),
    ] = None,
    hidden: Annotated[
        int | None, typer.Option(help="Units per layer [default: 16].", show_default=False)
    ] = None,
    layers: Annotated[
        int | None, typer.Option(help="Layers [default: 1].", show_default=False)
    ] = None,
    skip: Annotated[
        bool | None, typer.Option("--skip/--no-skip", help="Add the dry signal to the output.")
    ] = None,
    frame: Annotated[
        int | None, typer.Option(help="Windowed: samples per frame.", show_default=False)
    ] = None,
    taps: Annotated[
        int | None, typer.Option(help="Linear: length of the filter.", show_default=False)
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Budget: passes over the audio.", show_default=False)
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Budget: seconds of training.", show_default=False)
    ] = None,
    until_esr: Annotated[
        float | None, typer.Option(help="Stop at this validation ESR.", show_default=False)
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            help="Keep the best by esr, esr_pre, mrstft or composite [default: esr].",
            show_default=False,
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after so many validations without a better.", show_default=False),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(help="Learn from so many windows only, drawn once.", show_default=False),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=2, help="Train so often, --seed and up.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of weights and windows.", show_default=False)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Instead of a pair: learn this one of 'drywet devices', with its knobs as options "
            "(--drive 0.7).",
            show_default=False,
        ),
    ] = None,
    signal: Annotated[
        Path | None,
        typer.Option(
            help="With --device: play this through it [default: the capture signal].",
            show_default=False,
        ),
    ] = None,
    compute: Annotated[
        str | None, typer.Option(help="cpu, cuda, mps or auto [default: cpu].", show_default=False)
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads.", show_default=False)] = None,
    batch: Annotated[int | None, typer.Option(help="Windows per step.", show_default=False)] = None,
    segment: Annotated[
        int | None, typer.Option(help="Samples learned from per window.", show_default=False)
    ] = None,
    bptt: Annotated[
        int | None, typer.Option(help="Samples per weight update.", show_default=False)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak learning rate.", show_default=False)
    ] = None,
    pre_emphasis: Annotated[
        float | None,
        typer.Option(help="Pre-emphasis of the ESR loss, 0 to 1.", show_default=False),
    ] = None,
    mrstft: Annotated[
        float | None, typer.Option(help="Weight of the MR-STFT loss.", show_default=False)
    ] = None,
    dc: Annotated[
        float | None, typer.Option(help="Weight of the DC loss.", show_default=False)
    ] = None,
    mae: Annotated[
        float | None, typer.Option(help="Weight of the MAE loss.", show_default=False)
    ] = None,
    rate: Annotated[
        int | None, typer.Option(help="Sample rate of the model in Hz.", show_default=False)
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(help="Hold out START:END seconds for the test.", show_default=False),
    ] = None,
    margin: Annotated[
        int | None, typer.Option(help="Samples the model may lag.", show_default=False)
    ] = None,
    channel: Channel = None,
    resample: Resample = False,
    latency: LatencyOption = None,
    force: Force = False,
    json: AsJson = False,
) -> None:
    """Learn a device from its dry and wet recordings."""
    from drywet.cli import options, show
    from drywet.cli.progress import TrainingBar
    from drywet.verbs import train as verb
    from drywet.verbs.train_seeds import resume_seeds, train_seeds

    try:
        with TrainingBar() as bar:
            run: Run | Seeds
            if resume is not None:
                options.refuse_with_resume(context.params)
                if options.is_group(resume):
                    run = resume_seeds(resume, on_run=show.step, on_progress=bar.update)
                else:
                    run = verb.resume(resume, on_progress=bar.update)
            else:
                settings = options.settings(context.params, config)
                chosen: dict[str, Any] = {
                    "out": out, "model": settings.model, "loss": settings.loss,
                    "training": settings.training, "capture": settings.capture,
                    "overwrite": overwrite, "on_check": show.check_aside,
                    "on_progress": bar.update,
                }  # fmt: skip
                if seeds is not None:
                    chosen |= {"seeds": seeds, "on_run": show.step}
                if options.is_device(device, dry, signal):
                    from drywet.verbs.train_device import train_device

                    run = train_device(
                        str(device), knobs=knobs_of(context), signal=signal,
                        on_step=show.step, **chosen,
                    )  # fmt: skip
                else:
                    learn = verb.train if seeds is None else train_seeds
                    run = learn(*options.both_files(dry, wet), **chosen)
    except KeyboardInterrupt:
        show.stopped_early(resume or out)
        raise typer.Exit(130) from None
    show.trained(run, json)
    if show.was_interrupted(run):
        raise typer.Exit(130)


@app.command("evaluate")
def evaluate_command(
    run: RunPath,
    dry: Annotated[
        Path | None, typer.Argument(help="Another dry file.", show_default=False)
    ] = None,
    wet: Annotated[
        Path | None, typer.Argument(help="The wet file to it.", show_default=False)
    ] = None,
    channel: Channel = None,
    resample: Resample = False,
    latency: LatencyOption = None,
    force: Force = False,
    json: AsJson = False,
) -> None:
    """Score a run on its held-out audio, or on another capture of the device."""
    from drywet.cli import show
    from drywet.verbs.evaluate import evaluate

    result = evaluate(
        run, dry, wet, channel=channel, resample_wet=resample, latency=latency, force=force
    )
    show.evaluation(result, json)


@app.command("report")
def report_command(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs, or of several seeds.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Page to write [default: report.html in the run]."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Write a page with all scores, figures and sounds of a run, or of several side by side."""
    from drywet.cli import show
    from drywet.verbs.report import report

    show.reported(report(runs, out, on_step=show.step), json)


@app.command("render")
def render_command(
    model: Model,
    source: Annotated[Path, typer.Argument(help="Audio file to play.")],
    target: Annotated[Path, typer.Argument(help="Audio file to write.")],
    channel: Channel = None,
    resample: Resample = False,
    block: Annotated[int, typer.Option(min=1, help="Samples per block.")] = 65_536,
    json: AsJson = False,
) -> None:
    """Play an audio file of any length through a model."""
    from drywet.cli import show
    from drywet.cli.progress import RenderBar
    from drywet.verbs.render import render

    with RenderBar() as bar:
        result = render(
            model, source, target,
            channel=channel, resample=resample, block=block, on_progress=bar.update,
        )  # fmt: skip
    show.rendered(result, json)


@app.command("export")
def export_command(
    model: Model,
    format: Annotated[str, typer.Option(help="nam or rtneural.")] = "nam",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="File to write [default: in the run's folder]."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name shown in the plugin.", show_default=False)
    ] = None,
    json: AsJson = False,
) -> None:
    """Write a model for Neural Amp Modeler or RTNeural."""
    from drywet.cli import show
    from drywet.verbs.export import export

    show.exported(export(model, format=format, out=out, name=name), json)


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
    from drywet.verbs.demo import demo

    training = options.budget(seconds)
    with TrainingBar() as bar:
        result = demo(
            out, overwrite=overwrite, training=training, on_step=show.step, on_progress=bar.update
        )
    show.demo(result, json)


def main() -> None:
    """Entry point: errors the user can mend end in one line and exit code 2."""
    try:
        app()
    except DrywetError as error:
        print(f"drywet: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
