"""How studies are printed."""

from __future__ import annotations

import dataclasses
import json as jsonlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from drywet.studies.report import StudyReport
    from drywet.studies.run import Study
    from drywet.studies.status import StudyStatus
    from drywet.studies.tables import Table, Tables

_MOST_SHOWN = 20


def _states(states: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in states.items()) or "nothing to do"


def ran(done: Study, json: bool) -> None:
    """Print how a study ended for now."""
    for error in done.errors[:_MOST_SHOWN]:
        print(f"drywet: failed: {error}", file=sys.stderr)
    if json:
        print(jsonlib.dumps({**dataclasses.asdict(done), "path": str(done.path)}, indent=2))
        return
    if done.interrupted and not done.states:
        print("stopped while the captures were made. The same command goes on from here.")
        return
    how = "stopped" if done.interrupted else "done"
    print(f"{how} after {done.seconds:.0f} s: {_states(done.states)} ({done.worked} now)")
    if done.interrupted or done.errors:
        print("The same command goes on from here.")
    print(f"  drywet study show {done.path}")
    print(f"  drywet study report {done.path}")


def status(found: StudyStatus, json: bool) -> None:
    """Print the state of a study."""
    if json:
        print(found.model_dump_json(indent=2))
        return
    if not found.states:
        print(f"{found.path}: no training yet. The command that began it goes on.")
        return
    print(f"{found.path}: {_states(found.states)}; {found.busy_seconds / 3600:.2f} h of computing")
    for job in found.unfinished[:_MOST_SHOWN]:
        note = f": {job['note']}" if job["note"] else ""
        print(f"  {job['id']}  {job['state']:<8} {job['source']}, {job['model']}{note}")
    if len(found.unfinished) > _MOST_SHOWN:
        print(f"  and {len(found.unfinished) - _MOST_SHOWN} more (--json lists all)")


def tables(found: Tables, json: bool) -> None:
    """Print a study's tables."""
    if json:
        print(found.model_dump_json(indent=2))
        return
    for table in found.tables:
        print(_text(table))
    if not found.tables:
        print("no results yet")
    if found.missing:
        print(f"{found.missing} trainings are missing")


def _text(table: Table) -> str:
    widths = [max(map(len, column)) for column in zip(table.heads, *table.rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in (table.heads, *table.rows)
    ]
    note = f"{table.note}\n" if table.note else ""
    return "\n".join((table.title, *lines)) + f"\n{note}"


def reported(done: StudyReport, json: bool) -> None:
    """Print the answers and where they were written."""
    if json:
        found = {
            "page": str(done.page), "markdown": str(done.markdown), "missing": done.missing,
            "answers": [dataclasses.asdict(answer) for answer in done.answers],
        }  # fmt: skip
        print(jsonlib.dumps(found, indent=2))
        return
    for answer in done.answers:
        print(f"{answer.claim}: {answer.verdict}")
        for line in answer.lines:
            print(f"  {line}")
    print(f"{done.page}\n{done.markdown}")


def exported(path: Path, rows: int, json: bool) -> None:
    """Print what was written."""
    if json:
        print(jsonlib.dumps({"path": str(path), "rows": rows}, indent=2))
        return
    print(f"{path}: {rows} rows")
