"""The command ``drywet train``: most of it is its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from drywet.cli.arguments import (
    AsJson,
    Channel,
    Force,
    LatencyOption,
    PerTake,
    Resample,
    ResampleDrift,
)  # fmt: skip
from drywet.cli.knobs import knobs_of

if TYPE_CHECKING:
    from drywet.verbs.scored_run import Run
    from drywet.verbs.train_seeds import Seeds


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
            "-o",
            "--out",
            help="Folder of the run [default: runs/, the wet file's or its folder's name].",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Of what is learned, shown by plugins; the folder's, too.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with this interrupted run.", show_default=False)
    ] = None,
    longer: Annotated[
        bool, typer.Option("--longer", help="With --resume: train a finished run on.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run in -o.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="JSON file of settings; options go before it.", show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="recurrent, windowed, linear or wavenet [default: recurrent].",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="WaveNet: NAM's standard, lite, feather, nano, a2 or a2-lite [default: standard].",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            help="Train this model further: a run, .nam or any other.", show_default=False
        ),
    ] = None,
    clean: Annotated[
        bool,
        typer.Option(
            "--clean", help="Then train on until it hardly aliases, as 'drywet clean' does."
        ),
    ] = False,
    quality: Annotated[
        str | None,
        typer.Option(
            help="How long to train: quick, good or best [default: good].", show_default=False
        ),
    ] = None,
    cpu: Annotated[
        str | None,
        typer.Option(
            help="What the model may cost to play: light, normal or heavy [default: normal].",
            show_default=False,
        ),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            help="lstm, gru, rnn, ssm (state-space layers); dense when windowed [default: lstm].",
            show_default=False,
        ),
    ] = None,
    hidden: Annotated[
        int | None,
        typer.Option(help="Units per layer [default: 16, 8 of ssm].", show_default=False),
    ] = None,
    layers: Annotated[
        int | None, typer.Option(help="Layers [default: 1, 4 of ssm].", show_default=False)
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
    restarts: Annotated[
        int | None,
        typer.Option(
            help="Seeds that begin, of which the best goes on [default: 4; with a budget 1].",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="Train so often, --seed and up.", show_default=False),
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
    captures: Annotated[
        str | None,
        typer.Option(
            help="Instead of a pair: learn the knobs, too, from the captures of a captures.yaml or "
            "a folder; with --over, how many to make.",
            show_default=False,
        ),
    ] = None,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            help="With --captures or --over: score this position and don't learn from it "
            "(drive=5).",
            show_default=False,
        ),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            help="With --device: learn these knobs, too (drive,tone).", show_default=False
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
    optimizer: Annotated[
        str | None,
        typer.Option(help="soap or adam [default: soap, windowed nets adam].", show_default=False),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Peak learning rate.", show_default=False)
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="esr, or nam: that of NAM's trainer [default: esr].", show_default=False),
    ] = None,
    pre_emphasis: Annotated[
        float | None,
        typer.Option(
            help="Pre-emphasis of the ESR loss, 0 to 1 [default: 0.5; windowed nets and stacks 0].",
            show_default=False,
        ),
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
    resample_drift: ResampleDrift = False,
    per_take: PerTake = False,
    force: Force = False,
    json: AsJson = False,
) -> None:
    """Learn a device from its dry and wet recordings."""
    from drywet.cli import options, show
    from drywet.cli.progress import TrainingBar
    from drywet.cli.terminal import TerminalControl

    chosen: dict[str, Any] = {}
    if resume is not None:
        options.refuse_with_resume(context.params)
        if options.is_group(resume):
            options.refuse_longer(longer, f"one run, such as {resume}/seed-0")
    else:
        options.refuse_longer(longer, "--resume RUN with it")
        chosen = _chosen(context, config)
    bar = TrainingBar()
    control = TerminalControl(bar)
    try:
        # PyTorch takes its time to load: what is wrong with the options has been said by now.
        from drywet.verbs import train as verb
        from drywet.verbs.train_seeds import resume_seeds, train_seeds

        with bar:
            run: Run | Seeds
            if resume is not None and options.is_group(resume):
                run = resume_seeds(resume, control=control)
            elif resume is not None:
                run = verb.resume(resume, longer=longer, control=control)
            elif over is not None and device is not None:
                from drywet.verbs.train_over import train_over

                run = train_over(
                    device, options.knob_names(over), options.number_of_captures(captures),
                    hold_out=hold_out or (), knobs=knobs_of(context), signal=signal,
                    on_step=bar.say, control=control, **chosen,
                )  # fmt: skip
            elif captures is not None:
                from drywet.verbs.train_captures import train_captures

                run = train_captures(
                    Path(captures), hold_out=hold_out or (), control=control, **chosen
                )
            elif device is not None:
                from drywet.verbs.train_device import train_device

                run = train_device(
                    device, knobs=knobs_of(context), signal=signal, on_step=bar.say,
                    control=control, **chosen,
                )  # fmt: skip
            else:
                learn = verb.train if seeds is None else train_seeds
                run = learn(*options.both_files(dry, wet), control=control, **chosen)
    except KeyboardInterrupt:
        show.stopped_early(control.place or resume)
        raise typer.Exit(130) from None
    show.trained(run, json)
    if run.interrupted:
        raise typer.Exit(130)


def _chosen(context: typer.Context, config: Path | None) -> dict[str, Any]:
    """What the verbs are given of a new training, once its options go together."""
    from drywet.cli import options, show
    from drywet.runs.choices import in_words

    given = context.params
    settings = options.settings(given, config)
    start, seeds = given["start"], given["seeds"]
    chosen: dict[str, Any] = {
        "out": given["out"], "model": None if start else settings.model, "loss": settings.loss,
        "training": settings.training, "capture": settings.capture,
        "overwrite": given["overwrite"], "name": given["name"],
    }  # fmt: skip
    if start is not None:
        options.refuse_with_start(given)
        chosen |= {"start": start, "loss": given["loss"] or settings.loss}
    if given["captures"] is not None or given["over"] is not None:
        options.refuse_with_captures(given)
        if options.leaves_model_open(given):
            chosen["model"] = None  # a net with knobs has a default of its own
    elif given["hold_out"]:
        options.refuse_alone("hold-out", "--captures or --over")
    elif seeds is None:
        chosen["clean"] = given["clean"]
    else:
        options.refuse_with_seeds(given)
        chosen["seeds"] = seeds
    learns_knobs = given["captures"] is not None
    if not options.is_device(given["device"], given["dry"], given["signal"]) and not learns_knobs:
        options.both_files(given["dry"], given["wet"])
    if given["quality"] or given["cpu"]:
        show.step(f"training: {in_words(settings, net=chosen['model'] is not None)}")
    return chosen
