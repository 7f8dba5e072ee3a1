"""The demo's pedal against scipy, Lambert W and ngspice."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import lambertw

from drywet.devices import sd1
from drywet.errors import DrywetError
from tests.support import playing, tool

RATE = 48_000


@pytest.mark.parametrize("resistance", [33e3, 533e3, 1033e3])
def test_the_clipper_solves_its_equation(resistance):
    """One sample at a time, by bisection on a formula written out once more."""

    def excess(v, i):
        diodes = 4e-9 * (np.expm1(v / (2 * 2 * 0.02585)) - np.expm1(-v / (2 * 0.02585)))
        return v / resistance + diodes - i

    currents = np.concatenate([-np.logspace(-12, -2, 60), [0.0], np.logspace(-12, -2, 60)])
    volts = sd1.clip(currents, resistance)
    want = [brentq(excess, -3, 3, args=(i,), xtol=1e-13) for i in currents]
    assert np.max(np.abs(volts - want)) < 1e-9


def test_the_clipper_is_lambert_w_where_one_diode_conducts():
    """Deep in the negative half only one diode and the resistor matter."""
    n_vt, saturation, resistance = 2 * 0.02585, 4e-9, 533e3
    current = np.logspace(-4, -2.5, 20)
    # The other branch leaks the saturation current back, which takes the usual -1 away.
    biggest = resistance * current
    w = lambertw(resistance * saturation / n_vt * np.exp(np.minimum(biggest / n_vt, 600))).real
    # Beyond the range of exp, W(e^z) is solved by its asymptotic fixed point.
    z = biggest / n_vt + np.log(resistance * saturation / n_vt)
    for _ in range(60):
        w = z - np.log(np.maximum(w, 1e-300))
    assert np.max(np.abs(-sd1.clip(-current, resistance) - (biggest - n_vt * w))) < 1e-7


def harmonics(y: np.ndarray, bin_: int, count: int) -> np.ndarray:
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y))))
    return 20 * np.log10([spectrum[k * bin_ - 2 : k * bin_ + 3].max() for k in range(1, count + 1)])


def test_harmonics_at_half_drive():
    """An SD-1 at half drive: 2nd about -27 dB, 3rd about -15 dB."""
    t = np.arange(3 * RATE) / RATE
    y = sd1.process((0.1 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), RATE)[RATE:]
    levels = harmonics(y, 880, 3)
    assert levels[1] - levels[0] == pytest.approx(-27, abs=1.5)
    assert levels[2] - levels[0] == pytest.approx(-15, abs=1.5)


def test_small_signals_pass_linearly():
    """Below the diodes' knee the gain is what the resistors say: 1 + (33k + P) / |4.7k + 47n|."""
    t = np.arange(2 * RATE) / RATE
    gains = []
    for drive in (0.0, 1.0):
        x = (1e-6 * np.sin(2 * np.pi * 2000 * t)).astype(np.float32)
        y = sd1.process(x, RATE, {"drive": drive})
        gains.append(np.std(y[RATE:]) / np.std(x[RATE:]))
    leg = 4.7e3 + 1 / (2j * np.pi * 2000 * 47e-9)
    # The diodes' slope resistance at rest stands beside the feedback resistor.
    slope = 1 / (4e-9 / (2 * 2 * 0.02585) + 4e-9 / (2 * 0.02585))
    want = [abs(1 + 1 / (1 / (33e3 + drive * 1e6) + 1 / slope) / leg) for drive in (0, 1)]
    assert gains[1] / gains[0] == pytest.approx(want[1] / want[0], rel=2e-3)


def test_oversampling_takes_aliasing_down(monkeypatch):
    """A 4.1 kHz sine into full drive comes out nearly square, with harmonics falling as 1/k.

    What folds back starts eight times higher in k: 18 dB less aliasing than without.
    """
    n = 48_000
    t = np.arange(3 * n) / RATE
    x = (0.5 * np.sin(2 * np.pi * 4100 * t)).astype(np.float32)
    aliased = []
    for factor in (1, 8):
        monkeypatch.setattr(sd1, "OVERSAMPLING", factor)
        y = sd1.process(x, RATE, {"drive": 1.0})[n : 2 * n]
        power = np.abs(np.fft.rfft(y.astype(np.float64))) ** 2
        harmonic = np.arange(len(power)) % 4100 == 0
        aliased.append(10 * np.log10(power[~harmonic].sum() / power[harmonic][1:].sum()))
    assert aliased[1] < aliased[0] - 15


