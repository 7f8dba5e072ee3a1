"""``devices``: the effects that come with drywet."""

from __future__ import annotations

from pydantic import BaseModel

from drywet.devices.catalog import find
from drywet.devices.circuit import built_in


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


def devices() -> list[DeviceInfo]:
    """The built-in circuits, by name."""
    found = []
    for name, path in built_in().items():
        device = find(name)
        knobs = {
            knob: KnobInfo(text=k.text, default=k.default, least=k.least, most=k.most)
            for knob, k in device.knobs.items()
        }
        found.append(DeviceInfo(name=name, about=device.about, knobs=knobs, netlist=str(path)))
    return found
