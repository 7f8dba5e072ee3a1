"""The one kind of error a user sees: what was found, what was expected, what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any


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


class UnknownKnobError(DrywetError):
    """A knob that a model or a device hasn't got.

    Args:
        owner: what hasn't got it.
        name: of the knob.
        there: the knobs that it has.
    """

    def __init__(self, owner: str, name: str, there: Iterable[str]) -> None:
        self.owner, self.name, self.there = owner, name, tuple(there)
        super().__init__(
            f"{owner} has no knob {name}",
            ", ".join(self.there) or "none: it has no knobs at all",
            "Name one that it has." if self.there else "Leave it out.",
        )

    def __reduce__(self) -> Any:
        """As `DrywetError`."""
        return type(self), (self.owner, self.name, self.there)


_TRAIN, _SCORE = ("it, to train", "train"), ("it, to score a model", "score")
_EXTRAS = {
    "torch": _TRAIN, "yaml": _TRAIN, "filelock": _TRAIN,
    "starlette": ("it, to serve the page", "web"), "uvicorn": ("it, to serve the page", "web"),
    "scipy": _SCORE, "matplotlib": _SCORE, "pyloudnorm": _SCORE, "jinja2": _SCORE,
}  # fmt: skip


@contextlib.contextmanager
def extras_wanted() -> Iterator[None]:
    """For what needs more than `pip install drywet` brings: PyTorch, SciPy, Matplotlib and others.

    Raises:
        DrywetError: a package is missing; it says which extra has it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in _EXTRAS:
            raise
        purpose, extra = _EXTRAS[package]
        name = "PyTorch" if package == "torch" else f"the package {package}"
        raise DrywetError(
            f"{name} is not installed", purpose, f"pip install 'drywet[{extra}]'"
        ) from None
