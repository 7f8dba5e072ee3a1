"""A trained model in one file: safetensors, with what is needed to run it in its metadata.

Nothing is ever unpickled; every tensor is checked against what the configuration calls
for before it is used. PyTorch is not needed to read one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from drywet.errors import DrywetError
from drywet.models.config import MOST_KNOBS, Config
from drywet.models.registry import ModelConfig, build, shapes
from drywet.storage import write_bytes
from drywet.trained.knob_range import KnobRange
from drywet.trained.metadata import Metadata
from drywet.validation import parse

if TYPE_CHECKING:
    from drywet.models.base import EffectModel

FILE_NAME = "model.safetensors"
UNCLEANED = "uncleaned"
"""Folder, in that of a run, of what its model was before it was cleaned."""

_KEY = "drywet"
_WANTED = "a model that drywet saved (.safetensors) or its run folder"
_FIX = "Name a run folder, or train the model again."


class ModelCard(BaseModel):
    """What a model file says about itself.

    Attributes:
        model: its configuration.
        rate: sample rate in Hz at which it must be run.
        output_latency: samples by which its output lags its input.
        metadata: of the gear behind it.
        knobs: ranges of the model's knobs; those that are missing go from 0 to 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelConfig
    rate: int = Field(ge=1_000, le=768_000)
    output_latency: int = Field(ge=0)
    metadata: Metadata = Metadata()
    knobs: tuple[KnobRange, ...] = Field(default=(), max_length=MOST_KNOBS)

    @property
    def ranges(self) -> dict[str, KnobRange]:
        """Of all its knobs, by name."""
        known = {knob.name: knob for knob in self.knobs}
        names = self.model.controls
        return {name: known.get(name) or KnobRange.model_construct(name=name) for name in names}


@dataclass(frozen=True)
class TrainedModel:
    """A model ready to run.

    Attributes:
        weights: float32 tensors by their names in the PyTorch model.
        card: what the model is.
        graph: an ONNX file's bytes, of a model of that kind.
    """

    weights: dict[str, NDArray[np.float32]]
    card: ModelCard
    graph: bytes = b""

    @classmethod
    def of(cls, model: EffectModel, card: ModelCard) -> TrainedModel:
        """A copy of a PyTorch model's weights as they are now."""
        tensors = model.state_dict().items()
        return cls({name: tensor.detach().cpu().numpy().copy() for name, tensor in tensors}, card)

    @cached_property
    def model(self) -> EffectModel:
        """The PyTorch model with these weights, on the CPU."""
        from drywet.models.torch_player import with_weights

        return with_weights(build(self.card.model), self.weights)


def save_model(path: Path, trained: TrainedModel) -> None:
    """Write a model to ``path`` atomically.

    Raises:
        DrywetError: an ONNX graph, or a disk that cannot be written to.
    """
    write_bytes(path, _encoded(trained.weights, trained.card))


def encode(trained: TrainedModel, name: str, made: datetime) -> bytes:
    """A model file with the model's name on its card, as the plugins' formats have it.

    Args:
        trained: the model.
        name: of it, for people.
        made: not kept: the same model gives the same file.

    Raises:
        DrywetError: an ONNX graph.
    """
    metadata = trained.card.metadata.model_copy(update={"name": name[:200]})
    return _encoded(trained.weights, trained.card.model_copy(update={"metadata": metadata}))


def require(config: Config, rate: int) -> None:
    """Refuse an ONNX graph; any other kind of model fits.

    Raises:
        DrywetError: it is one.
    """
    if config.is_graph:
        raise DrywetError(
            "a .safetensors cannot hold an ONNX graph", "a model of drywet's own",
            "Keep the .onnx file.",
        )  # fmt: skip


def _encoded(weights: dict[str, NDArray[np.float32]], card: ModelCard) -> bytes:
    from safetensors.numpy import save

    require(card.model, card.rate)
    whole = {name: np.asarray(weight, order="C") for name, weight in weights.items()}
    return bytes(save(whole, metadata={_KEY: card.model_dump_json()}))


def load_model(path: Path | str) -> TrainedModel:
    """Load a model file, or the one in a run folder.

    Raises:
        DrywetError: missing, not a drywet model, cut short, with tensors of the
            wrong shape, or with weights that are not finite.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if path.is_dir():
        if not (path / FILE_NAME).is_file() and (path / UNCLEANED / FILE_NAME).is_file():
            raise DrywetError(
                f"the model in {path} is yet to be cleaned", "a finished run",
                f"Go on with 'drywet train --resume {path}', or name {path / UNCLEANED}.",
            )  # fmt: skip
        if not (path / FILE_NAME).is_file():
            raise DrywetError(
                f"{path} holds no {FILE_NAME}", "the folder of a run that has trained", _FIX
            )
        path = path / FILE_NAME
    if not path.is_file():
        raise DrywetError(f"{path} does not exist", _WANTED, "Check the spelling of the path.")
    try:
        with safe_open(str(path), "np") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except (SafetensorError, OSError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        # The last two: types of number that NumPy lacks.
        raise DrywetError(f"{path} is not a safetensors file ({error})", _WANTED, _FIX) from error
    try:
        described = json.loads(metadata.get(_KEY, ""))
    except (ValueError, RecursionError) as error:
        raise DrywetError(f"{path} was not written by drywet", _WANTED, _FIX) from error
    card = parse(ModelCard, described, path)
    if card.model.is_graph:
        raise DrywetError(f"{path} is of an ONNX graph and lacks it", _WANTED, "Name the .onnx.")
    _require_fitting(card, weights, path)
    return TrainedModel(weights, card)


def _require_fitting(card: ModelCard, weights: dict[str, NDArray[np.float32]], path: Path) -> None:
    wanted = shapes(card.model)
    for name, tensor in weights.items():
        if wanted.get(name) != tensor.shape or tensor.dtype != np.float32:
            raise DrywetError(
                f"{path}: tensor '{name}' is {tensor.dtype} {tensor.shape}",
                f"float32 {wanted[name]}" if name in wanted else "no such tensor",
                _FIX,
            )
        if not np.isfinite(tensor).all():
            raise DrywetError(
                f"{path}: tensor '{name}' holds NaN or infinite weights", "finite weights", _FIX
            )
    missing = sorted(set(wanted) - set(weights))
    if missing:
        raise DrywetError(f"{path} lacks the tensor '{missing[0]}'", _WANTED, _FIX)
