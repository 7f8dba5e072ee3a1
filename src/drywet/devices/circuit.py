"""A netlist as a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from string import digits

import numpy as np

import drywet.circuits
from drywet.audio.read import Samples
from drywet.circuits.netlist import Netlist, read_netlist
from drywet.circuits.simulate import OVERSAMPLING, Simulation
from drywet.devices.device import Knob, Position, no_progress, positions, require_playable

_FOLDER = Path(drywet.circuits.__file__).parent
_TURN_EVERY = 64  # samples
_LIKE = 0.75


def built_in() -> dict[str, Path]:
    """The netlists that come with drywet, by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.cir"))}


def nearest(name: str) -> str | None:
    """The built-in circuit that a name may be meant for, by their names and titles.

    Pedals of one series share their letters: a TS9 is most like the TS808.
    """
    wanted = _letters_and_digits(name)
    called: dict[str, str] = {}
    for known, path in built_in().items():
        words = [_letters_and_digits(word) for word in read_netlist(path).title.split()]
        pairs = map("".join, pairwise(words))
        for word in (known, known.rstrip(digits), *words, *pairs):
            called.setdefault(word, known)
    series = called.get(wanted.rstrip(digits))
    near = get_close_matches(wanted, called, 1, _LIKE)
    return series or (called[near[0]] if near else None)


def _letters_and_digits(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())


class CircuitDevice:
    """A circuit that plays, in time with what goes in.

    Args:
        path: of the netlist.
        oversampling: times the rate at which it runs.
    """

    def __init__(self, path: Path, oversampling: int = OVERSAMPLING) -> None:
        self._path = path
        self._oversampling = oversampling

    @cached_property
    def netlist(self) -> Netlist:
        """As it is written."""
        return read_netlist(self._path)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the netlist's file."""
        return sha256(self._path.read_bytes()).hexdigest()

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self._path.stem

    @property
    def about(self) -> str:
        """The netlist's title and first comments."""
        return "\n".join((self.netlist.title, *self.netlist.about)).strip()

    @cached_property
    def knobs(self) -> Mapping[str, Knob]:
        """Those that the netlist declares."""
        defaults = self.netlist.defaults()
        return {name: Knob(text, defaults[name]) for name, text in self.netlist.knobs.items()}

    def latency(self, rate: int) -> int:
        """None at all."""
        return 0

    def process(
        self,
        dry: Samples,
        rate: int,
        knobs: Mapping[str, Position] | None = None,
        on_progress: Callable[[float], None] = no_progress,
    ) -> Samples:
        """See `Device.process`; knobs may turn while it plays."""
        dry = require_playable(self, dry, rate)
        found = positions(self, knobs, len(dry))
        turning = {name: p for name, p in found.items() if isinstance(p, np.ndarray)}
        first = {n: float(np.ravel(p)[0]) for n, p in found.items() if np.size(p)}
        simulation = Simulation(self.netlist, rate, first, self._oversampling)
        if not turning:
            return simulation.process(dry, last=True, on_progress=on_progress)
        parts = []
        for start in range(0, len(dry), _TURN_EVERY):
            simulation.turn({name: float(p[start]) for name, p in turning.items()})
            end = start + _TURN_EVERY
            parts.append(simulation.process(dry[start:end], last=end >= len(dry)))
            on_progress(min(end / len(dry), 1.0))
        return np.concatenate(parts) if parts else dry
