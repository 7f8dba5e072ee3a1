"""What a knob probably does, by its name."""

from __future__ import annotations

from collections.abc import Sequence

NAMES = ({"bass"}, {"middle", "mid", "mids"}, {"treble"})
"""What the three tone controls may be called."""

TONES = {"tone", "filter", "presence", "color", "colour"}
"""What filters behind the distortion is mostly called."""

LEVELS = {"level", "volume", "vol", "output", "out", "master"}
"""What only scales there."""

GAINS = {"drive", "overdrive", "gain", "distortion", "dist", "sustain", "fuzz"}
"""What amplifies before it, most over the first part of its way."""


def tone_controls(names: Sequence[str]) -> tuple[int, ...] | None:
    """Which of the knobs are bass, middle and treble; ``None`` where there aren't all three."""
    small = [name.lower() for name in names]
    found = [next((i for i, name in enumerate(small) if name in called), None) for called in NAMES]
    return tuple(i for i in found if i is not None) if None not in found else None


def filter_controls(names: Sequence[str]) -> tuple[int, ...]:
    """Which of the knobs are probably a filter or a gain behind the distortion, each by itself."""
    return tuple(i for i, name in enumerate(names) if name.lower() in TONES | LEVELS)
