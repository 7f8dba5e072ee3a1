"""An LV2 plugin as a device, through lilv's commands ``lv2info`` and ``lv2apply``.

The plugin runs in a process of its own, so that one that crashes takes nothing with it.
``lv2apply`` offers plugins audio and control ports and nothing else: those that need a worker
thread or messages (most convolvers, loopers and loaders of files) cannot run in it.
"""

from __future__ import annotations

import math
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drywet.audio.read import Samples, read
from drywet.audio.write import write
from drywet.devices.device import Knob, Position, fixed, no_progress
from drywet.dsp.latency import estimate
from drywet.errors import DrywetError

_CORE = "http://lv2plug.in/ns/lv2core#"
_NOT_KNOBS = {_CORE + "enabled", _CORE + "freeWheeling"}  # the host's switches
_INSTALL = "apt install lilv-utils guitarix-lv2"
_START_SECONDS = 60.0
_SLOWEST = 20.0  # times as long as the sound itself


@dataclass(frozen=True)
class Plugin:
    """What ``lv2info`` says of a plugin.

    Attributes:
        name: as it shows itself.
        reports_latency: whether it has a port for it.
        knobs: by the symbol of their port.
        per_rate: symbols of the ports whose value is a share of the sample rate.
    """

    name: str
    reports_latency: bool
    knobs: dict[str, Knob]
    per_rate: frozenset[str]


def parse_info(text: str) -> Plugin:
    """Read the output of ``lv2info URI``; what it does not say gets a harmless default."""
    head, *ports = re.split(r"^\tPort \d+:\n", text, flags=re.MULTILINE)
    about = _fields(head, "\t")
    knobs, per_rate = {}, set()
    for fields in (_fields(port, "\t\t") for port in ports):
        types = fields.get("Type", [])
        if not {_CORE + "InputPort", _CORE + "ControlPort"} <= set(types):
            continue
        if _NOT_KNOBS & set(fields.get("Designation", [])):
            continue
        symbol = fields["Symbol"][0]
        scaled = _CORE + "sampleRate" in fields.get("Properties", [])
        knobs[symbol] = _knob(fields, ", as a share of the sample rate" if scaled else "")
        if scaled:
            per_rate.add(symbol)
    reports = about.get("Has latency", ["no"])[0].startswith("yes")
    return Plugin(about.get("Name", [""])[0], reports, knobs, frozenset(per_rate))


def _fields(text: str, indent: str) -> dict[str, list[str]]:
    """``Key:  value`` lines; a value goes on in deeper lines."""
    found: dict[str, list[str]] = {}
    values: list[str] = []
    for line in text.splitlines():
        if start := re.match(rf"{indent}(\w[\w ]*):(.*)", line):
            values = found.setdefault(start[1], [])
            line = start[2]  # noqa: PLW2901
        if line.strip():
            values.append(line.strip())
    return {key: values or [""] for key, values in found.items()}


def _knob(fields: dict[str, list[str]], unit: str) -> Knob:
    def number(key: str, otherwise: float) -> float:
        try:
            value = float(fields[key][0])
        except (KeyError, ValueError):
            return otherwise
        return value if math.isfinite(value) else otherwise

    default = number("Default", 0.0)  # as lv2apply has it
    least = number("Minimum", min(default, 0.0))
    most = number("Maximum", max(default, least, 1.0))
    default = min(max(default, least), most)  # some plugins start out of their own range
    return Knob(fields.get("Name", [""])[0] + unit, default, least, most)


class Lv2Device:
    """An installed plugin; its first output, where it has several.

    Args:
        uri: as ``lv2ls`` lists it.

    Raises:
        DrywetError: lilv's commands or the plugin are not installed.
    """

    def __init__(self, uri: str) -> None:
        if not uri.isprintable() or not uri or uri.startswith("-"):
            raise DrywetError(
                f"{uri!r} is no LV2 URI", "one of those that 'lv2ls' lists", f"{_INSTALL}."
            )
        self._uri = uri
        done = _run(["lv2info", uri], _START_SECONDS)
        if done.returncode != 0:
            raise DrywetError(
                f"LV2 plugin {uri} is not installed",
                "one of those that 'lv2ls' lists",
                f"A DS-1 and a Tube Screamer, among others, come with: {_INSTALL}.",
            )
        self._plugin = parse_info(done.stdout)
        self._latency: dict[int, int] = {}

    @property
    def name(self) -> str:
        """The plugin's, letters and digits only."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self._plugin.name).strip("-") or "lv2"

    @property
    def about(self) -> str:
        """The plugin's name and URI."""
        return f"{self._plugin.name}\n{self._uri}"

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """Its input control ports by symbol, without the host's switches (bypass)."""
        return self._plugin.knobs

    def latency(self, rate: int) -> int:
        """0 if the plugin reports none; else measured, with all knobs at their default.

        The plugin says how much only to a host that runs it, and ``lv2apply`` does not pass it on.
        """
        if not self._plugin.reports_latency:
            return 0
        if rate not in self._latency:
            noise = 0.1 * np.random.default_rng(0).standard_normal(2 * rate).astype(np.float32)
            found = estimate(noise, self.process(noise, rate), rate)
            self._latency[rate] = max(round(found.samples), 0)
        return self._latency[rate]

    def process(
        self,
        dry: Samples,
        rate: int,
        knobs: Mapping[str, Position] | None = None,
        on_progress: Callable[[float], None] = no_progress,
    ) -> Samples:
        """See `Device.process`.

        Raises:
            DrywetError: knobs as `fixed`; a plugin that crashes, hangs, needs more of its host
                than ``lv2apply`` gives, or puts out samples that are not finite.
        """
        found = fixed(self, knobs)
        if not len(dry):
            return dry
        controls = []
        for symbol, position in found.items():
            value = position * rate if symbol in self._plugin.per_rate else position
            controls += ["-c", symbol, repr(value)]
        with tempfile.TemporaryDirectory(prefix="drywet-") as folder:
            source, target = Path(folder, "dry.wav"), Path(folder, "wet.wav")
            write(source, dry, rate)
            done = _run(
                ["lv2apply", "-i", str(source), "-o", str(target), *controls, self._uri],
                _START_SECONDS + _SLOWEST * len(dry) / rate,
            )
            if done.returncode != 0 or not target.is_file():
                lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
                crash = f"crashed with signal {-done.returncode}; " if done.returncode < 0 else ""
                raise self._failed(f"{crash}{lines[-1][:200]}")
            wet, _ = read(target, channel=1)
        if not np.isfinite(wet).all():
            raise self._failed("samples that are NaN or infinite")
        return np.pad(wet[: len(dry)], (0, max(len(dry) - len(wet), 0)))

    def _failed(self, how: str) -> DrywetError:
        return DrywetError(
            f"LV2 plugin {self.name} failed in lv2apply ({how})",
            "one that takes and gives audio and needs nothing else of its host",
            "Choose another ('lv2ls' lists them).",
        )


def _run(command: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, capture_output=True, check=False, timeout=seconds,
            stdin=subprocess.DEVNULL, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise DrywetError(
            f"the command {command[0]} cannot be run ({error.strerror})",
            "lilv's tools, which play LV2 plugins",
            _INSTALL + ".",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise DrywetError(
            f"{command[0]} {command[-1]} did not end within {seconds:.0f} seconds",
            "a plugin that runs on its own",
            "Choose another ('lv2ls' lists them).",
        ) from error
