"""``drywet``, but trainings wait at a step for as long as a file is there: to be killed just then.

    DRYWET_TEST_HOLD=STEP:FILE python tests/held.py ARGUMENTS...

Who waits says so by a file beside that one. Checkpoints are written whenever they can be. A study's
workers import this again, and a Dask worker by ``--preload``.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from drywet.training import trainer

STEP, _, FLAG = os.environ["DRYWET_TEST_HOLD"].partition(":")
build = getattr(trainer.learner, "build", trainer.learner)  # Dask imports this more than once


def holding(*arguments):
    """The learner that drywet chooses, waiting before it learns on."""
    found = build(*arguments)
    learn = found.learn

    def wait_and_learn(step, rates):
        reaches = step > 0 and step + len(rates) > int(STEP)  # a call may do many steps
        if reaches and Path(FLAG).exists():
            Path(f"{FLAG}.{os.getpid()}").touch()
            while Path(FLAG).exists():
                time.sleep(0.01)
        return learn(step, rates)

    found.learn = wait_and_learn
    return found


holding.build = build
trainer.learner = holding
trainer._CHECKPOINT_SECONDS = 0.0

if __name__ == "__main__":
    from drywet.cli.app import main

    # A shell that starts tests in the background has them, and all they start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
