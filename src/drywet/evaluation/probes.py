"""Asking a model, and the device itself where drywet can play it, with test signals."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from drywet.devices.catalog import find
from drywet.devices.circuit import CircuitDevice
from drywet.devices.device import Device
from drywet.devices.model import ModelDevice
from drywet.errors import DrywetError
from drywet.evaluation.result import Probes
from drywet.inference.stream import Stream
from drywet.metrics import aliasing, harmonics, intermodulation, sines, transfer
from drywet.metrics.silence import idle_noise
from drywet.metrics.sines import Play, Signal
from drywet.models.config import RecurrentConfig, WindowedConfig
from drywet.runs.config import Recording
from drywet.runs.model_file import TrainedModel

_PLUGINS = ("lv2:",)
_PLUGIN_FILES = {".vst3"}


def ask(play: Play, rate: int, settle: int | None = None) -> Probes:
    """Play all test signals.

    Args:
        play: the device or the model, from rest at every call.
        rate: in Hz.
        settle: samples after which it has; half a second by default.
    """
    grid = sines.measure(play, rate, settle)
    return Probes(
        aliasing=aliasing.evaluate(grid),
        tones=harmonics.evaluate(grid),
        intermodulation=intermodulation.evaluate(play, rate, settle),
        transfer=transfer.evaluate(play, rate, settle),
        idle_dbfs=idle_noise(play(np.zeros(rate, np.float32))),
    )


def ask_model(trained: TrainedModel) -> Probes:
    """Play all test signals through a model; one of finite memory settles in that memory."""
    stream = Stream(trained)

    def play(signal: Signal) -> Signal:
        stream.reset()
        return stream.process(signal)

    match trained.card.model:
        case RecurrentConfig():
            settle = None
        case WindowedConfig(frame=frame):
            settle = frame
        case linear:
            settle = linear.taps
    return ask(play, trained.card.rate, settle)


def ask_device(recording: Recording, rate: int) -> tuple[Probes | None, str | None]:
    """Play all test signals through what played the capture.

    Plugins are not asked: loading one runs its code, and a run may come from a stranger.

    Returns:
        What it made of them, or else, where drywet played the capture, why it was not asked.
    """
    if recording.device is None:
        return None, None
    try:
        return _asked(recording.device, tuple(sorted(recording.knobs.items())), rate), None
    except DrywetError as error:
        return None, str(error)


@lru_cache(maxsize=8)  # several seeds of one device ask it once
def _asked(name: str, knobs: tuple[tuple[str, float], ...], rate: int) -> Probes:
    if name.startswith(_PLUGINS) or Path(name).suffix.lower() in _PLUGIN_FILES:
        raise DrywetError(f"{name} is a plugin", "a circuit or a model", "Score it by ear.")
    device: Device = find(name)
    if not isinstance(device, CircuitDevice | ModelDevice):
        raise DrywetError(f"{name} is no circuit or model", "one of them", "Score it by ear.")
    return ask(lambda signal: device.process(signal, rate, dict(knobs)), rate)
