"""``study``: do all that a declaration asks for and that is not there yet."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from drywet.errors import DrywetError
from drywet.storage import make_folder, write_json
from drywet.studies.journal import Journal
from drywet.studies.outcome import Outcome, read_outcome
from drywet.studies.plan import Plan, read_plan
from drywet.studies.points import Job, jobs_of
from drywet.studies.search import Searching
from drywet.studies.sources import captured, declared
from drywet.studies.work import Task, holds
from drywet.studies.workers import Lost, Workers, open_workers
from drywet.verbs.scored_run import RUNS

PLAN_FILE = "plan.json"
_MOST_DEATHS = 3  # of workers over one job
_BY_THE_CLOCK = (
    "! a budget in seconds depends on the machine's load: what is compared may have had more or "
    "fewer steps. Give training.epochs, or no budget."
)


@dataclass(frozen=True)
class StudyProgress:
    """Where a study stands, for a progress bar.

    Attributes:
        done: jobs that are done.
        jobs: in all, as far as is known.
        failed: those that came to nothing.
        best_esr: the lowest on test audio so far, ``None`` before the first.
        best: what reached it.
        seconds_left: at this pace, ``None`` before the first job.
    """

    done: int
    jobs: int
    failed: int
    best_esr: float | None
    best: str
    seconds_left: float | None


@dataclass(frozen=True)
class Study:
    """A study after one execution.

    Attributes:
        path: its folder.
        states: how many jobs are in which state.
        worked: jobs that were done in this execution.
        seconds: that it took.
        errors: of those that failed: what they are and why.
        interrupted: stopped by Ctrl-C.
    """

    path: Path
    states: dict[str, int]
    worked: int
    seconds: float
    errors: list[str]
    interrupted: bool


def study(
    file: Path | str,
    out: Path | str | None = None,
    *,
    quick: bool = False,
    pairs: tuple[tuple[Path, Path], ...] = (),
    on: str | None = None,
    jobs: int | None = None,
    on_step: Callable[[str], None] = lambda text: None,
    on_progress: Callable[[StudyProgress], None] = lambda progress: None,
    on_preparing: Callable[[str, float], None] = lambda what, done: None,
) -> Study:
    """Run a study, or what is missing or has changed of it.

    Args:
        file: its declaration (`drywet.studies.plan`).
        out: its folder; by default ``runs/`` and its name.
        quick: the reduced form that the declaration gives.
        pairs: dry and wet files to learn in place of the declared devices and pairs.
        on: ``dask://HOST:PORT`` of a scheduler; this machine where it is ``None``.
        jobs: workers on this machine; one for each core by default.
        on_step: called with a line before what takes its time.
        on_progress: called when a job is done.
        on_preparing: called with what is made ready for the trainings, and the share done.

    Raises:
        DrywetError: a declaration, file or device that cannot be used, another process at work in
            the folder, or no scheduler. A single job that fails does not end a study.
    """
    from filelock import FileLock, Timeout

    plan = read_plan(file, quick, pairs)
    folder = Path(out) if out is not None else default_folder(plan, quick, bool(pairs))
    _require_own(folder)
    make_folder(folder / "points")
    try:
        with FileLock(folder / ".lock", timeout=0):
            return _run(plan, folder.resolve(), on, jobs, on_step, on_progress, on_preparing)
    except Timeout:
        raise DrywetError(
            f"another 'drywet study' is at work in {folder}", "one at a time",
            "Wait for it, or give -o another folder.",
        ) from None  # fmt: skip


def default_folder(plan: Plan, quick: bool, pairs: bool) -> Path:
    """Where a study goes that was given no folder."""
    return RUNS / (plan.name + "-pairs" * pairs + "-quick" * quick)


def _require_own(folder: Path) -> None:
    try:
        taken = folder.exists() and not (
            folder.is_dir() and ((folder / PLAN_FILE).is_file() or not _visible(folder))
        )
    except OSError as error:
        raise DrywetError(
            f"{folder} cannot be used ({error.strerror})", "a new folder", "Choose another -o."
        ) from error
    if taken:
        raise DrywetError(
            f"{folder} already exists and holds no study", "a new folder", "Choose another -o."
        )


def _visible(folder: Path) -> list[str]:
    mine = (".lock", "points", "captures")
    return [entry.name for entry in folder.iterdir() if entry.name not in mine]


def _run(
    plan: Plan,
    folder: Path,
    on: str | None,
    workers: int | None,
    on_step: Callable[[str], None],
    on_progress: Callable[[StudyProgress], None],
    on_preparing: Callable[[str, float], None],
) -> Study:
    began = time.perf_counter()
    to_come = jobs_of(plan, declared(plan, folder))  # what is wrong shows before all work
    most = sum(search.points for search in plan.searches)
    of_searches = f", {most} at most in searches" if most else ""
    on_step(
        f"{len(to_come)} trainings in grids{of_searches}; first the captures, {len(plan.sources)}"
    )
    if any(job.settings.training.seconds is not None for job in to_come):
        on_step(_BY_THE_CLOCK)
    if not (folder / PLAN_FILE).is_file():  # a study from its first moment, whenever it is stopped
        _keep(plan, folder)
        Journal(folder, create=True).close()
    try:
        sources = captured(plan, folder, on_preparing)
    except KeyboardInterrupt:
        return Study(folder, {}, 0, time.perf_counter() - began, [], interrupted=True)
    jobs = jobs_of(plan, sources)
    searches = [Searching(plan, s, sources[s.of], folder) for s in plan.searches]
    past = [job for search in searches for job in search.past()]
    _keep(plan, folder)
    with Journal(folder, create=True) as journal:
        journal.stop()
        journal.ask_for({job.id: job for job in (*past, *jobs)}.values())
        execution = _Execution(plan, folder, journal, on_progress)
        execution.sort_out(jobs, past)
        searched = execution.to_come(searches)
        wanted = len(execution.waiting) + searched
        interrupted = False
        if wanted:
            of_searches = f", {searched} at most of searches" if searched else ""
            on_step(
                f"{len(execution.waiting)} of {len(jobs)} trainings to do{of_searches} -> {folder}"
            )
            try:
                with open_workers(on, workers, wanted) as pool:
                    execution.work(pool, searches)
            except KeyboardInterrupt:
                interrupted = True
            except sqlite3.Error as error:
                raise DrywetError(
                    f"the journal of {folder} cannot be written ({error})", "a free disk, and no "
                    "other program that holds it", "The same command goes on from here.",
                ) from error  # fmt: skip
        journal.stop()
        return Study(
            folder, journal.states(), execution.worked, time.perf_counter() - began,
            execution.errors, interrupted,
        )  # fmt: skip


def _keep(plan: Plan, folder: Path) -> None:
    write_json(folder / PLAN_FILE, plan.model_dump(mode="json", exclude={"folder"}))


@dataclass
class _Execution:
    """The jobs of one call: who waits, who is at work, what came of it."""

    plan: Plan
    folder: Path
    journal: Journal
    on_progress: Callable[[StudyProgress], None]
    waiting: list[tuple[Job, float]] = field(default_factory=list)
    running: dict[Future[Outcome], tuple[Job, float]] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    worked: int = 0
    done: int = 0
    total: int = 0
    best: tuple[float, str] | None = None
    began: float = field(default_factory=time.perf_counter)
    weight_done: float = 0.0
    weight_total: float = 0.0
    weighed: int = 0

    def place(self, job: Job) -> Path:
        """The folder of a job's run."""
        return self.folder / "points" / job.id

    def sort_out(self, jobs: list[Job], past: list[Job]) -> None:
        """Sort out what is done already; the cheap go first, so that there is something to see.

        Args:
            jobs: of the grids.
            past: of the searches; those without an outcome they gave up.
        """
        full = self.plan.evaluation == "full"
        own = {job.id for job in jobs}
        for job in {job.id: job for job in (*past, *jobs)}.values():
            outcome = read_outcome(self.place(job))
            if outcome is not None and holds(outcome, job, full):
                self.journal.record(outcome, anew=False)
                self._count(outcome, job)
            elif job.id in own:
                self.waiting.append((job, 1.0))
                self.journal.mark(job.id, "waiting")
            else:
                self.journal.mark(job.id, "pruned")
        self.waiting.sort(key=lambda waiting: waiting[0].weight)
        self.total = len(own | {job.id for job in past})
        self.weighed = len(self.waiting)
        self.weight_total = sum(job.weight for job, _ in self.waiting)

    def work(self, pool: Workers, searches: list[Searching]) -> None:
        """Go on until there is nothing left to do."""
        while True:
            self._fill(pool, searches)
            if not self.running:
                return
            finished, _ = wait(self.running, return_when=FIRST_COMPLETED)
            lost = []
            for future in finished:
                job, until = self.running.pop(future)
                try:
                    outcome = future.result()
                except Lost:
                    lost.append((job, until))
                except Exception as error:
                    self._failed(job, error, searches)
                else:
                    self._finished(job, outcome, searches)
            if lost:
                # All of a broken pool are lost, and nobody knows over which of them.
                lost += self.running.values()
                self.running.clear()
                self._died(lost, searches)
                pool = pool.renewed()
            self._tell(searches)

    def to_come(self, searches: list[Searching]) -> int:
        """How many trainings the searches may still ask for."""
        return sum(search.left(self.journal.busy_seconds(search.name)) for search in searches)

    def _fill(self, pool: Workers, searches: list[Searching]) -> None:
        """Give every worker something to do; a job over which one may have died goes alone."""
        while len(self.running) < pool.size:
            if self.running and self.deaths:
                return
            found = self._next(searches)
            if found is None:
                return
            try:
                self._start(pool, *found)
            except Lost:  # it broke just now; those under way say so as well
                self.waiting.insert(0, found)
                if self.running:
                    return
                pool.renewed()

    def _next(self, searches: list[Searching]) -> tuple[Job, float] | None:
        if self.waiting:
            return self.waiting.pop(0)
        for search in searches:
            found = search.next(self.journal.busy_seconds(search.name))
            if found is not None:
                self.journal.add(found[0])
                self.total += 1
                self.weighed += 1
                self.weight_total += found[0].weight
                return found
        return None

    def _start(self, pool: Workers, job: Job, until: float) -> None:
        full = self.plan.evaluation == "full"
        self.journal.mark(job.id, "running")
        threads = job.settings.training.threads or pool.threads
        future = pool.submit(Task(job, self.place(job), threads, full, until))
        self.running[future] = (job, until)

    def _finished(self, job: Job, outcome: Outcome, searches: list[Searching]) -> None:
        self.journal.record(outcome)
        self.deaths.pop(job.id, None)
        mine = [search for search in searches if search.owns(job)]
        onward = mine[0].done(job, outcome) if mine else None
        if outcome.state == "paused" and not mine:  # somebody stopped its worker by hand
            onward = (job, 1.0)
        if onward is not None:
            self.waiting.append(onward)
            return
        if outcome.state == "paused":
            self.journal.mark(job.id, "pruned")
        self.worked += 1
        self.weight_done += job.weight
        self._count(outcome, job)

    def _count(self, outcome: Outcome, job: Job) -> None:
        self.done += 1
        for point in outcome.points:
            if self.best is None or point.scores.esr < self.best[0]:
                name = f"{job.source.name}, {job.settings.model.title}"
                self.best = (point.scores.esr, name)

    def _died(self, lost: list[tuple[Job, float]], searches: list[Searching]) -> None:
        """One of these made a worker die. Each goes alone from now on; who dies alone has to."""
        for job, until in lost:
            self.deaths[job.id] = self.deaths.get(job.id, 0) + (len(lost) == 1)
            if self.deaths[job.id] < _MOST_DEATHS:
                self.waiting.insert(0, (job, until))
                continue
            died = DrywetError(
                f"{_MOST_DEATHS} workers died over it", "enough memory for every worker",
                "Give fewer --jobs.",
            )  # fmt: skip
            self._failed(job, died, searches)

    def _failed(self, job: Job, error: Exception, searches: list[Searching]) -> None:
        reason = (
            str(error) if isinstance(error, DrywetError) else f"{type(error).__name__}: {error}"
        )
        self.journal.mark(job.id, "failed", reason)
        self.errors.append(f"{job.source.name}, {job.settings.model.title} ({job.id}): {reason}")
        self.weight_total -= job.weight
        self.deaths.pop(job.id, None)
        for search in searches:
            if search.owns(job):
                search.failed(job)

    def _tell(self, searches: list[Searching]) -> None:
        spent = time.perf_counter() - self.began
        to_come = self.to_come(searches)
        left = None
        if self.weight_done:
            # What a search has not asked for yet is taken to weigh what the others do.
            whole = self.weight_total * (1 + to_come / max(self.weighed, 1))
            left = spent * max(whole - self.weight_done, 0.0) / self.weight_done
        self.on_progress(
            StudyProgress(
                self.done, self.total + to_come, len(self.errors),
                None if self.best is None else self.best[0],
                "" if self.best is None else self.best[1], left,
            )
        )  # fmt: skip
