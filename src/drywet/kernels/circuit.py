"""A circuit's equations in the kernels, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drywet.errors import DrywetError
from drywet.kernels.choice import choice

Values = NDArray[np.float64]
Step = tuple[Values, Values, Values]
"""The matrices of a step of some length: see `drywet.circuits.equations`."""

Part = tuple[int, Sequence[float]]
"""A nonlinear part: its kind and the numbers of its model."""


class CircuitStream:
    """A circuit that runs at one rate.

    Args:
        capacitors: how many states it has.
        parts: the nonlinear ones, block by block.
        blocks: how many parts depend on each other and are solved together.
        tolerance: of a port's voltage, in volts.

    Raises:
        DrywetError: the kernels are not built.
    """

    def __init__(
        self, capacitors: int, parts: Sequence[Part], blocks: Sequence[int], tolerance: float
    ) -> None:
        from drywet.kernels import _native

        targets = _native.targets()
        chosen = choice().target
        self._circuit = _native.Circuit(
            chosen if chosen in targets else targets[0],
            capacitors, parts, blocks, tolerance,
        )  # fmt: skip

    def set_steps(self, steps: Sequence[Step]) -> None:
        """The matrices of a whole step and of its divisions (`step_lengths`)."""
        self._circuit.set(steps)

    def turn(self, numbers: Sequence[Sequence[float]]) -> None:
        """Other numbers for the parts; the states stay."""
        self._circuit.turn(numbers)

    def settle(self, rest: Step, voltage: float) -> bool:
        """Find the operating point at an input; whether there is one."""
        return self._circuit.settle(rest, voltage)

    def process(self, x: Values) -> tuple[Values, int]:
        """The next ``(samples,)``; as many, and how many of them have a solution."""
        out = np.empty_like(x)
        return out, self._circuit.process(x, out)

    @property
    def output(self) -> float:
        """The output now, in volts."""
        return self._circuit.output

    @property
    def refined(self) -> int:
        """Samples that were divided into shorter steps."""
        return int(self._circuit.refined)

    @property
    def rescued(self) -> int:
        """How often Newton's method had to take the long way."""
        return int(self._circuit.rescued)


def require_circuits() -> None:
    """Raise DrywetError where the kernels are not built."""
    try:
        from drywet.kernels import _native  # noqa: F401
    except ImportError as error:
        raise DrywetError(
            f"the compiled kernels are not built: {error}", "them, to run a circuit",
            "Install a C++ compiler and drywet again ('drywet doctor' says more).",
        ) from None  # fmt: skip


def most_block_ports() -> int:
    """Ports that parts which depend on each other may have together."""
    from drywet.kernels import _native

    return _native.MOST_BLOCK_PORTS


def step_lengths() -> list[int]:
    """Into how many parts a step may be divided, from 1 on."""
    from drywet.kernels import _native

    return [int(length) for length in np.cumprod([1, *_native.DIVISIONS])]
