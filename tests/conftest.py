from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import drywet, overdrive, playing, save


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Twelve seconds of playing through a known overdrive."""
    folder = tmp_path_factory.mktemp("capture")
    dry = playing(12)
    return save(folder / "dry.wav", dry), save(folder / "wet.wav", overdrive(dry))


@pytest.fixture(scope="session")
def run_folder(capture: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small LSTM, trained for a few steps on the capture."""
    folder = tmp_path_factory.mktemp("runs") / "small"
    done = drywet("train", *capture, "-o", folder, "--hidden", 8, "--epochs", 12, "--segment", 1024)
    assert done.code == 0, done.err
    return folder
