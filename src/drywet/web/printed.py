"""What a child of the server finds, printed for it: `drywet.web.children` reads it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from drywet.errors import DrywetError


def printed(find: Callable[[], Any]) -> None:
    """Print as JSON what is found, or one line of error, and end with code 2."""
    try:
        found = find()
    except DrywetError as error:
        print(f"drywet: {error}", file=sys.stderr)
        sys.exit(2)
    print(json.dumps(found))
