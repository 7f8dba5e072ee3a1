"""Runs that are named otherwise or taken away."""

from __future__ import annotations

from collections.abc import Collection

from drywet.errors import DrywetError
from drywet.runs.folder import RunFolder
from drywet.runs.group import is_group


def rename(run: RunFolder, name: str, others: Collection[str]) -> None:
    """Give a run another name, which its exports will carry; its folder stays what it is.

    Args:
        run: the run.
        name: the new one.
        others: names of the other runs.

    Raises:
        DrywetError: a run that is being trained, or a name that another has.
    """
    if name in others:
        raise DrywetError(
            f"another run is called {name}",
            "a name of its own",
            "Choose another.",
        )
    whole = run.uncleaned if run.waits_to_be_cleaned else run
    with whole.claimed():
        whole.reconfigure(whole.config().model_copy(update={"name": name}))


def remove(run: RunFolder) -> None:
    """Take a run away, with all that drywet made in it; what else is in its folder stays.

    Raises:
        DrywetError: a run that is being trained, or one of several seeds.
    """
    if is_group(run.path.parent):
        raise DrywetError(
            "one of several seeds of a training", "a run of its own",
            f"Delete the folder {run.path.parent.name} with all of them by hand.",
        )  # fmt: skip
    run.uncleaned.discard()
    run.discard()
