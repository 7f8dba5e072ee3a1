"""Signals, files and the command line, for all tests."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
RATE = 16_000


def shared(*parts: str) -> Path:
    """A file of ../shared; skips where the folder is absent, fails where the file is."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not on this machine")
    path = SHARED.joinpath(*parts)
    assert path.exists(), f"{path} is missing"
    return path


def tool(name: str) -> str:
    """Path of an outside program; skips where it is absent, but never under CI."""
    path = shutil.which(name)
    if path is None:
        assert not os.environ.get("CI"), f".ci/run must install {name}"
        pytest.skip(f"{name} is not installed")
    return path


@dataclass
class Outcome:
    """What a call of the command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def drywet(*args: object) -> Outcome:
    """Run the command line in this process."""
    from drywet.cli.app import main

    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["drywet", *map(str, args)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    return Outcome(code, out.getvalue(), err.getvalue())


def random_model(config, input_gain: float, output_gain: float):
    """A model with weights large enough to bend and to remember."""
    import torch

    from drywet.models.registry import build

    torch.manual_seed(0)
    model = build(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn_like(parameter) * 0.45)
    model.set_gains(input_gain, output_gain)
    return model.eval()


def mild_model(config, input_gain: float, output_gain: float):
    """A model of PyTorch's own first weights: wide nets of larger ones are chaotic."""
    import torch

    from drywet.models.registry import build

    torch.manual_seed(0)
    model = build(config)
    if hasattr(model, "taps"):
        torch.nn.init.normal_(model.taps, std=len(model.taps) ** -0.5)
    model.set_gains(input_gain, output_gain)
    return model.eval()


def playing(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Something like a guitar: decaying notes with pauses, peak about 0.5."""
    rng = np.random.default_rng(seed)
    x = np.zeros(round(seconds * rate))
    at = 0
    while at < len(x):
        length = int(rng.uniform(0.15, 0.5) * rate)
        t = np.arange(min(length, len(x) - at)) / rate
        f = 82.4 * 2 ** (rng.integers(0, 36) / 12)
        note = sum(np.exp(-t * (3 + k)) * np.sin(2 * np.pi * k * f * t) / k for k in range(1, 9))
        x[at : at + len(t)] += rng.uniform(0.05, 0.35) * note * np.minimum(t / 0.002, 1)
        at += length
    return x.astype(np.float32)


def overdrive(x: np.ndarray, rate: int = RATE) -> np.ndarray:
    """A device with memory and an asymmetric curve, written without drywet."""
    from scipy.signal import lfilter

    # One-pole high-pass at 60 Hz, curve, low-pass at 3 kHz, high-pass at 20 Hz.
    def high_pass(signal, corner):
        a = np.exp(-2 * np.pi * corner / rate)
        return lfilter([(1 + a) / 2, -(1 + a) / 2], [1, -a], signal)

    bent = np.tanh(10 * high_pass(x.astype(np.float64), 60) + 0.3)
    b = np.exp(-2 * np.pi * 3000 / rate)
    return (0.4 * high_pass(lfilter([1 - b], [1, -b], bent), 20)).astype(np.float32)


def save(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "FLOAT") -> Path:
    """Write a WAV file."""
    soundfile.write(path, samples, rate, subtype=subtype)
    return path
