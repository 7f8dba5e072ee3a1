"""What happens when a command is stopped from outside."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

_BY_CTRL_C = 130
_BY_TERM = 143


@contextlib.contextmanager
def ended_in_order() -> Iterator[None]:
    """Say that Ctrl-C ended it, and let SIGTERM, too, take half-written files away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except SystemExit as stop:
        if stop.code == _BY_CTRL_C and _by_keyboard(stop):
            print("drywet: stopped by Ctrl-C; nothing half-written is left", file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    sys.exit(_BY_TERM)


def _by_keyboard(stop: SystemExit) -> bool:
    """Whether nobody has answered the Ctrl-C that led to this exit."""
    found: BaseException | None = stop
    while found is not None:
        if isinstance(found, KeyboardInterrupt):
            return True
        if found.__suppress_context__ and found.__cause__ is None:
            return False  # raised anew by a command that has said what there is to say
        found = found.__cause__ or found.__context__
    return False
