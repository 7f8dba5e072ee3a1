"""The command ``drywet study``: runs a file; ``status``, ``show``, ``report``, ``export``."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from drywet.cli.arguments import AsJson, Overwrite
from drywet.errors import DrywetError

StudyFolder = Annotated[Path, typer.Argument(help="Folder of the study.")]


class StudyGroup(TyperGroup):
    """What is no command of its own is a file to run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put ``run`` before a file; what is neither may be a command, misspelt."""
        if args and args[0] not in self.commands:
            meant = get_close_matches(args[0], self.commands, 1)
            if meant and not Path(args[0]).exists():
                raise DrywetError(
                    f"'drywet study {args[0]}'", "a study's file or a command",
                    f"Did you mean 'drywet study {meant[0]}'?",
                )  # fmt: skip
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The same where an option comes first."""
        if args and args[0].startswith("-") and args[0] not in ("--help",):
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """A file comes first."""
        formatter.write_usage(ctx.command_path, "FILE.yaml [OPTIONS] | COMMAND FOLDER")


class PairCommand(TyperCommand):
    """A command whose ``--pair`` takes two files, as often as one likes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give each of the two an option of its own, which is what the parser knows."""
        given, single = iter(args), []
        for arg in given:
            if arg != "--pair":
                single.append(arg)
                continue
            files = [next(given, ""), next(given, "")]
            if not all(files) or any(file.startswith("--") for file in files):
                raise DrywetError(
                    f"--pair {' '.join(files)}".strip(), "a dry and a wet file", "Name both."
                )
            single += ["--pair", files[0], "--pair", files[1]]
        return super().parse_args(ctx, single)


study_app = typer.Typer(
    cls=StudyGroup,
    help="Run a study, many trainings from one file, or look at one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@study_app.command("run", cls=PairCommand)
def run_command(
    file: Annotated[Path, typer.Argument(help="The study: a YAML file (docs/study.md).")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Its folder [default: runs/ and its name].")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The reduced form that the file gives.")
    ] = False,
    pair: Annotated[
        list[Path] | None,
        typer.Option(
            help="DRY WET: learn this recording in place of the file's devices; may be repeated.",
            show_default=False,
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(help="dask://HOST:PORT: the workers of a cluster.", show_default=False),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, max=1024, help="Workers here [default: cores].", show_default=False),
    ] = None,
    json: AsJson = False,
) -> None:
    """Run a study, as 'drywet study FILE.yaml' does: what is there already is not run again."""
    from drywet.cli import show_study
    from drywet.cli.progress import StudyBar
    from drywet.studies.run import study

    files = pair or []
    pairs = tuple(zip(files[::2], files[1::2], strict=True))
    with StudyBar() as bar:
        done = study(
            file, out, quick=quick, pairs=pairs, on=on, jobs=jobs,
            on_step=bar.say, on_progress=bar.update, on_preparing=bar.prepare,
        )  # fmt: skip
    show_study.ran(done, json)
    if done.interrupted:
        raise typer.Exit(130)
    if done.errors:
        raise typer.Exit(2)


@study_app.command("status")
def status_command(folder: StudyFolder, json: AsJson = False) -> None:
    """How many trainings are done, and what the others are waiting for."""
    from drywet.cli import show_study
    from drywet.studies.status import status

    show_study.status(status(folder), json)


@study_app.command("show")
def show_command(folder: StudyFolder, json: AsJson = False) -> None:
    """Print the tables of a study."""
    from drywet.cli import show_study
    from drywet.studies.tables import tables

    show_study.tables(tables(folder), json)


@study_app.command("report")
def report_command(
    folder: StudyFolder,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder to write to [default: its own].")
    ] = None,
    json: AsJson = False,
) -> None:
    """Write the study's answers, tables and figures: report.html, report.md and figures."""
    from drywet.cli import show, show_study
    from drywet.studies.report import report

    show_study.reported(report(folder, out, on_step=show.step), json)


@study_app.command("export")
def export_command(
    folder: StudyFolder,
    csv: Annotated[Path, typer.Option("--csv", help="File to write.")],
    overwrite: Overwrite = False,
    json: AsJson = False,
) -> None:
    """Write all results as a table for other programs."""
    from drywet.cli import show_study
    from drywet.studies.export import export_csv

    show_study.exported(csv, export_csv(folder, csv, overwrite), json)
