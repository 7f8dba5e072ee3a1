"""Bass, middle and treble among a device's knobs, by their names."""

from __future__ import annotations

from collections.abc import Sequence

NAMES = ({"bass"}, {"middle", "mid", "mids"}, {"treble"})
"""What the three tone controls may be called."""


def tone_controls(names: Sequence[str]) -> tuple[int, ...] | None:
    """Which of the knobs are bass, middle and treble; ``None`` where there aren't all three."""
    small = [name.lower() for name in names]
    found = [next((i for i, name in enumerate(small) if name in called), None) for called in NAMES]
    return tuple(i for i in found if i is not None) if None not in found else None
