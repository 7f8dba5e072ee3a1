"""RTNeural itself, compiled, plays what drywet writes for it.

It is no package: ``RTNEURAL=FOLDER make test`` names a clone with its submodules.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from drywet.inference.stream import predict
from drywet.trained.knobs import with_knobs
from tests.support import tool
from tests.test_round_trips import HELD, RATE, X, trained, written

FOLDER = os.environ.get("RTNEURAL")
if not FOLDER:
    pytest.skip("RTNEURAL names no clone of RTNeural", allow_module_level=True)


@pytest.fixture(scope="session")
def play(tmp_path_factory):
    """The program of rtneural/play.cpp."""
    program = tmp_path_factory.mktemp("rtneural") / "play"
    modules = Path(FOLDER) / "modules"
    command = [
        tool("c++"), "-O1", "-std=c++17", "-w", "-DRTNEURAL_USE_EIGEN=1",
        "-DRTNEURAL_DEFAULT_ALIGNMENT=32", f"-I{FOLDER}", f"-I{modules / 'json'}",
        f"-I{modules / 'Eigen'}", Path(__file__).parent / "rtneural" / "play.cpp", "-o", program,
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return program


@pytest.mark.parametrize("config", HELD["rtneural"], ids=lambda config: config.title)
def test_rtneural_plays_like_the_model(play, tmp_path, config):
    model = trained(config)
    path = written(tmp_path, "rtneural", model)
    padded = np.concatenate((np.zeros(RATE, np.float32), X))  # drywet begins after a second of it
    done = subprocess.run([play, path], input=padded.tobytes(), capture_output=True, check=True)
    got = np.frombuffer(done.stdout, np.float32)[RATE:]
    want = predict(with_knobs(model, dict.fromkeys(getattr(config, "knobs", ()), 0.3)), X)
    assert len(got) == len(want)
    assert np.max(np.abs(got - want)) < 1e-6
