"""Asking a model, and the device itself where drywet can play it, with test signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from drywet.devices.catalog import at_once, find
from drywet.devices.circuit import CircuitDevice
from drywet.devices.model import ModelDevice
from drywet.dsp.levels import db, rms
from drywet.dsp.oversampling import filters
from drywet.errors import DrywetError
from drywet.evaluation.result import Answers, Asked, Oversampled, Probes
from drywet.inference.stream import Stream
from drywet.kernels.threads import side_by_side
from drywet.metrics import aliasing, harmonics, intermodulation, sines, transfer
from drywet.metrics.aliasing import AliasPoint
from drywet.metrics.silence import idle_noise
from drywet.metrics.sines import Play, Signal
from drywet.runs.capture import Recording
from drywet.storage import read_json
from drywet.trained.model_file import TrainedModel
from drywet.validation import parse

_PLUGINS = ("lv2:",)
_PLUGIN_FILES = {".vst3"}


def ask(play: Play, rate: int, settle: int | None = None, at_once: int = 1) -> Probes:
    """Play all test signals.

    Args:
        play: the device or the model, from rest at every call.
        rate: in Hz.
        settle: samples after which it has; half a second by default.
        at_once: calls of ``play`` side by side.
    """
    parts: list[Callable[[], Any]] = [
        partial(transfer.evaluate, play, rate, settle),  # first: it takes longest
        partial(intermodulation.evaluate, play, rate, settle),
        lambda: idle_noise(play(np.zeros(rate, np.float32))),
        *(partial(sines.measure, play, rate, settle, [hz]) for hz in sines.FREQUENCIES_HZ),
    ]
    curves, smeared, idle, *notes = side_by_side(parts, at_once)
    grid = [sine for note in notes for sine in note]
    return Probes(
        aliasing=aliasing.evaluate(grid),
        tones=harmonics.evaluate(grid),
        intermodulation=smeared,
        transfer=curves,
        idle_dbfs=idle,
    )


def ask_model(trained: TrainedModel, oversample: int = 1) -> Probes:
    """Play all test signals through a model; one of finite memory settles in that memory.

    Args:
        trained: the model.
        oversample: as for `drywet.inference.stream.Stream`.
    """
    play = player_of(trained, oversample)
    return ask(play, trained.card.rate, settling(trained, oversample))


def idle_offset_db(play: Play, target: Sequence[Signal], rate: int) -> float | None:
    """DC of a model on silence, beyond the mean of the device, in dB of the device's RMS.

    Args:
        play: the model.
        target: what the device made, in stretches of shape ``(samples,)``.
        rate: of both, in Hz.
    """
    wanted = np.concatenate(target)
    rest = play(np.zeros(rate, np.float32))[-rate // 4 :]
    offset = abs(float(np.mean(rest, dtype=np.float64)) - float(np.mean(wanted, dtype=np.float64)))
    return db(offset) - db(rms(wanted)) if offset else None


def oversampled(trained: TrainedModel, worst: AliasPoint, factor: int) -> Oversampled:
    """Play a sine again through a model that runs at several times its rate.

    Args:
        trained: the model.
        worst: the sine, with what it was at the model's own rate.
        factor: as for `drywet.inference.stream.Stream`.
    """
    play, settle = player_of(trained, factor), settling(trained, factor)
    sine = sines.measure(play, trained.card.rate, settle, [worst.hz], [worst.level_db])
    ratio = aliasing.evaluate(sine).worst_db
    return Oversampled(factor=factor, hz=worst.hz, level_db=worst.level_db, asr_db=ratio)


def player_of(trained: TrainedModel, oversample: int) -> Play:
    """A model as what is asked, in time whatever oversampling's filters."""
    stream = Stream(trained, oversample)
    latency = round(stream.latency)

    def play(signal: Signal) -> Signal:
        stream.reset()
        return stream.process(np.concatenate((signal, np.zeros(latency, np.float32))))[latency:]

    return play


def settling(trained: TrainedModel, oversample: int) -> int | None:
    """Samples after which a model of finite memory has settled; ``None`` for any other."""
    memory: int | None = trained.card.model.receptive_field
    if memory is None or oversample == 1:
        return memory
    around = filters(trained.card.rate, oversample)
    return memory + int(around.split.shape[1] + around.join.shape[1])


def ask_device(
    recording: Recording, rate: int, kept: Path | None
) -> tuple[Answers | None, str | None]:
    """Play all test signals through what played the capture, or read what it made of them before.

    Plugins are not asked: loading one runs its code, and a run may not be trusted.

    Args:
        recording: of the run.
        rate: in Hz.
        kept: file with earlier answers, if any; they count for the very same device only.

    Returns:
        What it made of them, or else, where drywet played the capture, why it was not asked.
    """
    name, knobs = recording.device, recording.knobs
    if name is None:
        return None, None
    try:
        device = device_named(name)
        asked = Asked(drywet=version("drywet"), sha256=device.fingerprint, knobs=knobs, rate=rate)
        before = _read(kept)
        if before is not None and before.asked == asked:
            return before, None
        probes = ask(
            lambda signal: device.process(signal, rate, knobs), rate, at_once=at_once(device)
        )
        return Answers(asked=asked, probes=probes), None
    except DrywetError as error:
        return None, str(error)


def device_named(name: str) -> CircuitDevice | ModelDevice:
    """The device of a recording, which is not a plugin.

    Raises:
        DrywetError: it is one, or it is not there any more.
    """
    if name.startswith(_PLUGINS) or Path(name).suffix.lower() in _PLUGIN_FILES:
        raise DrywetError(f"{name} is a plugin", "a circuit or a model", "Score it by ear.")
    device = find(name)
    if not isinstance(device, CircuitDevice | ModelDevice):
        raise DrywetError(f"{name} is no circuit or model", "one of them", "Score it by ear.")
    return device


def _read(kept: Path | None) -> Answers | None:
    """Answers that were kept; ``None`` where there are none or they are damaged."""
    if kept is None or not kept.is_file():
        return None
    try:
        return parse(Answers, read_json(kept, "answers of a device"), kept)
    except DrywetError:
        return None
