"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

_PLAIN_FROM = 1e-4


def number(value: float, digits: int = 3) -> str:
    """A score, such as 0.0482, 0.5, 750 or 9.46e-05.

    Args:
        value: of any size.
        digits: significant ones; more only where a whole number has more.
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < _PLAIN_FROM:
        return f"{value:.{digits - 1}e}"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])  # 0.9996 counts as 1.00
    return f"{value:.{max(digits - 1 - exponent, 0)}f}"


def count(many: int, thing: str) -> str:
    """``1 start`` or ``2 starts``."""
    return f"{many} {thing}" + ("" if many == 1 else "s")


def with_article(title: str) -> str:
    """A model's title with its article, as it is spoken: ``an LSTM 16``, ``a GRU 8``."""
    return f"{'an' if title.startswith(('LSTM', 'RNN', 'SSM', 'ONNX')) else 'a'} {title}"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; nothing of none."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def positions(knobs: Mapping[str, float | tuple[float, float]]) -> str:
    """Where knobs stand or turn: ``bass 2, treble 0 to 5``."""
    ways = {
        name: f"{turn[0]:g} to {turn[1]:g}" if isinstance(turn, tuple) else f"{turn:g}"
        for name, turn in knobs.items()
    }
    return ", ".join(f"{name} {way}" for name, way in ways.items())
