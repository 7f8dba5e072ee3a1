"""From what a user writes to a device."""

from __future__ import annotations

from pathlib import Path

from drywet.circuits.simulate import OVERSAMPLING
from drywet.devices.circuit import CircuitDevice, built_in, nearest
from drywet.devices.device import Device
from drywet.errors import DrywetError
from drywet.formats.registry import READS
from drywet.kernels.threads import threads


def find(name: Path | str, oversampling: int | None = None) -> Device:
    """A device by its name.

    Args:
        name: of a built-in circuit; of a file: a netlist (``.cir``), a model (any that
            `drywet.formats.load.load` reads) or a plugin (``.vst3``); of a run's folder; or
            ``lv2:`` and the URI of an LV2 plugin.
        oversampling: of a circuit (1 to 64, 8 by default) or a model (1, 2, 4 or 8; 1 by default).

    Raises:
        DrywetError: nothing of that name, or nothing that can be played.
    """
    text, path = str(name), Path(name)
    circuit = built_in().get(text.lower())
    if circuit is None and path.suffix.lower() == ".cir":
        circuit = path
    if circuit is not None:
        device = CircuitDevice(circuit, OVERSAMPLING if oversampling is None else oversampling)
        _ = device.netlist  # what is wrong with the file shows now
        return device
    is_model = _is_there(path) and (path.is_dir() or path.suffix.lower() in READS)
    plugin = text.startswith("lv2:") or path.suffix.lower() == ".vst3"
    if oversampling is not None and plugin:
        raise DrywetError(
            f"{text} with an oversampling", "a circuit or a model, to oversample", "Leave it out."
        )
    if text.startswith("lv2:"):
        from drywet.devices.lv2 import Lv2Device

        return Lv2Device(text.removeprefix("lv2:"))
    if path.suffix.lower() == ".vst3" and _is_there(path):
        from drywet.devices.vst3 import Vst3Device

        return Vst3Device(path)
    if is_model:
        from drywet.devices.model import ModelDevice

        return ModelDevice(path, 1 if oversampling is None else oversampling)
    near = nearest(text)
    files = ", ".join((".cir", ".vst3", *READS))
    raise DrywetError(
        f"no device {text}",
        f"{', '.join(built_in())}; a file ({files}); a run's folder; lv2:URI",
        f"Did you mean {near}?" if near else "'drywet devices' lists those that come with drywet.",
    )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def at_once(device: Device) -> int:
    """How many may play side by side: a circuit takes one core, others may not bear company."""
    return threads() if isinstance(device, CircuitDevice) else 1


def lasting_name(device: Path | str) -> str:
    """A device's name, or its whole path, by which a run finds it again from anywhere."""
    there = str(device).lower() not in built_in() and Path(device).exists()
    return str(Path(device).resolve()) if there else str(device)
