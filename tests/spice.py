"""ngspice as the truth for circuits: a netlist, an input, and the output it computes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np

import drywet.circuits
from tests.support import tool

CIRCUITS = Path(drywet.circuits.__file__).parent


def ngspice(text, volts, seconds, step, folder, knobs=None, reltol=1e-5):
    """Node ``out`` of a netlist.

    Args:
        text: the netlist.
        volts: of ``Vin``: an expression of ``time``, or its samples' times and values,
            straight between them.
        seconds: how long.
        step: the longest in seconds.
        folder: for its files.
        knobs: values that replace those of ``.param``.

    Returns:
        Times and volts at ngspice's own steps.
    """
    lines = []
    for line in text.splitlines():
        turned = line
        if line.lower().startswith("vin "):
            a, b = line.split()[1:3]
            if isinstance(volts, str):
                turned = f"Bin {a} {b} V = {volts}"
            else:
                # Not PWL(), which looks for its place from the start at every step.
                np.savetxt(folder / "in.txt", np.column_stack(volts), fmt="%.9e")
                turned = (
                    f'abin %vd([{a} {b}]) filesrc\n.model filesrc filesource (file="in.txt" '
                    "amploffset=[0] amplscale=[1] timeoffset=0 timescale=1)"
                )
        elif line.lower().startswith(".param"):
            for name, value in (knobs or {}).items():
                turned = re.sub(rf"\b{name}\s*=\s*[\d.]+", f"{name}={value}", turned, flags=re.I)
        if line.strip().lower() != ".end":
            lines.append(turned)
    out = folder / "out.txt"
    lines += [
        f".options reltol={reltol} abstol=1e-13 vntol=1e-8 itl1=500 itl4=200",
        ".control", f"tran {step:g} {seconds:.9g} 0 {step:g}",
        "set wr_singlescale", "set numdgt=10", f"wrdata {out} v(out)", "quit", ".endc", ".end",
    ]  # fmt: skip
    (folder / "deck.cir").write_text("\n".join(lines) + "\n")
    shutil.copy(CIRCUITS / "parts.lib", folder)
    done = subprocess.run(
        [tool("ngspice"), "-b", "deck.cir"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert out.exists(), done.stdout[-2000:] + done.stderr[-2000:]
    times, found = np.loadtxt(out, unpack=True)
    assert times[-1] > 0.99 * seconds, (times[-1], done.stderr[-2000:])
    return times, found
