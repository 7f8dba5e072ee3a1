"""One thread for one stream.

The steps of a recurrent net follow each other, so a second thread has nothing to
do; worse, waiting for it can cost over ten times the work when other programs want the core
(measured, docs/speed.md).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch use a single CPU thread inside the block."""
    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before != 1:
            torch.set_num_threads(before)
