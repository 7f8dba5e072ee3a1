"""What stands on a terminal while something takes its time."""

from __future__ import annotations

import contextlib
import io

from drywet.cli.progress import TrainingBar
from drywet.cli.terminal import TerminalControl
from drywet.training.control import Progress
from drywet.verbs.check import check


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_findings_begin_on_a_line_of_their_own(capture):
    report, terminal = check(*capture), Terminal()
    with contextlib.redirect_stderr(terminal), TrainingBar() as bar:
        control = TerminalControl(bar)
        control.on_work("pair", 0)
        control.on_findings(report)
    before, _, after = terminal.getvalue().partition("\n")
    assert before.endswith("pair...")
    assert after.splitlines()[0].split()[0] in (report.findings[0].check, "!", "x")


def test_cleaning_keeps_a_net_that_need_not_be_the_best():
    for aliasing_db, word in ((None, "best"), (-40.0, "kept")):
        terminal = Terminal()
        with contextlib.redirect_stderr(terminal), TrainingBar() as bar:
            bar.update(Progress(9, 1.0, 0.02, 0.03, 50.0, None, aliasing_db=aliasing_db))
        assert f"ESR 0.02000  {word} 0.03000" in terminal.getvalue()
