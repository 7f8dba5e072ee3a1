"""``devices``: the effects that come with drywet."""

from __future__ import annotations

from pydantic import BaseModel

from drywet.devices.catalog import find
from drywet.devices.circuit import built_in, nearest
from drywet.errors import DrywetError


class KnobInfo(BaseModel):
    """A knob: what it does, its default and its range."""

    text: str
    default: float
    least: float
    most: float


class DeviceInfo(BaseModel):
    """A device.

    Attributes:
        name: to call it by.
        about: what it is and where its values come from, in lines.
        knobs: by name.
        netlist: path of the file it is made of.
    """

    name: str
    about: str
    knobs: dict[str, KnobInfo]
    netlist: str


def devices(name: str | None = None) -> list[DeviceInfo]:
    """The built-in circuits, by name.

    Args:
        name: of one of them; all where it is ``None``.

    Raises:
        DrywetError: no circuit of that name.
    """
    there = built_in()
    if name is not None and name.lower() not in there:
        near = nearest(name)
        raise DrywetError(
            f"no circuit is called {name}", ", ".join(there),
            f"Did you mean {near}?" if near else "Choose one of them.",
        )  # fmt: skip
    found = []
    for known, path in there.items():
        if name is not None and known != name.lower():
            continue
        device = find(known)
        knobs = {
            knob: KnobInfo(text=k.text, default=k.default, least=k.least, most=k.most)
            for knob, k in device.knobs.items()
        }
        found.append(DeviceInfo(name=known, about=device.about, knobs=knobs, netlist=str(path)))
    return found
