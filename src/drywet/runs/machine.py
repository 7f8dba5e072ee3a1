"""Where and when a run was made, and with what."""

from __future__ import annotations

import contextlib
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version


def versions_here() -> dict[str, str]:
    """Versions of Python, drywet and the libraries that decide the numbers."""
    names = ("drywet", "numpy", "torch", "soundfile", "soxr")
    found = {"python": platform.python_version()}
    for name in names:
        with contextlib.suppress(PackageNotFoundError):  # PyTorch may be missing
            found[name] = version(name)
    return found


def machine_here() -> dict[str, str]:
    """System, processor family and count of cores."""
    return {
        "system": platform.platform(terse=True),
        "processor": platform.machine(),
        "cores": str(os.cpu_count()),
    }


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
