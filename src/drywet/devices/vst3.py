"""A VST3 plugin as a device, through Spotify's pedalboard (an optional extra)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from drywet.audio.read import Samples
from drywet.devices.device import Knob, Position, fixed, no_progress
from drywet.errors import DrywetError


class Vst3Device:
    """A plugin file or bundle; its left output, where it is stereo only.

    It runs in this process: one that crashes takes Python with it.

    Args:
        path: of the ``.vst3``.

    Raises:
        DrywetError: pedalboard is not installed, or the file is no effect that it can load.
    """

    def __init__(self, path: Path | str) -> None:
        try:
            import pedalboard
        except ImportError as error:
            raise DrywetError(
                "pedalboard is not installed",
                "it, to play VST3 plugins",
                "pip install drywet[vst3]",
            ) from error
        self._path = Path(path)
        try:
            self._plugin: Any = pedalboard.VST3Plugin(str(self._path.resolve()))
        except (ImportError, RuntimeError, ValueError) as error:
            raise self._failed(error) from error
        if not self._plugin.is_effect:
            raise self._failed("it is an instrument")
        self._parameters: dict[str, Any] = self._plugin.parameters
        self._knobs = {name: _knob(parameter) for name, parameter in self._parameters.items()}

    @property
    def name(self) -> str:
        """The plugin's, letters and digits only."""
        return re.sub(r"[^A-Za-z0-9]+", "-", self._plugin.name).strip("-") or "vst3"

    @property
    def about(self) -> str:
        """The plugin's name, maker and version, and where it lies."""
        plugin = self._plugin
        return f"{plugin.name} {plugin.version}, {plugin.manufacturer_name}\n{self._path}"

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """Its parameters as the format has them, from 0 to 1; what the ends mean is in the text."""
        return self._knobs

    def latency(self, rate: int) -> int:
        """0: pedalboard takes out what the plugin reports."""
        return 0

    def process(
        self,
        dry: Samples,
        rate: int,
        knobs: Mapping[str, Position] | None = None,
        on_progress: Callable[[float], None] = no_progress,
    ) -> Samples:
        """See `Device.process`.

        Raises:
            DrywetError: knobs as `fixed`; a plugin that takes neither mono nor stereo, or puts out
                samples that are not finite.
        """
        for name, position in fixed(self, knobs).items():
            self._parameters[name].raw_value = position
        if not len(dry):
            return dry
        wet = self._play(dry, rate)
        if not np.isfinite(wet).all():
            raise self._failed("it puts out samples that are NaN or infinite")
        wet = np.asarray(wet[: len(dry)], np.float32)
        return np.pad(wet, (0, len(dry) - len(wet)))

    def _play(self, dry: Samples, rate: int) -> Samples:
        reason: Exception
        for channels in (1, 2):
            try:
                wet: Samples = self._plugin(np.tile(dry, (channels, 1)), rate, reset=True)[0]
            except (ValueError, RuntimeError) as error:
                reason = error
            else:
                return wet
        raise self._failed(reason)

    def _failed(self, why: object) -> DrywetError:
        return DrywetError(
            f"{self._path} cannot be played ({str(why).rstrip('.')})",
            "a VST3 effect for this system, mono or stereo",
            "Choose another plugin.",
        )


def _knob(parameter: Any) -> Knob:
    ends = f"{parameter.get_text_for_raw_value(0.0)} to {parameter.get_text_for_raw_value(1.0)}"
    return Knob(f"{parameter.name}, {ends}", float(parameter.raw_value))
