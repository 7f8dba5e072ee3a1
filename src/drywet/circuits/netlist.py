"""Netlists: the subset of SPICE that drywet's circuits are written in.

``R C V D Q J E X``, ``.model``, ``.param``, ``.include parts.lib`` and comments; analyses are
passed over, so that the same file runs in ngspice. ``X`` is one of the two parts of ``parts.lib``
that SPICE lacks, ``OPAMP`` and ``TRIODE``. A line ``*@ knob drive Text`` makes the parameter
``drive`` a knob from 0 to 1 whose default is its ``.param``. The signal comes from the voltage
source ``Vin`` and is heard at node ``out``. Names are not case-sensitive.

Reference: ngspice manual, chapters 2 (circuit description) and 3 to 8 (elements and models).
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from drywet.circuits.values import evaluate
from drywet.errors import DrywetError

INPUT, OUTPUT, GROUND = "vin", "out", "0"
MOST_ELEMENTS = 300
_MOST_BYTES = 1_000_000

# Nodes of each kind, whether a value and whether a model follow.
_NODES = {"r": 2, "c": 2, "v": 2, "d": 2, "q": 3, "j": 3, "e": 4}
_BUILT_IN = {"opamp": 3, "triode": 3}
_NODE = re.compile(r"[\w.+\-/:]+")
_STIMULUS = re.compile(r"\bac\s+\S+|\b(sin|pulse|pwl|exp)\s*\([^)]*\)", re.IGNORECASE)
_PASSED_OVER = {".tran", ".ac", ".op", ".print", ".plot", ".save", ".meas", ".end"}


@dataclass(frozen=True)
class Element:
    """A line of the netlist.

    Attributes:
        name: as written, in lower case.
        nodes: names of the nodes it joins.
        value: an expression; ``""`` where the kind has none.
        model: name of its ``.model``, or of a part of ``parts.lib``.
        settings: ``name=value`` that follow, as expressions.
    """

    name: str
    nodes: tuple[str, ...]
    value: str = ""
    model: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The first letter, which says what it is."""
        return self.name[0]


@dataclass(frozen=True)
class Model:
    """A ``.model`` line: its type and its parameters as expressions."""

    type: str
    settings: dict[str, str]


@dataclass(frozen=True)
class Netlist:
    """A circuit as it is written.

    Attributes:
        name: of the file, without suffix.
        title: the first line.
        about: the comments before the first element, as lines.
        knobs: texts of the knobs by name.
        parameters: expressions by name, in order.
        elements: in order.
        models: by name.
    """

    name: str
    title: str
    about: tuple[str, ...]
    knobs: dict[str, str]
    parameters: dict[str, str]
    elements: tuple[Element, ...]
    models: dict[str, Model]

    def defaults(self) -> dict[str, float]:
        """The knobs' positions as the netlist has them."""
        values = self.values({})
        return {name: values[name] for name in self.knobs}

    def values(self, knobs: dict[str, float]) -> dict[str, float]:
        """All parameters for a position of the knobs.

        Raises:
            DrywetError: an expression that cannot be evaluated.
        """
        values: dict[str, float] = {}
        for name, text in self.parameters.items():
            given = knobs.get(name)
            values[name] = (
                evaluate(text, values, f"{self.name}: .param {name}") if given is None else given
            )
        return values


def read_netlist(path: Path) -> Netlist:
    """Read a netlist.

    Raises:
        DrywetError: it cannot be read, or holds something that drywet doesn't know.
    """
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "No such file")
        if path.stat().st_size > _MOST_BYTES:
            raise DrywetError(
                f"{path}: {path.stat().st_size:,} bytes", f"at most {_MOST_BYTES:,}",
                "Give a netlist.",
            )  # fmt: skip
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text"
        raise DrywetError(
            f"{path}: {reason}", "a SPICE netlist (.cir)", "Check the name."
        ) from None
    return parse_netlist(text, path.stem)


def parse_netlist(text: str, name: str) -> Netlist:
    """A netlist from its text; ``name`` is for messages."""
    lines = text.splitlines()
    title = lines[0].strip() if lines else ""
    parameters: dict[str, str] = {}
    models: dict[str, Model] = {}
    elements: dict[str, Element] = {}
    for line in _statements(lines[1:]):
        first = line.split()[0].lower()
        if first == ".param":
            parameters |= _settings(line[len(first) :], name, line)
        elif first == ".model":
            models |= _model(line, name)
        elif not first.startswith("."):
            element = _element(line, name)
            _require_room(element, elements, name)
            elements[element.name] = element
        elif not _passed_over(first, line):
            raise _unknown(name, line, ".param, .model, .include parts.lib (built in) or .end")
    knobs, about = _comments(lines[1:], name)
    netlist = Netlist(
        name, title, tuple(about), knobs, parameters, tuple(elements.values()), models
    )
    _check(netlist)
    return netlist


def _comments(lines: list[str], name: str) -> tuple[dict[str, str], list[str]]:
    """The knobs, and the comments before the first line that is none."""
    knobs: dict[str, str] = {}
    about: list[str] = []
    header = True
    for line in lines:
        if line.startswith("*@"):
            words = line[2:].split(None, 2)
            if len(words) < 2 or words[0] != "knob":
                raise _unknown(name, line, "*@ knob NAME Text")
            knobs[words[1].lower()] = words[2].strip() if len(words) > 2 else ""
        elif line.startswith("*"):
            if header:
                about.append(line[1:].strip())
        elif line.strip():
            header = False
    return knobs, about


