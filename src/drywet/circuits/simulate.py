"""A circuit that plays: oversampled, block by block, with knobs that turn."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np

from drywet.audio.read import Samples
from drywet.audio.resample import StreamResampler
from drywet.circuits.assemble import Matrix
from drywet.circuits.equations import Equations, Step, equations_of
from drywet.circuits.netlist import Netlist
from drywet.errors import DrywetError
from drywet.kernels.circuit import (
    CircuitStream,
    most_block_ports,
    require_circuits,
    step_lengths,
)

OVERSAMPLING = 8
MOST_OVERSAMPLING = 64
TOLERANCE_V = 2e-4
"""Of a port's voltage."""

_HALF_LENGTH = 20  # of the filter that undoes the kernel's smoothing
_DELAY = 2 + _HALF_LENGTH  # samples at the high rate
_AT_ONCE = 4096  # samples, to stay in the cache
_MOST_V = 1e12


class Simulation:
    """One circuit at one sample rate, from its operating point on.

    Args:
        netlist: the circuit.
        rate: of what goes in and comes out, in Hz.
        knobs: positions; those left out are at their default.
        oversampling: the circuit runs at so many times the rate.

    Attributes:
        equations: at the present positions of the knobs.

    Raises:
        DrywetError: the kernels are not built; the circuit has no operating point, or
            too many parts that depend on each other.
    """

    def __init__(
        self,
        netlist: Netlist,
        rate: int,
        knobs: Mapping[str, float] | None = None,
        oversampling: int = OVERSAMPLING,
    ) -> None:
        require_circuits()
        if not 1 <= oversampling <= MOST_OVERSAMPLING:
            raise DrywetError(
                f"oversampling by {oversampling}", f"1 to {MOST_OVERSAMPLING}", "Choose another."
            )
        self._netlist = netlist
        self._fast = rate * oversampling
        self._knobs = {**netlist.defaults(), **(knobs or {})}
        self.equations = equations = equations_of(netlist, self._knobs)
        at = 0
        for count in equations.blocks:
            ports = sum(len(part.ports) for part in equations.parts[at : at + count])
            at += count
            if ports > most_block_ports():
                raise DrywetError(
                    f"{netlist.name}: {count} parts depend on each other, with {ports} ports",
                    f"at most {most_block_ports()}",
                    "Separate stages by an op-amp, or leave out parts.",
                )
        self._circuit = CircuitStream(
            equations.capacitors,
            [(part.kind, list(part.numbers)) for part in equations.parts],
            list(equations.blocks),
            TOLERANCE_V,
        )
        self._circuit.set_steps(steps_at(equations, self._fast))
        if not self._circuit.settle(equations.step(None), 0.0):
            raise DrywetError(
                f"{netlist.name}: no operating point was found", "a circuit that has one at rest",
                "Check it in ngspice (.op).",
            )  # fmt: skip
        self._up = StreamResampler(rate, self._fast) if oversampling > 1 else None
        self._down = StreamResampler(self._fast, rate) if oversampling > 1 else None
        self._filter = unsmoothing()
        self._rest = self._circuit.output  # taken off while resampling, which starts from 0
        self._carry = np.full(len(self._filter) - 1, self._rest)
        self._dropped = 0
        self._last = 0.0

    def turn(self, knobs: Mapping[str, float]) -> None:
        """Turn knobs; what charges the capacitors hold stays."""
        turned = {**self._knobs, **knobs}
        if turned != self._knobs:
            self._knobs = turned
            self.equations = equations_of(self._netlist, turned, like=self.equations)
            self._circuit.turn([list(part.numbers) for part in self.equations.parts])
            self._circuit.set_steps(steps_at(self.equations, self._fast))

    def process(
        self,
        block: Samples,
        last: bool = False,
        on_progress: Callable[[float], None] = lambda done: None,
    ) -> Samples:
        """Feed a block of float32; returns what is ready, of any length.

        The joined output is as long as the input, in time with it, and does not depend on the
        blocks.

        Args:
            block: shape ``(samples,)``, volts.
            last: no more will come.
            on_progress: called with the share of the block that is done.

        Raises:
            DrywetError: Newton's method found no solution, or the output grows without end.
        """
        parts = []
        for first in range(0, max(len(block), 1), _AT_ONCE):
            end = first + _AT_ONCE
            parts.append(self._part(block[first:end], last and end >= len(block)))
            on_progress(min(end / max(len(block), 1), 1.0))
        return np.concatenate(parts)

    def _part(self, block: Samples, last: bool) -> Samples:
        fast = np.asarray(block if self._up is None else self._up.process(block, last), float)
        if last:
            fast = np.concatenate([fast, np.full(_DELAY, fast[-1] if len(fast) else self._last)])
        if len(fast):
            self._last = float(fast[-1])
        out = self._run(np.ascontiguousarray(fast))
        slow = out if self._down is None else self._down.process(out, last)
        return slow + np.float32(self._rest)

    def _run(self, fast: Matrix) -> Samples:
        out, done = self._circuit.process(fast)
        if done < len(fast):
            raise DrywetError(
                f"{self._netlist.name}: no solution at an input of {fast[done]:.3g} V",
                "a circuit with one solution for every input",
                "Check the netlist in ngspice, or play it more softly.",
            )
        joined = np.concatenate([self._carry, out])
        self._carry = joined[len(joined) - len(self._carry) :]
        smooth = np.convolve(joined, self._filter, mode="valid") - self._rest if len(out) else out
        if not np.abs(smooth).max(initial=0.0) < _MOST_V:
            raise DrywetError(
                f"{self._netlist.name}: its output grows without end",
                "a stable circuit",
                "Look for feedback with a gain above 1.",
            )
        drop = min(_DELAY - self._dropped, len(smooth))
        self._dropped += drop
        return smooth[drop:].astype(np.float32)

    @property
    def refined(self) -> int:
        """Samples at the high rate that were divided because the circuit is too nonlinear there."""
        return self._circuit.refined

    @property
    def rescued(self) -> int:
        """How often Newton's method had to take the long way."""
        return self._circuit.rescued


def steps_at(equations: Equations, rate: int) -> list[Step]:
    """The matrices of a sample at a rate in Hz, and of the parts that it may be divided into."""
    return [equations.step(1 / (rate * length)) for length in step_lengths()]


@functools.cache
def unsmoothing() -> Matrix:
    """Taps that undo the B-spline of degree 5 under which the kernel gives its samples."""
    angle = 2 * np.pi * np.fft.rfftfreq(256)
    response = (66 + 52 * np.cos(angle) + 2 * np.cos(2 * angle)) / 120
    taps = np.fft.irfft(1 / response)
    return np.concatenate([taps[-_HALF_LENGTH:], taps[: _HALF_LENGTH + 1]])
