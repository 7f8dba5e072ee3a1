"""The nonlinear parts of a circuit as the kernel takes them: ports and numbers.

Equations: ``kernels/circuit_parts.hpp``; SPICE's at 27 degrees Celsius, without charges. A model's
parameter that isn't known here is refused: to leave it out silently would be another circuit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drywet.circuits.netlist import GROUND, OUTPUT, Element, Netlist
from drywet.circuits.values import evaluate
from drywet.errors import DrywetError

THERMAL_V = 1.380649e-23 / 1.602176634e-19 * 300.15
LEAK_S = 1e-6
"""A conductance across every port, in the linear part and taken off again in the part's curve, so
that a node between two junctions is held by something."""
_TAKEN_OFF = LEAK_S - 1e-12  # what stays is SPICE's GMIN

_DIODES, _BJT, _JFET, _TRIODE, _OPAMP = range(5)
_MOST_DIODES = 3  # on one port
_LEAST_OHM = 1e-6

# Known parameters with SPICE's defaults.
_DEFAULTS = {
    "d": {"is": 1e-14, "n": 1.0, "rs": 0.0},
    "npn": {"is": 1e-16, "bf": 100.0, "br": 1.0, "nf": 1.0, "nr": 1.0, "vaf": 0.0},
    "njf": {"vto": -2.0, "beta": 1e-4, "lambda": 0.0, "is": 1e-14},
    "opamp": {"low": 0.0, "high": 9.0, "gain": 1e5},
    "triode": {"mu": 100.0, "ex": 1.4, "kg1": 1060.0, "kp": 600.0, "kvb": 300.0, "gg": 1e-3},
}
_DEFAULTS["pnp"], _DEFAULTS["pjf"] = _DEFAULTS["npn"], _DEFAULTS["njf"]
_MAY_BE_ZERO = {"rs", "lambda", "vaf", "low", "high", "vto", "gg"}
_TYPES = {"d": ("d",), "q": ("npn", "pnp"), "j": ("njf", "pjf")}


@dataclass(frozen=True)
class Part:
    """Something nonlinear.

    Attributes:
        kind: as the kernel numbers them.
        ports: two nodes each; currents flow from the first to the second.
        numbers: as the kernel has them.
        source: of an op-amp, the node whose voltage it sets; its port only listens.
        name: of the element, or of the first.
    """

    kind: int
    ports: tuple[tuple[str, str], ...]
    numbers: tuple[float, ...]
    source: str = ""
    name: str = ""


@dataclass(frozen=True)
class _Diode:
    anode: str
    cathode: str
    model: str
    current: float
    slope_voltage: float  # n Vt


def _settings(
    given: Mapping[str, str], type_: str, where: str, values: Mapping[str, float]
) -> dict[str, float]:
    known = dict(_DEFAULTS[type_])
    for key, text in given.items():
        if key not in known:
            raise DrywetError(
                f"{where}: {key.upper()}={text}",
                f"only {', '.join(known).upper()}, which drywet's {type_.upper()} has",
                "Leave it out, or add a part that does the same.",
            )
        known[key] = evaluate(text, values, where)
        if known[key] <= 0 and (key not in _MAY_BE_ZERO or (known[key] < 0 and key != "vto")):
            if type_ == "opamp" and key in {"low", "high"}:
                continue
            raise DrywetError(
                f"{where}: {key.upper()} = {known[key]:g}", "a positive number",
                "Correct the netlist.",
            )  # fmt: skip
    return known


def parts_of(
    netlist: Netlist, values: Mapping[str, float]
) -> tuple[list[Part], list[tuple[str, str, float]]]:
    """The nonlinear parts, and resistors that belong to them (node, node, ohms).

    Raises:
        DrywetError: a model that is missing or of the wrong type, or a parameter unknown.
    """
    parts: list[Part] = []
    diodes: list[_Diode] = []
    resistors: list[tuple[str, str, float]] = []
    for element in netlist.elements:
        where = f"{netlist.name}: {element.name.upper()}"
        if element.kind == "x":
            found = _settings(element.settings, element.model, where, values)
            triode = element.model == "triode"
            parts.append(_triode(element, found) if triode else _op_amp(element, found, where))
        elif element.kind in _TYPES:
            model = netlist.models.get(element.model)
            if model is None or model.type not in _TYPES[element.kind]:
                raise DrywetError(
                    f"{where}: model {element.model.upper()} "
                    + ("isn't there" if model is None else f"is of type {model.type.upper()}"),
                    f".model {element.model.upper()} {' or '.join(_TYPES[element.kind]).upper()}",
                    "Add it to the netlist.",
                )
            found = _settings(model.settings, model.type, where, values)
            if element.kind == "d":
                anode, cathode = element.nodes
                if "rs" in model.settings:
                    inner = f"{element.name}#"  # there also where a knob brings it to 0
                    resistors.append((anode, inner, max(found["rs"], _LEAST_OHM)))
                    anode = inner
                slope_voltage = found["n"] * THERMAL_V
                diodes.append(_Diode(anode, cathode, element.model, found["is"], slope_voltage))
            else:
                make = _bjt if element.kind == "q" else _jfet
                parts.append(make(element, found, -1.0 if model.type[0] == "p" else 1.0))
    linear = {n for e in netlist.elements if e.kind != "d" for n in e.nodes} | {OUTPUT, GROUND}
    linear |= {node for a, b, _ in resistors for node in (a, b)}
    return _diode_parts(_in_series(diodes, linear)) + parts, resistors


def _in_series(diodes: list[_Diode], held: set[str]) -> list[_Diode]:
    """Two like diodes end to end with nothing between are one of twice the voltage."""
    found = list(diodes)
    for node in sorted({d.cathode for d in diodes} - held):
        into = [d for d in found if d.cathode == node]
        out = [d for d in found if d.anode == node]
        if len(into) == len(out) == 1 and into[0].model == out[0].model:
            one, other = into[0], out[0]
            found = [d for d in found if d not in (one, other)]
            found.append(
                _Diode(
                    one.anode,
                    other.cathode,
                    one.model,
                    one.current,
                    one.slope_voltage + other.slope_voltage,
                )
            )
    return found


def _diode_parts(diodes: list[_Diode]) -> list[Part]:
    """Diodes across the same two nodes share a port."""
    across: dict[frozenset[str], list[list[_Diode]]] = {}
    for diode in diodes:
        groups = across.setdefault(frozenset((diode.anode, diode.cathode)), [[]])
        if len(groups[-1]) == _MOST_DIODES:
            groups.append([])
        groups[-1].append(diode)
    parts = []
    for group in (g for groups in across.values() for g in groups):
        a, b = sorted((group[0].anode, group[0].cathode))
        numbers = [_TAKEN_OFF, float(len(group))]
        for diode in group:
            numbers += [1.0 if diode.anode == a else -1.0, diode.current, 1 / diode.slope_voltage]
        parts.append(Part(_DIODES, ((a, b),), tuple(numbers)))
    return parts


def _bjt(element: Element, p: dict[str, float], polarity: float) -> Part:
    collector, base, emitter = element.nodes
    return Part(
        _BJT,
        ((base, emitter), (base, collector)),
        (
            _TAKEN_OFF, polarity, p["is"], 1 / (p["nf"] * THERMAL_V), 1 / (p["nr"] * THERMAL_V),
            1 / p["bf"], 1 / p["br"], 1 / p["vaf"] if p["vaf"] else 0.0,
        ),
    )  # fmt: skip


def _jfet(element: Element, p: dict[str, float], polarity: float) -> Part:
    drain, gate, source = element.nodes
    return Part(
        _JFET,
        ((gate, source), (drain, source)),
        (_TAKEN_OFF, polarity, p["vto"], p["beta"], p["lambda"], p["is"], 1 / THERMAL_V),
    )


def _triode(element: Element, p: dict[str, float]) -> Part:
    plate, grid, cathode = element.nodes
    return Part(
        _TRIODE,
        ((grid, cathode), (plate, cathode)),
        (_TAKEN_OFF, 1 / p["mu"], p["ex"], 2 / p["kg1"], p["kp"], p["kvb"], p["gg"]),
    )


def _op_amp(element: Element, p: dict[str, float], where: str) -> Part:
    plus, minus, out = element.nodes
    half = (p["high"] - p["low"]) / 2
    if half <= 0:
        raise DrywetError(
            f"{where}: rails from {p['low']:g} to {p['high']:g} V", "LOW below HIGH",
            "Correct the netlist.",
        )  # fmt: skip
    middle = (p["high"] + p["low"]) / 2
    return Part(_OPAMP, ((plus, minus),), (middle, half, p["gain"] / half), out, element.name)
