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

from drywet.circuits.assemble import Matrix, System
from drywet.circuits.netlist import OUTPUT, Netlist
from drywet.circuits.parts import Part, parts_of

Step = tuple[Matrix, Matrix, Matrix]
"""``a (rows, capacitors + 2)``, ``k (rows, ports)`` and ``g (capacitors)``; rows are ports,
capacitors and the output (``kernels/circuit_job.hpp``)."""

_NO_COUPLING = 1e-11  # of a port's strongest


@dataclass(frozen=True)
class Equations:
    """A circuit with its knobs in some position.

    Attributes:
        system: its linear part.
        parts: the nonlinear ones in the order of their ports, block after block.
        blocks: numbers of parts that must be solved together.
    """

    system: System
    parts: tuple[Part, ...]
    blocks: tuple[int, ...]

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
    values = netlist.values(knobs)
    parts, resistors = parts_of(netlist, values)
    if like is not None:
        by_ports = {(part.kind, part.ports): part for part in parts}
        parts = [by_ports[part.kind, part.ports] for part in like.parts]
        return Equations(System(netlist, values, parts, resistors), tuple(parts), like.blocks)
    anyhow = System(netlist, values, parts, resistors)
    order, blocks = _blocks(parts, _step(anyhow, 1e-5)[1])
    parts = [parts[n] for n in order]
    return Equations(System(netlist, values, parts, resistors), tuple(parts), tuple(blocks))


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


def _blocks(parts: list[Part], k: Matrix) -> tuple[list[int], list[int]]:
    """An order of the parts in which none depends on a later block, and the blocks' sizes.

    A stage behind an op-amp hears the one before it and doesn't talk back: what need not
    be solved together isn't.
    """
    owner = np.repeat(np.arange(len(parts)), [len(part.ports) for part in parts])
    ports = np.abs(k[: len(owner)])
    strongest = ports.max(axis=1, initial=0.0)
    talks = np.eye(len(parts), dtype=bool)  # [listener, talker]
    for r, c in zip(*np.nonzero(ports > _NO_COUPLING * strongest[:, None]), strict=True):
        talks[owner[r], owner[c]] = True
    for via in range(len(parts)):  # Warshall's closure
        talks |= np.outer(talks[:, via], talks[via])
    order: list[int] = []
    sizes: list[int] = []
    for first in np.argsort(talks.sum(axis=1), kind="stable"):
        if first in order:
            continue
        together = [n for n in range(len(parts)) if talks[first, n] and talks[n, first]]
        order += together
        sizes.append(len(together))
    return order, sizes
