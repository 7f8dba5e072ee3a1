"""The kernels' memory, from C++: no allocation while streaming; `make sanitize` does the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import tool

KERNELS = Path(__file__).resolve().parent.parent / "kernels"


@pytest.mark.skipif(sys.platform != "linux", reason="counts glibc's allocations")
def test_streaming_allocates_nothing(tmp_path):
    """Every target, cell and specialised size, in growing blocks, with settling and resets."""
    cmake = tool("cmake")
    subprocess.run([cmake, "-S", KERNELS, "-B", tmp_path], check=True, capture_output=True)
    build = [cmake, "--build", tmp_path, "--target", "check", "--parallel", "2"]
    subprocess.run(build, check=True, capture_output=True)
    done = subprocess.run([tmp_path / "check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
