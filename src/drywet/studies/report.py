"""``study report``: answers, tables and figures, as a page and as Markdown to be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.figures import canvas
from drywet.report import page
from drywet.report.svg import svg
from drywet.runs.machine import machine_here, versions_here
from drywet.storage import make_folder, write_bytes
from drywet.studies import tables as study_tables
from drywet.studies.claim import Answer
from drywet.studies.claims import answers
from drywet.studies.pictures import pictures
from drywet.studies.results import Results, load

_KINDS = {"yes": "good", "no": "bad", "undecided": "warning", "mixed": "warning"}
_HOW = (
    "Differences are of the error energy in dB, below 0 closer: Student's intervals over pairs "
    "of trainings that differ in nothing else, seed by seed; lengths of one training count as "
    "one. All comparisons on this page are corrected together (Holm): the chance that any "
    "answer is wrong is at most 5 %, and each interval is drawn for the level at which it was "
    "tested. Cost, state and WaveNets compare each kind of net at its best on the test audio, "
    "the others nets that differ in the setting alone. How many seeds might decide is reckoned "
    "from the scatter at hand."
)


@dataclass(frozen=True)
class StudyReport:
    """What was written.

    Attributes:
        page: the HTML page, with all in it.
        markdown: the same as Markdown, with figures beside it.
        answers: to the study's claims.
        missing: trainings that are not done and so not in it.
    """

    page: Path
    markdown: Path
    answers: list[Answer]
    missing: int


def report(
    folder: Path | str,
    out: Path | str | None = None,
    *,
    on_step: Callable[[str], None] = lambda text: None,
) -> StudyReport:
    """Write what a study has found so far.

    Args:
        folder: of the study.
        out: folder to write to; the study's own by default.
        on_step: called with a line before what takes its time.

    Raises:
        DrywetError: no study, nothing done in it yet, or a place that cannot be written.
    """
    results = load(folder)
    if not results.cells:
        raise DrywetError(
            f"{folder} has no results yet", "one training that is done", "Run the study."
        )
    place = Path(folder if out is None else out)
    make_folder(place / "figures")
    on_step(f"{len(results.cells)} points, {results.missing} trainings missing")
    found = answers(results)
    drawn = pictures(results)
    for name, (figure, _) in drawn.items():
        canvas.save(figure, place / "figures" / f"{name}.png")
    html, markdown = place / "report.html", place / "report.md"
    captions = {name: caption for name, (_, caption) in drawn.items()}
    write_bytes(markdown, _markdown(results, found, captions).encode())
    write_bytes(html, _page(results, found, drawn).encode())
    return StudyReport(html, markdown, found, results.missing)


def _subtitle(results: Results) -> str:
    machine = machine_here()
    missing = f"; {results.missing} trainings are missing" if results.missing else ""
    return (
        f"{len(results.cells)} points, {results.busy_seconds / 3600:.2f} hours of computing summed "
        f"over the workers{missing}. drywet {versions_here()['drywet']}, report made on "
        f"{machine['system']}, {machine['processor']}."
    )


def _markdown(results: Results, found: list[Answer], captions: dict[str, str]) -> str:
    parts = [f"# Study {results.plan.name}", results.plan.about, _subtitle(results), "## Answers"]
    for answer in found:
        lines = "\n".join(f"- {line}" for line in answer.lines)
        parts.append(f"**{answer.claim}: {answer.verdict}**\n\n{lines}")
    parts += [_HOW, "## Figures"]
    parts += [f"![{caption}](figures/{name}.png)" for name, caption in captions.items()]
    parts.append("## Tables")
    parts += [table.markdown() for table in study_tables.of(results)]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _page(results: Results, found: list[Answer], drawn: dict[str, tuple[Any, str]]) -> str:
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True)
    template = Path(__file__).parent / "page.html"
    style = Path(page.__file__).parent / "style.css"
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        title=f"Study {results.plan.name}",
        about=results.plan.about,
        subtitle=_subtitle(results),
        style=style.read_text(encoding="utf-8"),
        answers=[
            {"claim": a.claim, "verdict": a.verdict, "lines": a.lines, "kind": _KINDS[a.verdict]}
            for a in found
        ],
        figures=[
            {"svg": svg(figure, name), "caption": caption}
            for name, (figure, caption) in drawn.items()
        ],
        tables=study_tables.of(results),
        footer=_HOW,
    )
