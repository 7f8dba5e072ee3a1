"""What every device is to drywet: knobs, a latency, and a way to play a signal through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from drywet.audio.read import Samples
from drywet.errors import DrywetError, UnknownKnobError

Position = float | NDArray[np.float64]
"""Of a knob: one for the whole signal, or one for each sample, shape ``(samples,)``."""


def no_progress(done: float) -> None:
    """What is told the share done where nobody asked."""


@dataclass(frozen=True)
class Knob:
    """One knob.

    Attributes:
        text: what it does, in a few words.
        default: its position where nobody turns it.
        least: its position at one end.
        most: at the other.
    """

    text: str
    default: float
    least: float = 0.0
    most: float = 1.0


class Device(Protocol):
    """An effect. Full scale (1.0) stands for 1 volt where the effect is a circuit."""

    @property
    def name(self) -> str:
        """Short, for a file's name."""

    @property
    def about(self) -> str:
        """What it is and where it comes from, in lines."""

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """By name."""

    def latency(self, rate: int) -> int:
        """Samples by which what comes out of `process` lags what goes in."""

    def process(
        self,
        dry: Samples,
        rate: int,
        knobs: Mapping[str, Position] | None = None,
        on_progress: Callable[[float], None] = no_progress,
    ) -> Samples:
        """Play a signal through it, from rest.

        Args:
            dry: float32, shape ``(samples,)``.
            rate: in Hz.
            knobs: positions; those left out are at their default.
            on_progress: called with the share done, by devices that know it.

        Returns:
            float32 of the same shape.

        Raises:
            DrywetError: a knob that isn't there or out of its range; whatever the device
                cannot do, such as another rate.
        """


def require_playable(device: Device, dry: Samples, rate: int) -> Samples:
    """A signal as devices take it: float32, finite, mono.

    Raises:
        DrywetError: it isn't one, or the rate is no rate.
    """
    found = np.asarray(dry, np.float32)
    if found.ndim != 1 or rate < 1:
        raise DrywetError(
            f"a signal of shape {found.shape} at {rate} Hz for {device.name}",
            "one channel, shape (samples,), at a rate in Hz",
            "Take one channel.",
        )
    if not np.isfinite(found).all():
        raise DrywetError(
            f"a signal for {device.name} with samples that are NaN or infinite",
            "finite samples",
            "Export it again.",
        )
    return found


def positions(
    device: Device, knobs: Mapping[str, Position] | None, samples: int | None = None
) -> dict[str, Position]:
    """Positions of all knobs of a device.

    Args:
        device: that has them.
        knobs: positions; those left out are at their default.
        samples: length of the signal, where it is known.

    Raises:
        DrywetError: a knob that isn't there or out of its range, or positions that are no
            numbers or not one for each sample.
    """
    found: dict[str, Position] = {name: knob.default for name, knob in device.knobs.items()}
    for name, position in (knobs or {}).items():
        knob = device.knobs.get(name)
        if knob is None:
            raise UnknownKnobError(device.name, name, device.knobs)
        try:
            values = np.asarray(position, dtype=float)
        except (TypeError, ValueError):
            values = np.array(np.nan)
        if values.ndim > 1 or (values.ndim == 1 and samples not in (None, len(values))):
            raise DrywetError(
                f"knob {name} with positions of shape {values.shape}",
                f"one position, or one for each of {samples} samples",
                "Give as many as the signal has samples.",
            )
        if not (np.all(values >= knob.least) and np.all(values <= knob.most)):
            shown = f" = {position}" if values.ndim == 0 else ""
            raise DrywetError(
                f"knob {name}{shown} of {device.name}",
                f"{knob.least:g} to {knob.most:g}",
                "Turn it within its range.",
            )
        found[name] = float(values) if values.ndim == 0 else values
    return found


def fixed(device: Device, knobs: Mapping[str, Position] | None) -> dict[str, float]:
    """Positions of all knobs, for a device whose knobs cannot turn while it plays.

    Raises:
        DrywetError: as `positions`, or a knob with more than one position.
    """
    found = {}
    for name, position in positions(device, knobs).items():
        if not isinstance(position, float):
            raise DrywetError(
                f"knob {name} of {device.name} turns while it plays",
                "one position for the whole signal",
                "Only circuits can do that.",
            )
        found[name] = position
    return found
