"""A trained model in one file: safetensors, with what is needed to run it in its metadata.

Nothing is ever unpickled; every tensor is checked against what the
configuration calls for before it is used.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field

from drywet.errors import DrywetError
from drywet.models.base import EffectModel
from drywet.models.registry import ModelConfig, build
from drywet.runs.config import parse
from drywet.storage import write_bytes

FILE_NAME = "model.safetensors"

_KEY = "drywet"
_WANTED = "a model that drywet saved (.safetensors) or its run folder"
_FIX = "Name a run folder, or train the model again."


class ModelCard(BaseModel):
    """What a model file says about itself.

    Attributes:
        model: its configuration.
        rate: sample rate in Hz at which it must be run.
        output_latency: samples by which its output lags its input.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelConfig
    rate: int = Field(ge=1_000, le=768_000)
    output_latency: int = Field(ge=0)


@dataclass(frozen=True)
class TrainedModel:
    """A model ready to run, with its card."""

    model: EffectModel
    card: ModelCard


def save_model(path: Path, trained: TrainedModel) -> None:
    """Write a model to ``path`` atomically."""
    from safetensors.torch import save

    tensors = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in trained.model.state_dict().items()
    }
    write_bytes(path, save(tensors, metadata={_KEY: trained.card.model_dump_json()}))


def load_model(path: Path | str) -> TrainedModel:
    """Load a model file, or the one in a run folder, onto the CPU.

    Raises:
        DrywetError: missing, not a drywet model, cut short, with tensors of the
            wrong shape, or with weights that are not finite.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if path.is_dir():
        if not (path / FILE_NAME).is_file():
            raise DrywetError(
                f"{path} holds no {FILE_NAME}", "the folder of a run that has trained", _FIX
            )
        path = path / FILE_NAME
    if not path.is_file():
        raise DrywetError(f"{path} does not exist", _WANTED, "Check the spelling of the path.")
    try:
        with safe_open(str(path), "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise DrywetError(f"{path} is not a safetensors file ({error})", _WANTED, _FIX) from error
    try:
        described = json.loads(metadata.get(_KEY, ""))
    except (ValueError, RecursionError) as error:
        raise DrywetError(f"{path} was not written by drywet", _WANTED, _FIX) from error
    card = parse(ModelCard, described, path)
    return TrainedModel(_fill(build(card.model), tensors, path), card)


def _fill(model: EffectModel, tensors: dict[str, torch.Tensor], path: Path) -> EffectModel:
    wanted = {name: tensor.shape for name, tensor in model.state_dict().items()}
    for name, tensor in tensors.items():
        if wanted.get(name) != tensor.shape or tensor.dtype != torch.float32:
            raise DrywetError(
                f"{path}: tensor '{name}' is {tensor.dtype} {tuple(tensor.shape)}",
                f"float32 {tuple(wanted[name])}" if name in wanted else "no such tensor",
                _FIX,
            )
        if not bool(torch.isfinite(tensor).all()):
            raise DrywetError(
                f"{path}: tensor '{name}' holds NaN or infinite weights", "finite weights", _FIX
            )
    missing = sorted(set(wanted) - set(tensors))
    if missing:
        raise DrywetError(f"{path} lacks the tensor '{missing[0]}'", _WANTED, _FIX)
    model.load_state_dict(tensors)
    return model.eval()
