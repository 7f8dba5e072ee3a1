"""Modified nodal analysis: what every element adds to the circuit's linear system.

Unknowns are the nodes' voltages and the currents of voltage sources. Ho, Ruehli & Brennan,
"The modified nodal approach to network analysis", IEEE Trans. Circuits Syst. 22(6), 1975.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from drywet.circuits.netlist import GROUND, INPUT, Element, Netlist
from drywet.circuits.parts import LEAK_S, Part
from drywet.circuits.values import evaluate
from drywet.errors import DrywetError

Matrix = NDArray[np.float64]

_SINGULAR = 1e-16
_RANGES = {"r": (1e-6, 1e13, "ohm"), "c": (1e-18, 10.0, "F")}
_MOST_GAIN = 1e9


class System:
    """The linear part of a circuit, with the nonlinear parts as ports.

    Args:
        netlist: the circuit.
        values: of its parameters.
        parts: the nonlinear ones, in the order of their ports.
        resistors: node, node, ohms: those that belong to parts.
        check: whether the circuit has one solution at rest.

    Attributes:
        conductances: ``(unknowns, unknowns)``.
        inputs: what the signal and the constant sources add, ``(unknowns, 2)``.
        capacitors: incidence, ``(capacitors, unknowns)``.
        farads: ``(capacitors,)``.
        ports: incidence, ``(ports, unknowns)``.
        currents: where the ports' currents go, ``(unknowns, ports)``.

    Raises:
        DrywetError: an element without a usable value, or a circuit without one solution: a
            node that nothing holds, sources that contradict each other.
    """

    def __init__(
        self,
        netlist: Netlist,
        values: Mapping[str, float],
        parts: list[Part],
        resistors: list[tuple[str, str, float]],
        check: bool = True,
    ) -> None:
        self._netlist, self._values = netlist, values
        # The node between two diodes in series is not there: they are one part.
        names = {node for e in netlist.elements if e.kind != "d" for node in e.nodes}
        names |= {node for a, b, _ in resistors for node in (a, b)}
        names |= {node for part in parts for port in part.ports for node in port}
        branches = [f"#{e.name}" for e in netlist.elements if e.kind in "ve"]
        branches += [_branch(part) for part in parts if part.source]
        names_in_order = [*sorted(names - {GROUND}), *branches]
        self._unknowns = {name: n for n, name in enumerate(names_in_order)}
        size = len(self._unknowns)
        self.conductances, self.inputs = np.zeros((size, size)), np.zeros((size, 2))
        capacitors: list[Matrix] = []
        farads: list[float] = []
        for element in netlist.elements:
            if element.kind == "r":
                a, b = element.nodes
                self._conduct(a, b, 1 / self._positive(element))
            elif element.kind == "c":
                capacitors.append(self.across(*element.nodes))
                farads.append(self._positive(element))
            elif element.kind in "ve":
                self._source(element)
        for a, b, ohms in resistors:
            self._conduct(a, b, 1 / ohms)
        ports: list[Matrix] = []
        currents: list[Matrix] = []
        for part in parts:
            ports += [self.across(*port) for port in part.ports]
            currents += self._currents_of(part)
        if check:
            self._require_one_solution()
        self.capacitors, self.farads = np.array(capacitors).reshape(-1, size), np.array(farads)
        self.ports = np.array(ports).reshape(-1, size)
        self.currents = np.array(currents).reshape(-1, size).T

    def across(self, a: str, b: str = GROUND) -> Matrix:
        """The voltage from node ``a`` to node ``b`` as a row over the unknowns."""
        row = np.zeros(len(self._unknowns))
        for name, sign in ((a, 1.0), (b, -1.0)):
            if name != GROUND:
                row[self._unknowns[name]] += sign
        return row

    def _value(self, element: Element) -> float:
        where = f"{self._netlist.name}: {element.name.upper()}"
        return evaluate(element.value, self._values, where)

    def _positive(self, element: Element) -> float:
        value = self._value(element)
        least, most, unit = _RANGES[element.kind]
        if not least <= value <= most:
            raise DrywetError(
                f"{self._netlist.name}: {element.name.upper()} = {value:g}",
                f"{least:g} to {most:g} {unit}",
                "Correct the netlist; for a wire use one node.",
            )
        return value

    def _conduct(self, a: str, b: str, siemens: float) -> None:
        ends = self.across(a, b)
        self.conductances += siemens * np.outer(ends, ends)

    def _source(self, element: Element) -> None:
        branch = self._unknowns[f"#{element.name}"]
        ends = self.across(*element.nodes[:2])
        self.conductances[:, branch] += ends
        self.conductances[branch] += ends
        if element.kind == "e":
            gain = self._value(element)
            if abs(gain) > _MOST_GAIN:
                raise DrywetError(
                    f"{self._netlist.name}: {element.name.upper()} = {gain:g}",
                    f"a gain of at most {_MOST_GAIN:g}",
                    "An ideal op-amp is one of 1e6.",
                )
            self.conductances[branch] -= gain * self.across(*element.nodes[2:])
        elif element.name == INPUT:
            self.inputs[branch, 0] = 1.0
        else:
            self.inputs[branch, 1] = self._value(element)

    def _currents_of(self, part: Part) -> list[Matrix]:
        if not part.source:
            for port in part.ports:
                self._conduct(*port, LEAK_S)
            return [-self.across(*port) for port in part.ports]
        branch = self._unknowns[_branch(part)]
        ends = self.across(part.source)
        self.conductances[:, branch] += ends
        self.conductances[branch] += ends
        voltage = np.zeros(len(self._unknowns))
        voltage[branch] = 1.0
        return [voltage]

    def _require_one_solution(self) -> None:
        """At rest every node's voltage and every source's current must follow from the rest."""
        largest = np.abs(self.conductances).max(axis=1)
        lost = np.flatnonzero(largest == 0)
        if not len(lost):
            scaled = self.conductances / largest[:, None]
            scaled = scaled / np.abs(scaled).max(axis=0).clip(1e-300)
            _, sizes, right = np.linalg.svd(scaled)
            if sizes[-1] > _SINGULAR * sizes[0]:
                return
            lost = np.flatnonzero(np.abs(right[-1]) > 0.5 * np.abs(right[-1]).max())
        names = list(self._unknowns)
        # A node says more than a source's current that hangs with it.
        name = min((names[n] for n in lost), key=lambda name: name.startswith("#"))
        circuit = self._netlist.name
        if name.startswith("#"):
            raise DrywetError(
                f"{circuit}: {name[1:].split('#')[0].upper()} is in a loop of voltage sources",
                "sources that don't contradict each other",
                "Put a resistor in series.",
            )
        beside = [e.name.upper() for e in self._netlist.elements if name in e.nodes]
        raise DrywetError(
            f"{circuit}: node {name} (at {', '.join(beside[:4])}) floats",
            "a path for direct current from every node to 0",
            "Add a large resistor to ground.",
        )


def _branch(part: Part) -> str:
    """Of an op-amp's output, which is a voltage source."""
    return f"#{part.name}"
