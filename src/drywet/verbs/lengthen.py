"""``train --resume RUN --longer``: a finished training gets another cycle."""

from __future__ import annotations

from drywet.errors import DrywetError
from drywet.models.registry import kind_of
from drywet.runs.config import RunConfig
from drywet.runs.folder import RunFolder
from drywet.storage import write_json
from drywet.training.checkpoint import LoopState, load_checkpoint
from drywet.words import with_article


def is_finished(state: LoopState, config: RunConfig) -> bool:
    """Whether there is nothing left to do for a run."""
    return state.finished and state.longer == config.settings.training.longer


def lengthen(folder: RunFolder) -> None:
    """Write into a run's configuration that it is to be trained on; resuming it then does.

    Raises:
        DrywetError: it has not finished, reached the goal it was given, or is no net that learns
            step by step from its capture alone.
    """
    with folder.claimed():
        config = folder.config()
        training = config.settings.training
        _require_net(folder, config)
        there = folder.checkpoint_file
        state = load_checkpoint(there) if there.is_file() else None
        if state is None or not is_finished(state, config):
            raise DrywetError(
                f"{folder.path} has not finished", "a finished run to train longer",
                f"Finish it first: drywet train --resume {folder.path}.",
            )  # fmt: skip
        if training.until_esr is not None and state.best_esr <= training.until_esr:
            raise DrywetError(
                f"{folder.path} has reached its goal, --until-esr {training.until_esr:g}",
                "a run that ended otherwise",
                f"Train further without the goal: drywet train DRY WET --start {folder.path}.",
            )
        longer = training.model_copy(update={"longer": training.longer + 1})
        settings = config.settings.model_copy(update={"training": longer})
        changed = config.model_copy(update={"settings": settings})
        write_json(folder.config_file, changed.model_dump(mode="json"))


def _require_net(folder: RunFolder, config: RunConfig) -> None:
    if config.cleans:
        raise DrywetError(
            f"{folder.path} was cleaned", "a run that learned from its capture alone",
            f"Train what it was longer, {config.start}, and clean that.",
        )  # fmt: skip
    if kind_of(config.settings.model).training is None:
        raise DrywetError(
            f"{folder.path} is {with_article(config.settings.model.title)}, solved in closed form",
            "a net that learns step by step", "It cannot be trained longer.",
        )  # fmt: skip
