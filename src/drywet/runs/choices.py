"""What to train for who does not know what a hidden unit is: how good, and how heavy to play.

What each choice comes to on real captures is in docs/recipe.md, by ``benchmarks/choices.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from drywet.errors import DrywetError
from drywet.models.recurrent.config import CELL_SIZES
from drywet.models.registry import kind_of
from drywet.models.wavenet.config import PRESETS
from drywet.runs.config import Settings
from drywet.words import count

__all__ = ["CELL_SIZES", "CPU", "KINDS", "PRESETS", "QUALITY", "in_words", "require_known"]

CPU: dict[str, dict[str, Any]] = {
    "light": {"hidden": 8},
    "normal": {"hidden": 16},
    "heavy": {"hidden": 32},
}
"""Settings of the LSTM, by what it costs to play."""

QUALITY: dict[str, dict[str, Any]] = {
    "quick": {"cycles": 3, "restarts": 2},
    "good": {"cycles": 5, "restarts": 4},
    "best": {"cycles": 6, "restarts": 8},
}
"""Settings of the training, by how long one is willing to wait."""


_WAVENETS = {"light": "nano", "normal": "feather", "heavy": "standard"}
_WAVENET_CYCLES = {"quick": 2, "good": 4, "best": 5}


def for_plugin(plugin: str, cpu: str, quality: str) -> Settings:
    """Settings for who knows which plugin it is for.

    Any plugin plays an LSTM, Neural Amp Modeler a WaveNet, which hardly needs several starts, and
    Proteus one size of LSTM at one rate alone (docs/formats.md).

    Args:
        plugin: ``any``, ``nam`` or ``proteus``.
        cpu: of `CPU`.
        quality: of `QUALITY`.
    """
    if plugin == "nam":
        wavenet = {"kind": "wavenet", "preset": _WAVENETS[cpu]}
        training = {"cycles": _WAVENET_CYCLES[quality]}
        return Settings.model_validate({"model": wavenet, "training": training})
    training = QUALITY[quality]
    model = {"hidden": 40, "skip": True} if plugin == "proteus" else CPU[cpu]
    capture = {"rate": 44_100} if plugin == "proteus" else {}
    recurrent = {"kind": "recurrent", **model}
    return Settings.model_validate({"model": recurrent, "training": training, "capture": capture})


KINDS = ("recurrent", "windowed", "linear", "wavenet")
"""Kinds of model that are trained by their name alone."""


def require_known(option: str, names: Iterable[str], name: str) -> None:
    """One of the names that an option takes.

    Args:
        option: that it was given by, for the message.
        names: to choose from.
        name: that was chosen.

    Raises:
        DrywetError: another name.
    """
    known = list(names)
    if name in known:
        return
    near = get_close_matches(name, known, 1)
    raise DrywetError(
        f"--{option} {name}", f"{', '.join(known[:-1])} or {known[-1]}",
        f"Did you mean {near[0]}?" if near else "See docs/recipe.md and docs/runs.md.",
    )  # fmt: skip


def in_words(settings: Settings, net: bool = True) -> str:
    """The net and the training that were chosen.

    Args:
        settings: that were chosen.
        net: the net was, too; one with knobs is only known once the captures are.
    """
    size = kind_of(settings.model).parameters(settings.model)
    training = f"{count(settings.restarts, 'start')}, {settings.most_cycles} cycles at most"
    return f"{settings.model.title} ({size} parameters), {training}" if net else training
