"""What to train for who does not know what a hidden unit is: how good, and how heavy to play.

What each choice comes to on real captures is in docs/recipe.md, by ``benchmarks/choices.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drywet.errors import DrywetError
from drywet.models.registry import kind_of
from drywet.runs.config import Settings
from drywet.words import count

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


def choice(option: str, choices: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """What a choice stands for.

    Args:
        option: that it was given by, for the message.
        choices: to choose from.
        name: of the choice.

    Raises:
        DrywetError: another name.
    """
    if name not in choices:
        *most, last = choices
        raise DrywetError(
            f"--{option} {name}", f"{', '.join(most)} or {last}", "See docs/recipe.md."
        )
    return choices[name]


def in_words(settings: Settings) -> str:
    """The net and the training that were chosen."""
    size = kind_of(settings.model).parameters(settings.model)
    return (
        f"{settings.model.title} ({size} parameters), {count(settings.restarts, 'start')}, "
        f"{len(settings.cycle_steps)} cycles at most"
    )
