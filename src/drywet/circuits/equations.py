"""From a netlist to the matrices that the kernel steps through time.

Capacitors are the trapezoidal rule's conductance 2 C / h, the nonlinear parts are taken out
as ports: what is left is linear, and its solution, asked only for what matters (the ports' and
capacitors' voltages, the output), is the step's matrix. The ports as in Yeh, Abel & Smith,
"Automated physical modeling of nonlinear audio circuits", IEEE Trans. ASLP 18(4), 2010,
without their state space, so that a step may be shorter than the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drywet.circuits.assemble import Matrix, System
from drywet.circuits.netlist import OUTPUT, Netlist
from drywet.circuits.parts import Part, parts_of
from drywet.errors import DrywetError

Step = tuple[Matrix, Matrix, Matrix]
"""``a (rows, capacitors + 2)``, ``k (rows, ports)`` and ``g (capacitors)``; rows are ports,
capacitors and the output (``kernels/circuit_job.hpp``)."""

_NO_COUPLING = 1e-11  # of a port's strongest
_POSITIONS = (0.0, 1.0, 0.37)  # of all knobs, where couplings are looked for


@dataclass(frozen=True)
class Equations:
    """A circuit with its knobs in some position.

    Attributes:
        system: its linear part.
        parts: the nonlinear ones in the order of their ports, block after block.
        blocks: numbers of parts that must be solved together.
        order: of the parts among those of the netlist.
    """

    system: System
    parts: tuple[Part, ...]
    blocks: tuple[int, ...]
    order: tuple[int, ...]

    @property
    def capacitors(self) -> int:
        """How many there are."""
        return len(self.system.farads)

    def step(self, seconds: float | None) -> Step:
        """The matrices of a step; ``None``: at rest, where no current flows into capacitors."""
        return _step(self.system, seconds)


def equations_of(
    netlist: Netlist, knobs: dict[str, float], like: Equations | None = None
) -> Equations:
    """Bring a circuit into equations.

    Args:
        netlist: the circuit.
        knobs: positions; those left out are at their default.
        like: the same circuit with other positions, which keeps the order of the parts.

    Raises:
        DrywetError: as `System`, and for a nonlinear part that isn't as it must be.
    """
    if like is None:
        order, blocks = _blocks(_talks(netlist, knobs))
    else:
        order, blocks = like.order, like.blocks
    values = netlist.values(knobs)
    found, resistors = parts_of(netlist, values)
    parts = [found[n] for n in order]
    system = System(netlist, values, parts, resistors, check=like is None)
    return Equations(system, tuple(parts), blocks, order)


def _talks(netlist: Netlist, knobs: dict[str, float]) -> NDArray[np.bool_]:
    """Which part depends on which, ``[dependent, source]``, at every position of the knobs.

    Raises:
        DrywetError: where the circuit fails with knobs at their ends, saying so.
    """
    depends: NDArray[np.bool_] | None = None
    for position in (None, *_POSITIONS) if netlist.knobs else (None,):
        at = knobs if position is None else dict.fromkeys(netlist.knobs, position)
        try:
            values = netlist.values(at)
            parts, resistors = parts_of(netlist, values)
            k = _step(System(netlist, values, parts, resistors), 1e-5)[1]
        except DrywetError as error:
            if position is None:
                raise
            raise DrywetError(
                f"with all knobs at {position:g}, {error.found}", error.expected, error.fix
            ) from None
        now = _talks_at(parts, k)
        depends = now if depends is None else depends | now
    assert depends is not None
    return depends


def _talks_at(parts: list[Part], k: Matrix) -> NDArray[np.bool_]:
    owner = np.repeat(np.arange(len(parts)), [len(part.ports) for part in parts])
    ports = np.abs(k[: len(owner)])
    strongest = ports.max(axis=1, initial=0.0)
    talks = np.eye(len(parts), dtype=bool)
    for r, c in zip(*np.nonzero(ports > _NO_COUPLING * strongest[:, None]), strict=True):
        talks[owner[r], owner[c]] = True
    return talks


def _step(system: System, seconds: float | None) -> Step:
    g = np.zeros_like(system.farads) if seconds is None else 2 * system.farads / seconds
    all_ = system.conductances + system.capacitors.T @ (g[:, None] * system.capacitors)
    sources = np.concatenate([system.capacitors.T, system.inputs, system.currents], axis=1)
    rows = np.concatenate([system.ports, system.capacitors, system.across(OUTPUT)[None]])
    # Rows of all sizes, from 1e-12 S to gains of 1e6, are brought to one.
    scale = 1 / np.abs(all_).max(axis=1, keepdims=True)
    solved = rows @ np.linalg.solve(all_ * scale, sources * scale)
    wide = len(g) + 2
    return np.ascontiguousarray(solved[:, :wide]), np.ascontiguousarray(solved[:, wide:]), g


def _blocks(talks: NDArray[np.bool_]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """An order of the parts in which none depends on a later block, and the blocks' sizes.

    A stage behind an op-amp depends on the one before it, not the other way round: what need not
    be solved together isn't.
    """
    talks = talks.copy()
    for via in range(len(talks)):  # Warshall's closure
        talks |= np.outer(talks[:, via], talks[via])
    order: list[int] = []
    sizes: list[int] = []
    for first in map(int, np.argsort(talks.sum(axis=1), kind="stable")):
        if first in order:
            continue
        together = [n for n in range(len(talks)) if talks[first, n] and talks[n, first]]
        order += together
        sizes.append(len(together))
    return tuple(order), tuple(sizes)