def _passed_over(first: str, line: str) -> bool:
    if first in {".include", ".inc", ".lib"}:
        return Path(line.rsplit(maxsplit=1)[-1].strip("\"'")).name.lower() == "parts.lib"
    return first in _PASSED_OVER


def _require_room(element: Element, elements: dict[str, Element], name: str) -> None:
    if element.name in elements:
        raise DrywetError(
            f"{name}: two elements named {element.name.upper()}", "a name for each", "Rename one."
        )
    if len(elements) == MOST_ELEMENTS:
        raise DrywetError(
            f"{name}: more than {MOST_ELEMENTS} elements (at {element.name.upper()})",
            "a pedal's circuit",
            "Leave out what doesn't matter to the sound.",
        )


def _statements(lines: list[str]) -> Iterator[str]:
    """Lines without comments, with those that begin with + joined to the one before."""
    statement = ""
    for raw in lines:
        line = re.split(r"\s[;$]|^;", raw, maxsplit=1)[0].strip()
        if not line or line.startswith("*"):
            continue
        if line.startswith("+"):
            statement += " " + line[1:]
            continue
        if statement:
            yield statement
        if line.lower() == ".end":
            return
        statement = line
    if statement:
        yield statement


def _words(line: str) -> list[str]:
    """Words, with {expressions} and what surrounds a = kept in one."""
    line = re.sub(r"\{[^}]*\}", lambda m: re.sub(r"\s+", "", m[0]), line)
    return re.sub(r"\s*=\s*", "=", line).lower().split()


def _settings(text: str, name: str, line: str) -> dict[str, str]:
    found = {}
    for word in _words(text):
        key, equals, value = word.partition("=")
        if not equals or not re.fullmatch(r"[a-z_]\w*", key) or not value:
            raise _unknown(name, line, "name=value")
        if keyword.iskeyword(key) and line.lower().startswith(".param"):
            raise _unknown(name, line, f"another name than {key}, which Python keeps for itself")
        found[key] = value
    return found


def _model(line: str, name: str) -> dict[str, Model]:
    match = re.fullmatch(r"\.model\s+(\S+)\s+([a-z]+)\s*(.*)", line, re.IGNORECASE)
    if not match:
        raise _unknown(name, line, ".model NAME TYPE(PARAMETER=VALUE ...)")
    inner = match[3].strip()
    if inner.startswith("(") and inner.endswith(")"):
        inner = inner[1:-1]
    return {match[1].lower(): Model(match[2].lower(), _settings(inner, name, line))}


def _element(line: str, name: str) -> Element:
    words = _words(line)
    if words[0] == INPUT:  # what ngspice's analyses give it is not for us
        words = _words(_STIMULUS.sub("", line))
    kind = words[0][0]
    plain = [word for word in words[1:] if "=" not in word]
    settings = _settings(" ".join(word for word in words[1:] if "=" in word), name, line)
    if kind == "x":
        model = plain[-1] if plain else ""
        known = model in _BUILT_IN and len(plain) == 1 + _BUILT_IN[model]
        if not known or not all(map(_NODE.fullmatch, plain[:-1])):
            raise _unknown(name, line, "X... with three nodes and OPAMP or TRIODE, see parts.lib")
        return Element(words[0], tuple(plain[:-1]), model=model, settings=settings)
    if kind not in _NODES:
        raise _unknown(name, line, "an element R, C, V, D, Q, J, E or X")
    count = _NODES[kind]
    nodes, rest = tuple(plain[:count]), plain[count:]
    if kind == "v":
        rest = [word for word in rest if word != "dc"] or ["0"]
    if len(nodes) < count or len(rest) != 1 or settings or not all(map(_NODE.fullmatch, nodes)):
        what = "a model" if kind in "dqj" else "a value"
        raise _unknown(name, line, f"{count} nodes and {what}")
    if kind in "dqj":
        return Element(words[0], nodes, model=rest[0])
    return Element(words[0], nodes, value=rest[0])


def _check(netlist: Netlist) -> None:
    """What the circuit must have besides correct lines."""
    names = {element.name for element in netlist.elements}
    nodes = {node for element in netlist.elements for node in element.nodes}
    for missing, what in (
        (INPUT not in names, "no source Vin"),
        (OUTPUT not in nodes, "no node out"),
        (GROUND not in nodes, "no node 0"),
    ):
        if missing:
            raise DrywetError(
                f"{netlist.name}: {what}",
                "a signal from Vin to node out, and ground 0",
                "Add it to the netlist.",
            )
    (source,) = (element for element in netlist.elements if element.name == INPUT)
    if evaluate(source.value, netlist.values({}), f"{netlist.name}: VIN") != 0:
        raise DrywetError(
            f"{netlist.name}: VIN = {source.value}", "Vin at 0: it is the signal",
            "Add another source for a bias.",
        )  # fmt: skip
    for knob in netlist.knobs:
        if knob not in netlist.parameters:
            raise DrywetError(
                f"{netlist.name}: knob {knob} without a parameter",
                f".param {knob}=DEFAULT",
                "Add it to the netlist.",
            )
    for knob, position in netlist.defaults().items():
        if not 0 <= position <= 1:
            raise DrywetError(
                f"{netlist.name}: .param {knob}={position:g}", "a knob's default, from 0 to 1",
                "Scale it where it is used.",
            )  # fmt: skip


def _unknown(name: str, line: str, expected: str) -> DrywetError:
    shown = line.strip() if len(line.strip()) <= 70 else line.strip()[:70] + "..."
    return DrywetError(f"{name}: '{shown}'", expected, "Correct the netlist.")
