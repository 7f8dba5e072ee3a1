"""What the plugins' formats can hold."""

from __future__ import annotations

from drywet.errors import DrywetError
from drywet.models.config import RecurrentConfig
from drywet.runs.folded import FoldedNet, fold
from drywet.runs.model_file import TrainedModel


def folded_for(trained: TrainedModel, target: str, cells: tuple[str, ...]) -> FoldedNet:
    """Fold a model's gains for a format of recurrent nets without skip.

    Args:
        trained: the model.
        target: the format's name, for messages.
        cells: recurrent cells that the format knows.

    Raises:
        DrywetError: the format cannot hold this model.
    """
    config = trained.card.model
    able = f"a recurrent net of {' or '.join(cell.upper() for cell in cells)} without skip"
    if not isinstance(config, RecurrentConfig):
        raise DrywetError(
            f"{target} cannot hold a {config.title}",
            able,
            "Train one: drywet train DRY WET --model recurrent.",
        )
    if config.cell not in cells:
        raise DrywetError(
            f"{target} knows no {config.cell.upper()} cell",
            able,
            f"Train with --cell {cells[0]}.",
        )
    if config.skip:
        raise DrywetError(
            f"{target} has no input skip and this model was trained with one",
            able,
            "Train without --skip.",
        )
    return fold(trained, config)
