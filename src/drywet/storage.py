"""Writing to disk so that a crash leaves either the old file or the new one."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from drywet.errors import DrywetError

_LARGEST_YAML = 1 << 20


def _explain(path: Path, error: OSError) -> DrywetError:
    reason = error.strerror or str(error)
    return DrywetError(
        f"cannot write {path}: {reason}",
        "a folder that exists, may be written to and has free space",
        "Choose another place, or free some space.",
    )


def ending_of(path: Path) -> str:
    """What to say of a file whose ending is not among those that are known."""
    return f"ends in {path.suffix}" if path.suffix else "has no ending"


def require_place(path: Path) -> None:
    """Check that a file can be written there, before the work that it is to hold.

    Raises:
        DrywetError: it is a folder, or its own folder is missing or cannot be written to.
    """
    try:
        if path.is_dir():
            found, wanted, todo = "it is a folder", "the name of a file", "Name one in it."
        elif not path.parent.is_dir():
            found = f"there is no folder {path.parent}"
            wanted, todo = "a folder that is there", "Make it, or choose another place."
        elif not os.access(path.parent, os.W_OK):
            found = f"the folder {path.parent} may not be written to"
            wanted, todo = "one that may", "Choose another place."
        else:
            return
    except OSError as error:
        raise _explain(path, error) from error
    raise DrywetError(f"cannot write {path}: {found}", wanted, todo)


def require_new(target: Path, overwrite: bool) -> None:
    """Refuse to write over a file, which may be somebody's only one.

    Raises:
        DrywetError: it is, and may not be replaced.
    """
    if not overwrite and os.path.lexists(target):
        raise DrywetError(
            f"{target} is there already", "a new file to write",
            "Name another one, or add --overwrite.",
        )  # fmt: skip


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it if the block succeeds.

    The temporary file keeps the suffix, because audio and image writers choose
    their format by it. On any exception it is removed and ``path`` is untouched.

    Raises:
        DrywetError: the folder is missing, not writable, or full.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
    except OSError as error:
        raise _explain(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp made it private
        temporary.replace(path)
    except OSError as error:
        raise _explain(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def append_line(path: Path, line: str) -> None:
    """Add a line to a log. A crash may leave it torn, so readers skip what is not whole."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        raise _explain(path, error) from error


def remove(paths: Iterable[Path]) -> None:
    """Delete files; those that are not there are passed over."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _explain(path, error) from error


def remove_leftovers(paths: Iterable[Path]) -> None:
    """Delete what writes of ``paths`` left behind when their process was killed."""
    for path in paths:
        remove(path.parent.glob(f".{glob.escape(path.stem)}.*{path.suffix}"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; NaN and Inf are refused."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def read_json(path: Path, what: str, limit_bytes: int = 64 << 20) -> Any:
    """Read a JSON file that may not be trusted.

    Args:
        path: the file.
        what: what it should be, for the message ("a .nam model").
        limit_bytes: larger files are refused unread.

    Raises:
        DrywetError: missing, too large, not text, not JSON, or nested too deep.
    """
    fix = "Check the path, or make the file anew."
    try:
        size = path.stat().st_size
        if size > limit_bytes:
            raise DrywetError(
                f"{path} has {size} bytes", f"{what} of at most {limit_bytes} bytes", fix
            )
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DrywetError(f"cannot read {path}: {error.strerror}", what, fix) from error
    except (ValueError, RecursionError) as error:
        raise DrywetError(f"{path} is not valid JSON ({error})", what, fix) from error


def read_yaml(path: Path, what: str, fix: str) -> dict[str, Any]:
    """Read a YAML file whose top is a mapping of names; nothing in it can run code.

    Args:
        path: the file.
        what: what it should be, for the message.
        fix: what to do about an error.

    Raises:
        DrywetError: missing, too large, not YAML, or no mapping.
    """
    import yaml

    try:
        if path.stat().st_size > _LARGEST_YAML:
            raise DrywetError(f"{path} is larger than a megabyte", what, fix)
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DrywetError(f"cannot read {path}: {error.strerror}", what, fix) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DrywetError(f"{path} is not YAML ({error})", what, fix) from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        held = "nothing" if found is None else f"a {type(found).__name__}"
        raise DrywetError(f"{path} holds {held}", "a mapping of keys", fix)
    return found


def make_folder(path: Path) -> None:
    """Create a folder and its parents.

    Raises:
        DrywetError: it cannot be created, or a file stands in its place.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _explain(path, error) from error
