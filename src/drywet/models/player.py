"""The contract of whatever plays a model, and the players that several kinds share.

A player keeps the state of one stream. It starts from settled silence: a second of it, as the
plugins start (NAM's trainer and Core).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from drywet.models.config import Samples


class Player(ABC):
    """One mono stream through a model, or one through each of some copies of it."""

    @abstractmethod
    def process(self, block: Samples) -> Samples:
        """Play the next ``(samples,)``, of copies ``(copies, samples)``, at least one sample.

        Returns:
            As many.
        """

    @abstractmethod
    def reset(self) -> None:
        """Go back to settled silence."""


class KernelStream(Protocol):
    """A stream of `drywet.kernels`."""

    def process(self, block: Samples) -> Samples:
        """As `Player.process`."""

    def reset(self) -> None:
        """As `Player.reset`."""


class KernelPlayer(Player):
    """A model in a streaming kernel.

    Args:
        stream: settled.
    """

    def __init__(self, stream: KernelStream) -> None:
        self._stream = stream

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        return self._stream.process(block)

    def reset(self) -> None:
        """See `Player`."""
        self._stream.reset()


class PlayerCopies(Player):
    """Some copies of a model, a player for each; a block has a row for each.

    Args:
        players: alike.
    """

    def __init__(self, players: Sequence[Player]) -> None:
        self._players = players

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        played = zip(self._players, block, strict=True)
        return np.stack([player.process(row) for player, row in played])

    def reset(self) -> None:
        """See `Player`."""
        for player in self._players:
            player.reset()


class FinitePlayer(Player):
    """A model of finite memory: its state are the last ``context`` samples."""

    def __init__(self, context: int) -> None:
        self._past = np.zeros(context, np.float32)

    def process(self, block: Samples) -> Samples:
        """See `Player`."""
        joined = np.concatenate((self._past, block))
        self._past = joined[len(joined) - len(self._past) :]
        return self._play(joined)

    @abstractmethod
    def _play(self, joined: Samples) -> Samples:
        """Outputs for all samples but the context in front."""

    def reset(self) -> None:
        """See `Player`."""
        self._past = np.zeros_like(self._past)
