"""A study's results as tables, for the terminal, for Markdown and for a page.

The form is that of the 2022 study: for each device the structures with their MAE, R² and ESR, how
long they take for a second of audio, and how they fare with more data and longer training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel

from drywet.metrics.scores import Scores
from drywet.metrics.statistics import summary
from drywet.studies.results import (
    Cell,
    Results,
    closest,
    high_error,
    key_of,
    load,
    mean_cost,
    mean_esr,
    on_all,
)  # fmt: skip


class Table(BaseModel):
    """A table in words.

    Attributes:
        title: what it shows.
        heads: of its columns.
        rows: their cells.
        note: what to know about it.
    """

    title: str
    heads: list[str]
    rows: list[list[str]]
    note: str = ""

    def markdown(self) -> str:
        """As Markdown."""
        lines = [self.heads, ["---"] * len(self.heads), *self.rows]
        text = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        return f"### {self.title}\n\n{text}\n" + (f"\n{self.note}\n" if self.note else "")


class Tables(BaseModel):
    """All tables of a study.

    Attributes:
        name: of the study.
        tables: in order.
        missing: trainings that are not done.
        busy_seconds: of computing.
    """

    name: str
    tables: list[Table]
    missing: int
    busy_seconds: float


def tables(folder: Path | str) -> Tables:
    """Read a study's results into tables.

    Raises:
        DrywetError: no study.
    """
    found = load(folder)
    return Tables(
        name=found.plan.name, tables=of(found), missing=found.missing,
        busy_seconds=found.busy_seconds,
    )  # fmt: skip


def of(results: Results) -> list[Table]:
    """Every table that the results fill."""
    made = [_on_all(results), *(_best(results, one.name) for one in results.plan.sources)]
    for source in results.plan.sources:
        cells = results.of(source.name)
        made.append(_by_length(source.name, cells, "ESR", lambda s: s.esr))
        made.append(_by_length(source.name, cells, "error over 8 kHz", high_error))
    made += [_grid(results, grid.name) for grid in results.plan.grids]
    made += [_grid(results, search.name) for search in results.plan.searches]
    return [table for table in made if table is not None and table.rows]


def _number(value: float | None, form: str = ".2g") -> str:
    return "-" if value is None else format(value, form)


def _on_all(results: Results) -> Table:
    """The models over all devices: what one would choose one by."""
    rows = [
        [
            title, str(cells[0].parameters), str(cells[0].multiply_adds),
            _number(mean_cost(cells), ".0f"), f"{mean_esr(cells):.2g}",
            f"{max(cell.esr for cell in cells):.2g}",
        ]
        for title, cells in sorted(on_all(results).items(), key=lambda one: mean_esr(one[1]))
    ]  # fmt: skip
    heads = ["model", "parameters", "multiply-adds", "ns/sample", "ESR, geometric mean", "worst"]
    note = "Each device counts alike, however hard it is; models that lack one are left out."
    return Table(
        title=f"All {len(results.plan.sources)} devices", heads=heads, rows=rows, note=note
    )


def _best(results: Results, source: str) -> Table | None:
    """The structures, each by its best point, beside what was published of it."""
    best = closest(results.of(source))
    published = {p.model: p for p in results.plan.published if p.source == source}
    heads = ["structure", "parameters", "MAE", "R²", "ESR", "s per s of audio", "best at"]
    if published:
        heads.append("published MAE / R² / ESR")
    rows = []
    for cell in best:
        row = [
            cell.title, str(cell.parameters), _number(cell.mean(lambda s: s.mae), ".4f"),
            _number(cell.mean(lambda s: s.r2), ".4f"), _number(cell.esr),
            _number(cell.real_time_share), _where(cell),
        ]  # fmt: skip
        if published:
            there = published.get(cell.title)
            row.append(
                "-" if there is None else
                " / ".join(f"{v:.4f}".lstrip("0") for v in (there.mae, there.r2, there.esr))
            )  # fmt: skip
        rows.append(row)
    linear = [o.linear for c in best for o in c.outcomes if o.linear is not None]
    note = ""
    if linear:
        note = f"A linear filter of 128 taps has an ESR of {linear[0].esr:.2g} there."
    return Table(title=f"{source}: every structure at its best", heads=heads, rows=rows, note=note)


def _where(cell: Cell) -> str:
    examples, seconds = cell.settings.training.examples, cell.settings.capture.train_seconds
    parts = []
    if examples is not None:
        parts.append(f"{examples // 1000}k frames" if examples >= 1000 else f"{examples} frames")
    if seconds is not None:
        parts.append(f"{seconds:g} s")
    if cell.epochs is not None:
        parts.append(f"{cell.epochs:g} epochs")
    return ", ".join(parts) or "-"


def _by_length(
    source: str, cells: Sequence[Cell], what: str, figure: Callable[[Scores], float | None]
) -> Table | None:
    """Structures and whatever else differs down, epochs across."""
    cells = [cell for cell in cells if _has_lengths(cell)]
    lengths = sorted({cell.epochs for cell in cells if cell.epochs is not None})
    differing = _differing(cells)
    rows: dict[tuple[int, int, str], tuple[list[str], dict[float, str]]] = {}
    for cell in sorted(cells, key=lambda cell: cell.data):
        place = (cell.parameters, cell.multiply_adds, key_of(cell.settings))
        head = [cell.title, *(_setting(cell, name) for name in differing)]
        rows.setdefault(place, (head, {}))[1][cell.epochs or 0] = _number(cell.mean(figure))
    return Table(
        title=f"{source}: {what} by epochs",
        heads=["structure", *(_NAMES.get(name, name) for name in differing)]
        + [f"{length:g}" for length in lengths],
        rows=[
            [*head, *(found.get(length, "-") for length in lengths)]
            for _, (head, found) in sorted(rows.items(), key=lambda row: row[0][:2])
        ],
    )


_NAMES = {"training.examples": "frames"}


def _has_lengths(cell: Cell) -> bool:
    """Several points of one training, which have tables of their own."""
    return len(cell.settings.training.milestones) > 1


def _grid(results: Results, name: str) -> Table | None:
    """Everything of a grid that has no lengths, closest first, mean ± deviation over the seeds."""
    cells = [cell for cell in results.cells if name in cell.grids and not _has_lengths(cell)]
    differing = _differing(cells)
    heads = [
        "device", "model", *differing, "ESR", "ESR pre-emph.", "MR-STFT", "error over 8 kHz",
        "aliasing, dB", "silence, dBFS", "parameters", "ns/sample", "seeds",
    ]  # fmt: skip
    rows = []
    for cell in sorted(cells, key=lambda c: (c.source, c.esr)):
        values = summary([s.esr for s in cell.scores])
        spread = f" ± {values.deviation:.1g}" if values.runs > 1 else ""
        rows.append(
            [
                cell.source, cell.title, *(_setting(cell, key) for key in differing),
                f"{values.mean:.2g}{spread}", _number(cell.mean(lambda s: s.esr_pre_emphasised)),
                _number(cell.mean(lambda s: s.mrstft)), _number(cell.mean(high_error)),
                _number(_mean(cell, "aliasing_db"), ".0f"),
                _number(_mean(cell, "idle_dbfs"), ".0f"),
                str(cell.parameters), _number(cell.ns_per_sample, ".0f"), str(values.runs),
            ]
        )  # fmt: skip
    note = (
        "Means over the seeds, with the standard deviation of one training. Aliasing and silence "
        "are those of the weights with the best validation score."
    )
    return Table(title=f"Grid {name}", heads=heads, rows=rows, note=note) if rows else None


def _mean(cell: Cell, name: str) -> float | None:
    found = [getattr(outcome, name) for outcome in cell.outcomes]
    return sum(found) / len(found) if found and None not in found else None


_NOT_SHOWN = [("training", key) for key in ("seed", "milestones", "epochs", "threads")]


def _differing(cells: Sequence[Cell]) -> list[str]:
    """Settings besides the model that are not the same in all cells."""
    names = [
        f"{section}.{key}"
        for section in ("loss", "training", "capture")
        for key in (cells[0].settings.model_dump()[section] if cells else ())
        if (section, key) not in _NOT_SHOWN
    ]
    return [name for name in names if len({_setting(cell, name) for cell in cells}) > 1]


def _setting(cell: Cell, name: str) -> str:
    section, _, key = name.partition(".")
    value = getattr(getattr(cell.settings, section), key)
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
