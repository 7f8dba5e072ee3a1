"""A model that is there already as the start of a training."""

from __future__ import annotations

from pathlib import Path

from drywet.errors import DrywetError
from drywet.evaluation.material import latency_against
from drywet.formats.load import load
from drywet.losses.config import LossConfig
from drywet.models.registry import kind_of
from drywet.pair.load import load_pair
from drywet.runs.config import Settings, named_loss
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import TrainedModel
from drywet.validation import parse
from drywet.words import with_article

_SLOWER = 0.25  # of the learning rate of a net that knows nothing yet


def from_model(
    path: Path | str, dry: Path | str, wet: Path | str, settings: Settings, loss: str | None
) -> tuple[TrainedModel, Settings]:
    """A model and the settings with which to train it further.

    The kind of model is its own, and so are its rate, its latency and how the capture lies to it,
    as far as the settings leave them open; the learning rate, likewise, a quarter of the usual.

    Args:
        path: of the model, as for `drywet.load`; knobs are at noon.
        dry: file with the signal into the device.
        wet: file with the signal out of it.
        settings: of the run; its model is not looked at.
        loss: the name of the loss, where it has one.

    Raises:
        DrywetError: unusable model or files, one that cannot be trained, or another rate than its
            own asked for.
    """
    trained = with_knobs(load(path))
    card, capture, training = trained.card, settings.capture, settings.training
    if kind_of(card.model).training is None:
        raise DrywetError(
            f"{path} is {with_article(card.model.title)}", "a net of drywet's own kinds",
            "Filters are solved anew; graphs of others can only be played.",
        )  # fmt: skip
    if capture.rate not in (None, card.rate):
        raise DrywetError(
            f"--rate {capture.rate} and a model that runs at {card.rate} Hz", "the model's rate",
            "Leave --rate out.",
        )  # fmt: skip
    changes = {"rate": card.rate, "margin": card.output_latency}
    if capture.latency is None:
        pair = load_pair(dry, wet, capture.channel, capture.resample)
        found = latency_against(trained, pair, capture.mending)
        changes |= {} if found is None else {"latency": found}
    own = settings.model_copy(update={"model": card.model})
    if loss is not None:
        own = own.model_copy(update={"loss": LossConfig(**named_loss(loss, card.model.kind))})
    if training.restarts not in (None, 1):
        raise DrywetError(
            f"--restarts {training.restarts} and --start", "one of them",
            "A model that is trained further starts where it is.",
        )  # fmt: skip
    slower = {"restarts": 1, "learning_rate": training.learning_rate or _SLOWER * own.learning_rate}
    own = own.model_copy(update={"training": training.model_copy(update=slower)})
    own = own.model_copy(update={"capture": capture.model_copy(update=changes)})
    return trained, parse(Settings, own.model_dump(), Path(path))
