"""A search as a source of jobs: Optuna says what to try, and what is not worth going on with.

The sampler sees validation scores only; the test audio has no say in what is tried. Its memory is a
file in the study's folder: a search that is stopped goes on with what it knew.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drywet.errors import DrywetError
from drywet.models.registry import multiply_adds
from drywet.studies.outcome import Outcome
from drywet.studies.plan import Plan, Range, Search
from drywet.studies.points import Captured, Job, changed, job_of, settings_of

if TYPE_CHECKING:
    import optuna

_PERCENTILE = 100 / 3  # the better third goes on
_STARTUP = 4  # trials that nobody prunes
_DIGITS = 12


class Searching:
    """A search under way.

    Args:
        plan: the declaration.
        search: which of its searches.
        source: what it learns.
        folder: of the study.

    Raises:
        DrywetError: Optuna is not installed.
    """

    def __init__(self, plan: Plan, search: Search, source: Captured, folder: Path) -> None:
        try:
            import optuna
        except ImportError:
            raise DrywetError(
                f"the search {search.name}, and Optuna is not installed", "optuna",
                "pip install 'drywet[search]'.",
            ) from None  # fmt: skip
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._search, self._source = search, source
        self._base = settings_of(plan, search.settings, source.name)
        two = search.sampler == "nsga2"
        samplers: dict[str, Any] = {
            "tpe": optuna.samplers.TPESampler, "nsga2": optuna.samplers.NSGAIISampler,
        }  # fmt: skip
        pruner = optuna.pruners.PercentilePruner(_PERCENTILE, n_startup_trials=_STARTUP)
        self._study = optuna.create_study(
            storage=f"sqlite:///{folder.resolve() / 'searches.sqlite'}",
            study_name=f"{search.name}-{self._what()}",
            pruner=pruner if search.rungs else optuna.pruners.NopPruner(),
            directions=["minimize", "minimize"] if two else ["minimize"],
            load_if_exists=True,
        )
        # A search that goes on must not draw again what it drew at its start.
        self._study.sampler = samplers[search.sampler](seed=search.seed + len(self._study.trials))
        self._running: dict[str, tuple[optuna.Trial, int]] = {}
        self._refused: DrywetError | None = None
        self._again = [
            optuna.Trial(self._study, trial._trial_id)
            for trial in self._study.get_trials(states=(optuna.trial.TrialState.RUNNING,))
        ]

    def _what(self) -> str:
        """What a memory is good for: the same source, settings and space, tried alike."""
        same = {"points", "minutes", "of", "name"}
        what = [self._source.sha256, self._base, self._search.model_dump(mode="json", exclude=same)]
        return sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()[:_DIGITS]

    def past(self) -> list[Job]:
        """What it tried to the end before, or gave up."""
        import optuna

        ended = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
        return [self._job(trial) for trial in self._study.get_trials(states=ended)]

    @property
    def name(self) -> str:
        """Of the search."""
        return self._search.name

    def left(self, busy_seconds: float) -> int:
        """How many it may still try, after so many seconds of computing."""
        if self._is_over(busy_seconds):
            return len(self._again)
        return max(self._search.points - len(self._study.trials), 0) + len(self._again)

    def _is_over(self, busy_seconds: float) -> bool:
        return self._search.minutes is not None and busy_seconds > 60 * self._search.minutes

    def owns(self, job: Job) -> bool:
        """Whether it has this job under way."""
        return job.id in self._running

    def next(self, busy_seconds: float) -> tuple[Job, float] | None:
        """A job to be tried and the share of its budget to which, or ``None`` for no more.

        Args:
            busy_seconds: of computing so far.

        Raises:
            DrywetError: none of all that was tried are settings that go together.
        """
        import optuna

        while True:
            if self._again:
                trial = self._again.pop()
            else:
                if self._is_over(busy_seconds) or len(self._study.trials) >= self._search.points:
                    if self._refused is not None and not self._running and not self.past():
                        raise self._refused
                    return None
                trial = self._study.ask()
            try:
                job = self._job(trial)
            except DrywetError as error:  # settings that do not go together
                self._refused = error
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            if job.id not in self._running:
                rung = len(trial.storage.get_trial(trial._trial_id).intermediate_values)
                self._running[job.id] = (trial, rung)
                return job, self._until(rung)
            # The very same settings are under way.
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def _job(self, trial: optuna.Trial | optuna.trial.FrozenTrial) -> Job:
        changes = {name: self._value(trial, name) for name in self._search.space}
        settings = changed(self._base, changes, f"search {self._search.name}")
        return job_of(self._search.name, self._source, settings, alone=True)

    def done(self, job: Job, outcome: Outcome) -> tuple[Job, float] | None:
        """Take in what a job left; returns how it goes on, if it was paused and may."""
        import optuna

        trial, rung = self._running[job.id]
        error = float("nan") if outcome.validation_esr is None else outcome.validation_esr
        if outcome.state == "paused":
            trial.report(error, rung)
            if trial.should_prune():
                del self._running[job.id]
                self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                return None
            self._running[job.id] = (trial, rung + 1)
            return job, self._until(rung + 1)
        del self._running[job.id]
        values = [error]
        if self._search.sampler == "nsga2":
            values.append(float(multiply_adds(job.settings.model)))
        self._study.tell(trial, values)
        return None

    def failed(self, job: Job) -> None:
        """A job came to nothing."""
        import optuna

        trial, _ = self._running.pop(job.id)
        self._study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def _until(self, rung: int) -> float:
        rungs = self._search.rungs
        return rungs[rung] if rung < len(rungs) else 1.0

    def _value(self, trial: optuna.Trial | optuna.trial.FrozenTrial, name: str) -> Any:
        wanted = self._search.space[name]
        if not isinstance(wanted, Range):
            # Optuna keeps choices in a database, which takes plain values only.
            return wanted[trial.suggest_categorical(name, list(range(len(wanted))))]
        if wanted.whole:
            return trial.suggest_int(name, round(wanted.low), round(wanted.high), log=wanted.log)
        return trial.suggest_float(name, wanted.low, wanted.high, log=wanted.log)
