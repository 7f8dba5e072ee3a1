"""The kernels' memory: no allocation while streaming; `make sanitize` does the rest."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from drywet.inference.stream import Stream
from drywet.kernels.choice import choice
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.trained.model_file import ModelCard, TrainedModel
from tests.support import mild_model, tool

KERNELS = Path(__file__).resolve().parent.parent / "kernels"


@pytest.mark.proof
@pytest.mark.skipif(sys.platform != "linux", reason="counts glibc's allocations")
def test_streaming_allocates_nothing(tmp_path):
    """Every target, cell and specialised size, in growing blocks, with settling and resets."""
    cmake = tool("cmake")
    subprocess.run([cmake, "-S", KERNELS, "-B", tmp_path], check=True, capture_output=True)
    build = [cmake, "--build", tmp_path, "--target", "check", "--parallel", "2"]
    subprocess.run(build, check=True, capture_output=True)
    done = subprocess.run([tmp_path / "check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


class Heap(ctypes.Structure):
    """What glibc's ``mallinfo2`` gives."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
            "fordblks", "keepcost",
        )
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc for its heap")
@pytest.mark.parametrize(
    "config",
    [
        RecurrentConfig(cell="lstm", hidden=16),
        RecurrentConfig(cell="gru", hidden=7, layers=2),
        RecurrentConfig(cell="ssm", hidden=8, layers=4),
        WaveNetConfig(preset="nano"),
    ],
    ids=lambda config: config.title,
)
def test_streaming_holds_on_to_no_memory(config):
    """From Python, which allocates and frees the blocks themselves."""
    if choice().target is None:
        pytest.skip(choice().reason)
    model = TrainedModel.of(
        mild_model(config, 1, 1), ModelCard(model=config, rate=48_000, output_latency=0)
    )
    stream = Stream(model)
    block = np.random.default_rng(0).uniform(-0.5, 0.5, 64).astype(np.float32)
    heap = ctypes.CDLL(None).mallinfo2
    heap.restype = Heap

    def held(blocks):
        for _ in range(blocks):
            stream.process(block)
        return heap().uordblks + heap().hblkhd

    before = held(200)
    assert held(2000) - before < 64 * 1024, "less than 33 bytes a block"
