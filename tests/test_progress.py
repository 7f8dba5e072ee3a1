"""What stands on a terminal while something takes its time."""

from __future__ import annotations

import contextlib
import io

from drywet.cli.progress import TrainingBar
from drywet.cli.terminal import TerminalControl
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
