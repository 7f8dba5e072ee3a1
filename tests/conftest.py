from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

# Several processes of tests share the cores. NumPy's own threads would wait for each other, which
# makes a least-squares filter take seconds, and PyTorch's too. drywet asks for as many as it wants.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from filelock import FileLock

from drywet.kernels import choice as choosing
from drywet.kernels import threads as thread_count
from drywet.kernels.choice import choice
from tests.support import drywet, overdrive, playing, save

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """A folder that the first process of tests to want it makes, and that all of them read."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def find(name: str, make: Callable[[Path], None]) -> Path:
        folder, whole = root / "once" / name, root / "once" / f"{name}.whole"
        folder.parent.mkdir(exist_ok=True)
        with FileLock(folder.with_name(f"{name}.lock")):
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                whole.touch()
        return folder

    return find


@pytest.fixture(scope="session")
def capture(once: Once) -> tuple[Path, Path]:
    """Twelve seconds of playing through a known overdrive."""

    def make(folder: Path) -> None:
        dry = playing(12)
        save(folder / "dry.wav", dry)
        save(folder / "wet.wav", overdrive(dry))

    folder = once("capture", make)
    return folder / "dry.wav", folder / "wet.wav"


@pytest.fixture(scope="session")
def run_folder(
    capture: tuple[Path, Path], once: Once, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A small LSTM, trained for a few steps on the capture; each process has its own copy."""

    def make(folder: Path) -> None:
        options = ("--hidden", 8, "--epochs", 12, "--segment", 1024, "--batch", 16)
        done = drywet("train", *capture, "-o", folder / "small", *options)
        assert done.code == 0, done.err

    made = once("run", make) / "small"
    return shutil.copytree(made, tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(params=choice().possible or ["none built"])
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each target of the kernels that this CPU runs, in turn."""
    if not choice().possible:
        pytest.skip(choice().reason)
    monkeypatch.setenv(choosing.VARIABLE, request.param)
    choice.cache_clear()
    yield request.param
    choice.cache_clear()


@pytest.fixture
def own_threads() -> Iterator[None]:
    """The numbers of threads are a test's own, and PyTorch has one: small nets' would only wait."""
    import torch

    before = thread_count.threads(), torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    thread_count.set_threads(before[0])
    torch.set_num_threads(before[1])
    choice.cache_clear()
