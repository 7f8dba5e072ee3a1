"""The cells of recurrent layers that the kernels know."""

from __future__ import annotations

CELLS = ("lstm", "gru", "rnn", "ssm")
"""By the kernels' numbers."""


def state_count(cell: str) -> int:
    """Vectors of a layer's state: h, and an LSTM's c or a state-space layer's imaginary part."""
    return 2 if cell in ("lstm", "ssm") else 1
