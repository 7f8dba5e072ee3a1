"""The judgement of a run as it was saved."""

from __future__ import annotations

from drywet.errors import DrywetError
from drywet.evaluation.result import Cost, Evaluation
from drywet.runs.folder import RunFolder
from drywet.storage import read_json
from drywet.validation import parse


def read_scores(folder: RunFolder) -> Evaluation:
    """Read the ``scores.json`` of a run.

    Raises:
        DrywetError: missing, or of another version of drywet.
    """
    path = folder.scores_file
    if not path.is_file():
        raise DrywetError(
            f"{folder.path} has no scores yet",
            "a run that was trained to its end and scored",
            f"Run 'drywet evaluate {folder.path}'.",
        )
    return parse(Evaluation, read_json(path, "the scores.json of a run"), path)


def cost_before(folder: RunFolder) -> Cost | None:
    """What running a run's model was measured to cost when it was scored, if it was."""
    try:
        return read_scores(folder).cost
    except DrywetError:
        return None
