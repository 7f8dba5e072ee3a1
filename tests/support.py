"""Signals, files and the command line, for all tests."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
HELD = Path(__file__).with_name("held.py")
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


def grid(cases: Iterable, few: Container, spread: bool = False) -> list:
    """All cases: a few of them as tests, the others as proofs; ``spread``: of several values."""
    marked = [(case, () if case in few else pytest.mark.proof) for case in cases]
    return [pytest.param(*(case if spread else (case,)), marks=marks) for case, marks in marked]


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


class Held:
    """A ``drywet`` in a process of its own whose trainings wait at a step, to be killed there.

    Args:
        folder: for files that say who waits.
        step: of the training at which it waits; one that has fewer is not held up.
        arguments: of the command line; none starts nothing, and others take `environment`.
    """

    def __init__(self, folder: Path, step: int, *arguments: object) -> None:
        self._flag = folder / "hold"
        self._flag.touch()
        self.environment = os.environ | {"DRYWET_TEST_HOLD": f"{step}:{self._flag}"}
        if arguments:
            self.process = subprocess.Popen(
                [sys.executable, HELD, *map(str, arguments)],
                env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip

    def waiting(self) -> list[int]:
        """The processes that wait."""
        return [int(path.suffix[1:]) for path in self._flag.parent.glob(f"{self._flag.name}.*")]

    def wait(self) -> None:
        """Until one of them does."""
        wait_for(lambda: self.waiting() or self.process.poll() is not None)
        assert self.process.poll() is None, self.process.communicate()[1]

    def go_on(self) -> None:
        """Let them."""
        self._flag.unlink()

    def kill(self, how: signal.Signals = signal.SIGKILL) -> tuple[int, str]:
        """End it.

        Returns:
            Its exit code and what it wrote to standard output.
        """
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=120)
        return self.process.returncode, out


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
    """Until it holds; it is an error if that never comes."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)


class _Killed(BaseException):
    """Ends a training as a kill would: nothing catches it."""


@contextlib.contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Let the training in the block end at a step as if its process were killed."""
    from drywet.training import trainer

    build = trainer.learner

    def mortal(*arguments):
        found = build(*arguments)
        learn = found.learn

        def learn_or_die(first, rates):
            if first > 0 and first + len(rates) > step:  # a call may do many steps
                raise _Killed
            return learn(first, rates)

        found.learn = learn_or_die
        return found

    with (
        mock.patch.object(trainer, "learner", mortal),
        mock.patch.object(trainer, "_CHECKPOINT_SECONDS", 0.0),
        pytest.raises(_Killed),
    ):
        yield


@contextlib.contextmanager
def studies_in_this_process() -> Iterator[None]:
    """Let studies do their work in threads of this process: the same, without starting others."""
    from drywet.studies import run
    from drywet.studies.workers import Workers, sizes

    elsewhere = run.open_workers

    @contextlib.contextmanager
    def here(on: str | None, wanted: int | None, jobs: int) -> Iterator[Workers]:
        if on is not None:
            with elsewhere(on, wanted, jobs) as found:
                yield found
            return
        size, threads = sizes(wanted, jobs)
        with ThreadPoolExecutor(size) as executor:
            yield Workers(size, threads, executor)

    with mock.patch.object(run, "open_workers", here):
        yield


@contextlib.contextmanager
def short_captures() -> Iterator[None]:
    """Let what plays a capture signal of its own play a short one of a low rate.

    Circuits run at twice that rate, not eight times.
    """
    from drywet.devices import catalog
    from drywet.verbs import clean, demo, train_device, train_over
    from drywet.verbs.signal import signal

    def write(out: Path, **_: object) -> None:
        signal(out, seconds=30, rate=RATE, overwrite=True)

    with (
        mock.patch.object(demo, "signal", write),
        mock.patch.object(clean, "signal", write),
        mock.patch.object(train_device, "write_signal", write),
        mock.patch.object(train_over, "write_signal", write),
        mock.patch.object(catalog, "OVERSAMPLING", 2),
    ):
        yield


def require_demo(folder: Path, said: str) -> None:
    """Check that what the demo says it leaves is there."""
    for line in said.splitlines():
        for word in line.replace(",", " ").split():
            if word.startswith("audio/"):
                assert (folder / "run" / word).is_file()
    assert (folder / "run" / "run.nam").is_file()


def random_model(config, input_gain: float, output_gain: float):
    """A model with weights large enough for its curves and its memory to show."""
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