def test_knobs():
    x = playing(1, RATE)
    assert not np.allclose(sd1.process(x, RATE, {"tone": 0.1}), sd1.process(x, RATE, {"tone": 0.9}))
    assert np.allclose(
        2 * sd1.process(x, RATE, {"level": 0.4}), sd1.process(x, RATE, {"level": 0.8}), atol=1e-6
    )
    assert np.max(np.abs(sd1.process(x, RATE, {"level": 0.0}))) == 0
    for bad in ({"gain": 0.5}, {"drive": 1.5}, {"drive": float("nan")}):
        with pytest.raises(DrywetError, match="knob"):
            sd1.process(x, RATE, bad)


NETLIST = """* SD-1 clipper and tone stage, ideal op-amps, as documented in drywet.devices.sd1
.model D1 D(IS=4n N=2 TNOM=26.85)
.options TEMP=26.85 RELTOL=1e-6 ABSTOL=1e-13 VNTOL=1e-8
VIN in 0 PWL FILE
CIN in b0 47n
RIN b0 0 470k
EB b1 0 b0 0 1
CC b1 c0 18n
RC c0 0 100k
EC c1 0 c0 0 1
RG leg g1 4.7k
CG g1 0 47n
ECL o1 0 c1 leg 1e7
RF leg o1 {resistance}
D1A o1 dm D1
D1B dm leg D1
D2A leg o1 D1
RT o1 p 10k
CT p 0 18n
ETL o2 0 p m 1e7
RFB m o2 10k
CFB m o2 10n
RPA p w {to_plus}
RPB m w {to_minus}
RW w w1 470
CW w1 0 27n
COUT o2 l0 1u
RO l0 l1 4.7k
RL l1 0 10k
.tran {step} {end} 0 {step}
.control
run
wrdata {out} v(l1)
.endc
.end
"""


@pytest.mark.parametrize(("drive", "tone", "amplitude"), [(0.5, 0.5, 0.1), (1.0, 0.2, 0.4)])
def test_the_whole_circuit_is_ngspices(tmp_path, drive, tone, amplitude):
    """The same parts in ngspice, from rest: diodes there have TEMP such that kT/q = 25.85 mV."""
    ngspice = tool("ngspice")
    seconds, fine = 0.03, 960_000
    t = np.arange(int(seconds * RATE)) / RATE
    x = amplitude * (np.sin(2 * np.pi * 220 * t) + 0.5 * np.sin(2 * np.pi * 1310 * t))
    x = (x * np.minimum(t / 0.005, 1)).astype(np.float32)
    source = f"B1 in 0 V={amplitude}*(sin(2*pi*220*time)+0.5*sin(2*pi*1310*time))*min(time/0.005,1)"
    netlist = NETLIST.replace("VIN in 0 PWL FILE", source).format(
        resistance=33e3 + drive * 1e6, to_plus=tone * 20e3, to_minus=(1 - tone) * 20e3,
        step=1 / fine, end=seconds, out=tmp_path / "out",
    )  # fmt: skip
    (tmp_path / "sd1.cir").write_text(netlist)
    done = subprocess.run(
        [ngspice, "-b", tmp_path / "sd1.cir"], capture_output=True, text=True, check=False
    )
    table = np.loadtxt(tmp_path / "out")
    assert len(table), done.stderr
    want = 0.5 * np.interp(t, table[:, 0], table[:, 1])  # the level pot at half
    # Silence before and after, for the resampler's ringing.
    got = sd1.process(np.pad(x, (RATE // 10, 0)), RATE, {"drive": drive, "tone": tone})
    got = got[RATE // 10 :]
    inner = slice(100, len(t) - 100)
    error = np.sum((got[inner] - want[inner]) ** 2) / np.sum(want[inner] ** 2)
    assert error < 1e-3
