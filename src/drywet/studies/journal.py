"""The journal of a study: one SQLite file that other tools can read.

::

    jobs     a row for every training: what it is, its state, who did it
    points   a row for every length of it that was scored, with all scores that are numbers
    results  both side by side, what tables and plots want

Only the process that runs the study writes. The runs' folders hold the same results: the
journal can be deleted and is made again from them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from drywet.errors import DrywetError
from drywet.metrics.bands import EDGES_HZ
from drywet.metrics.scores import Scores
from drywet.models.registry import multiply_adds, parameter_count
from drywet.runs.machine import now
from drywet.studies.outcome import Outcome
from drywet.studies.points import Job

FILE_NAME = "journal.sqlite"

_VERSION = 1  # of the tables, as PRAGMA user_version; 0 in version 0.1

PLAIN = (
    "esr", "esr_pre_emphasised", "esr_a_weighted", "mae", "r2", "dc", "mrstft", "log_spectral_db",
    "mfcc_distance", "predicted_mushra", "zimtohrli_mos",
)  # fmt: skip
_BANDS = [f"{low // 1000}_{high // 1000}_khz" for low, high in pairwise(EDGES_HZ)]
BANDED = [f"{kind}_{band}" for kind in ("error", "excess_db") for band in _BANDS]

_JOB = {
    "id": "TEXT PRIMARY KEY", "grids": "TEXT", "source": "TEXT", "model": "TEXT", "kind": "TEXT",
    "cell": "TEXT", "hidden": "INTEGER", "layers": "INTEGER", "frame": "INTEGER",
    "skip": "INTEGER", "parameters": "INTEGER", "multiply_adds": "INTEGER", "examples": "INTEGER",
    "train_seconds_asked": "REAL", "rate": "INTEGER", "seed": "INTEGER", "settings": "TEXT",
    "wanted": "INTEGER", "state": "TEXT", "note": "TEXT", "train_samples": "INTEGER",
    "train_seconds": "REAL", "busy_seconds": "REAL", "ns_per_sample": "REAL",
    "real_time_share": "REAL", "aliasing_db": "REAL", "idle_dbfs": "REAL", "linear_esr": "REAL",
    "validation_esr": "REAL", "worker": "TEXT", "finished": "TEXT",
}  # fmt: skip

STATES = ("waiting", "running", "paused", "done", "pruned", "failed")


class Journal:
    """The journal in a study's folder.

    Args:
        folder: of the study.
        create: make one where there is none.

    Raises:
        DrywetError: there is none, or the file is something else.
    """

    def __init__(self, folder: Path, create: bool = False) -> None:
        path = folder / FILE_NAME
        if not create and not path.is_file():
            raise DrywetError(
                f"{folder} holds no study", f"a folder with a {FILE_NAME}",
                "Name the folder that 'drywet study FILE.yaml' printed.",
            )  # fmt: skip
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            if create:
                self._make()
            self._db.execute("SELECT count(*) FROM results").fetchone()
        except sqlite3.Error as error:
            raise DrywetError(
                f"{path} is not the journal of a study ({error})", "one that drywet wrote",
                "Delete it: 'drywet study' makes it again from the runs.",
            ) from error  # fmt: skip

    def _make(self) -> None:
        jobs = ", ".join(f"{name} {kind}" for name, kind in _JOB.items())
        scores = ", ".join(f'"{name}" REAL' for name in (*PLAIN, *BANDED))
        columns = ", ".join(f'p."{name}"' for name in (*PLAIN, *BANDED))
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(f"CREATE TABLE IF NOT EXISTS jobs ({jobs})")
        self._db.execute(f"CREATE TABLE IF NOT EXISTS points (job TEXT, epochs REAL, {scores})")
        added = self._complete("jobs", _JOB)
        added += self._complete("points", dict.fromkeys((*PLAIN, *BANDED), "REAL"))
        if added or version < _VERSION:
            self._db.execute("DROP VIEW IF EXISTS results")
            self._db.execute(f"PRAGMA user_version = {max(version, _VERSION)}")
        self._db.execute(
            f"CREATE VIEW IF NOT EXISTS results AS SELECT j.*, p.epochs, {columns} "
            "FROM jobs j LEFT JOIN points p ON p.job = j.id"
        )
        self._db.execute("COMMIT")

    def _complete(self, table: str, columns: Mapping[str, str]) -> int:
        """Add the columns that a journal of an earlier version lacks; how many."""
        there = {row["name"] for row in self._db.execute(f"PRAGMA table_info({table})")}
        missing = [name for name in columns if name not in there]
        for name in missing:
            self._db.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {columns[name]}')
        return len(missing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def ask_for(self, jobs: Iterable[Job]) -> None:
        """Note what the declaration asks for now; what it no longer does stays, unasked."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("UPDATE jobs SET wanted = 0")
            for job in jobs:
                self._note(job)

    def add(self, job: Job) -> None:
        """Note one more job, of a search."""
        self._note(job)

    def _note(self, job: Job) -> None:
        model, training = job.settings.model, job.settings.training
        row: dict[str, Any] = {
            "id": job.id, "grids": ",".join(job.groups), "source": job.source.name,
            "model": model.title,
            "kind": model.kind, "parameters": parameter_count(model),
            "multiply_adds": multiply_adds(model), "examples": training.examples,
            "train_seconds_asked": job.settings.capture.train_seconds,
            "rate": job.settings.capture.rate, "seed": training.seed, "wanted": 1,
            "settings": job.settings.model_dump_json(),
        }  # fmt: skip
        row |= {
            name: getattr(model, name, None)
            for name in ("cell", "hidden", "layers", "frame", "skip")
        }
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != "id")
        self._db.execute(
            f"INSERT INTO jobs ({names}, state) VALUES ({marks}, 'waiting') "
            f"ON CONFLICT (id) DO UPDATE SET {changes}",
            list(row.values()),
        )

    def mark(self, job: str, state: str, note: str | None = None) -> None:
        """Note the state of a job."""
        self._db.execute("UPDATE jobs SET state = ?, note = ? WHERE id = ?", (state, note, job))

    def stop(self) -> None:
        """What was under way is so no longer."""
        self._db.execute("UPDATE jobs SET state = 'waiting' WHERE state IN ('running', 'paused')")

    def record(self, outcome: Outcome, anew: bool = True) -> None:
        """Note what a job left, all of it or nothing.

        Args:
            outcome: of the job.
            anew: it was worked on just now, not only read; its time counts once more.
        """
        linear = outcome.linear
        found: dict[str, Any] = {
            "state": outcome.state, "note": None, "train_samples": outcome.train_samples,
            "train_seconds": outcome.train_seconds, "busy_seconds": outcome.busy_seconds,
            "validation_esr": outcome.validation_esr, "worker": outcome.worker,
            "aliasing_db": outcome.aliasing_db, "idle_dbfs": outcome.idle_dbfs,
            "linear_esr": None if linear is None else linear.esr,
        }  # fmt: skip
        if anew:
            found["finished"] = now()
        if outcome.cost is not None:
            found["ns_per_sample"] = outcome.cost.ns_per_sample
            found["real_time_share"] = outcome.cost.real_time_share
        before = "0.0" if not anew else "COALESCE(busy_seconds, 0.0)"
        changes = ", ".join(
            f"{name} = {before} + ?" if name == "busy_seconds" else f"{name} = ?" for name in found
        )
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute(
                f"UPDATE jobs SET {changes} WHERE id = ?", [*found.values(), outcome.id]
            )
            self._db.execute("DELETE FROM points WHERE job = ?", (outcome.id,))
            for point in outcome.points:
                values = [outcome.id, point.epochs, *_numbers(point.scores)]
                names = ", ".join(f'"{name}"' for name in ("job", "epochs", *PLAIN, *BANDED))
                marks = ", ".join("?" for _ in values)
                self._db.execute(f"INSERT INTO points ({names}) VALUES ({marks})", values)

    def states(self) -> dict[str, int]:
        """How many of the wanted jobs are in which state."""
        rows = self._db.execute("SELECT state, count(*) FROM jobs WHERE wanted GROUP BY state")
        found = {str(state): int(count) for state, count in rows}
        return {state: found[state] for state in STATES if state in found}

    def jobs(self) -> list[dict[str, Any]]:
        """The wanted jobs."""
        return self._rows("SELECT * FROM jobs WHERE wanted ORDER BY rowid")

    def results(self) -> list[dict[str, Any]]:
        """The points of wanted jobs that are done."""
        return self._rows(
            "SELECT * FROM results WHERE wanted AND state = 'done' ORDER BY source, grids, "
            "multiply_adds, examples, epochs, seed"
        )

    def columns(self) -> list[str]:
        """Names of what `results` gives."""
        with closing(self._db.execute("SELECT * FROM results LIMIT 0")) as cursor:
            return [column[0] for column in cursor.description]

    def busy_seconds(self, group: str) -> float:
        """Computing that a grid or search has taken."""
        query = "SELECT sum(busy_seconds) FROM jobs WHERE ',' || grids || ',' LIKE ?"
        row = self._db.execute(query, (f"%,{group},%",))
        return float(row.fetchone()[0] or 0.0)

    def _rows(self, query: str) -> list[dict[str, Any]]:
        with closing(self._db.execute(query)) as cursor:
            return [dict(row) for row in cursor]


def _numbers(scores: Scores) -> Sequence[float | None]:
    plain = [getattr(scores, name) for name in PLAIN]
    found = {(band.low, band.high): band for band in scores.bands}
    # A rate whose band ends earlier has a narrower last band.
    by_low = {low: band for (low, _), band in found.items()}
    errors = [by_low[low].esr if low in by_low else None for low in EDGES_HZ[:-1]]
    excesses = [by_low[low].excess_db if low in by_low else None for low in EDGES_HZ[:-1]]
    return [*plain, *errors, *excesses]
