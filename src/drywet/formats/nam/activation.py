"""Activations as ``.nam`` names them: a name, or an object with the name as its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drywet.errors import DrywetError
from drywet.formats.document import number, shown
from drywet.models.activation import Activation, Name

_NAMES: dict[str, Name] = {
    "Tanh": "tanh", "ReLU": "relu", "LeakyReLU": "leaky_relu", "Sigmoid": "sigmoid",
    "SiLU": "silu", "Hardtanh": "hardtanh", "Hardswish": "hardswish", "Softsign": "softsign",
}  # fmt: skip


def read_activation(found: Any, path: Path) -> Activation:
    """NAM's activation.

    Raises:
        DrywetError: none that drywet knows.
    """
    settings = found if isinstance(found, dict) else {"type": found}
    kind = settings.get("type")
    if isinstance(kind, str) and kind in _NAMES:
        if kind != "LeakyReLU":
            return Activation(name=_NAMES[kind])
        return Activation(
            name="leaky_relu",
            slope=number(settings.get("negative_slope", 0.01), 1e3, "negative_slope", path),
        )
    if kind == "PReLU" and "negative_slopes" not in settings:  # one slope for all channels
        slope = number(settings.get("negative_slope", 0.01), 1e3, "negative_slope", path)
        return Activation(name="leaky_relu", slope=slope)
    raise DrywetError(
        f"{path}: activation {shown(kind)}", ", ".join(_NAMES), "drywet cannot play this kind."
    )


def write_activation(activation: Activation) -> dict[str, Any]:
    """NAM's object for an activation.

    Raises:
        DrywetError: NAM has no such activation.
    """
    for name, own in _NAMES.items():
        if own == activation.name:
            slope = {"negative_slope": activation.slope} if own == "leaky_relu" else {}
            return {"type": name} | slope
    raise DrywetError(f"NAM knows no {activation.name}", ", ".join(_NAMES), "Train with another.")
