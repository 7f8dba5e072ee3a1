"""A model of any format as numbers for the page's kernels.

::

    python -m drywet.web.read_model MODEL    a run's folder, or a model file

In a process of its own: a model from a browser is nobody's friend.
"""

from __future__ import annotations

import sys
from pathlib import Path

from drywet.browser.playable import model
from drywet.formats.load import load
from drywet.web.printed import printed


def main() -> None:
    """Print it."""
    printed(lambda: model(load(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
