"""A study's results as a table for other programs."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from drywet.storage import require_new, require_place, write_bytes
from drywet.studies.journal import Journal


def export_csv(folder: Path | str, out: Path | str, overwrite: bool = False) -> int:
    """Write a row for every point that is done, all settings and scores in columns.

    Args:
        folder: of the study.
        out: the CSV file, UTF-8 with a head.
        overwrite: replace a file that is there.

    Returns:
        How many rows there are.

    Raises:
        DrywetError: no study, a place that cannot be written, or a file that is there.
    """
    require_place(Path(out))
    require_new(Path(out), overwrite)
    with Journal(Path(folder)) as journal:
        rows = journal.results()
        columns = journal.columns()
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(Path(out), buffer.getvalue().encode())
    return len(rows)
