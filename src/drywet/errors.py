"""The one kind of error a user sees: what was found, what was expected, what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class DrywetError(Exception):
    """Something outside drywet is not as it must be (a file, a setting, a disk).

    The message is one line. The command line prints it after ``drywet:`` and
    exits with code 2; a notebook user sees it as an ordinary exception.

    Args:
        found: what is wrong, naming the file or the setting.
        expected: what would have been right.
        fix: what to do about it.
    """

    def __init__(self, found: str, expected: str, fix: str) -> None:
        self.found = found
        self.expected = expected
        self.fix = fix
        words = " ".join(f"{found}; expected {expected}. {fix}".split())
        # Text from a file must not move the cursor.
        super().__init__("".join(sign if sign.isprintable() else "?" for sign in words))

    def __reduce__(self) -> tuple[type[DrywetError], tuple[str, str, str]]:
        """Exceptions are copied from process to process by their message alone otherwise."""
        return type(self), (self.found, self.expected, self.fix)


@contextlib.contextmanager
def needing_torch() -> Iterator[None]:
    """For what trains, or runs in PyTorch: `pip install drywet` alone brings none.

    Raises:
        DrywetError: PyTorch is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise DrywetError(
            "PyTorch is not installed", "it, to train", "pip install 'drywet[train]'"
        ) from None
