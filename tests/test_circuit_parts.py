"""Netlists, single parts and small circuits against analysis, SciPy and ngspice."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal
from scipy.special import lambertw

from drywet.audio.resample import resample
from drywet.circuits.equations import equations_of
from drywet.circuits.netlist import parse_netlist
from drywet.circuits.parts import THERMAL_V
from drywet.circuits.simulate import Simulation
from drywet.circuits.values import evaluate
from drywet.errors import DrywetError
from tests.spice import ngspice

RATE = 384_000


def circuit(*lines, name="test"):
    return parse_netlist("\n".join(["a test", "Vin in 0 0", *lines, ".end"]), name)


def played(netlist, samples, knobs=None):
    x = np.asarray(samples, np.float32)
    return Simulation(netlist, RATE, knobs, oversampling=1).process(x, last=True).astype(float)


# --- numbers ---


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4.7k", 4700), ("1Meg", 1e6), ("1m", 1e-3), ("47n", 47e-9), ("10uF", 1e-5),
        ("22pf", 22e-12),
        ("1e3", 1000), (".5", 0.5), ("2.2kohm", 2200), ("{33k + drive*1Meg}", 533e3),
        ("{(1-drive)^2*8}", 2), ("{max(1, 2)*sqrt(4)}", 4), ("-9", -9), ("{exp(0)}", 1),
        ("1µ", 1e-6), ("1f", 1e-15), ("1V", 1),
    ],
)  # fmt: skip
def test_numbers_are_as_in_spice(text, value):
    assert evaluate(text, {"drive": 0.5}, "R1") == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "", "abc", "{1/0}", "{__import__('os')}", "{(1).real}", "{9**9**9**9}", "{'a'*9}", "[1]",
        "{" + "-" * 400 + "1}", "{exp(1000)}", "{log(-1)}",
        "{1 if 1 else 2}", "nan", "1e999", "{min()}", "{f(1)}", "{drive:=1}",
        "{" + "1+" * 400 + "1}", "{1k", "1k}",
        "4k7", "4r7", "0x10", "1_000", "{2drive}", "{~1}", "{not 1}", "1k5",
    ],
)  # fmt: skip
def test_an_expression_can_do_nothing_but_arithmetic(text):
    with pytest.raises(DrywetError, match="R1"):
        evaluate(text, {"drive": 0.5}, "R1")


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text):
    try:
        equations_of(parse_netlist(text, "any"), {})
    except DrywetError as error:
        assert "\n" not in str(error)


# --- hostile netlists: one line that names the element ---


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["R1 in out 1k", "C1 out x 1n", "C2 x 0 1n"], "node x (at C1, C2) floats"),
        (["R1 in out 1k", "R2 out 0 1k", "R3 a b 1k"], "R3"),
        (["R1 in out 0", "R2 out 0 1k"], "R1 = 0"),
        (["R1 in out {0*1k}", "R2 out 0 1k"], "R1 = 0"),
        (["R1 in out -5", "R2 out 0 1k"], "R1 = -5"),
        (["R1 in out 1e17", "R2 out 0 1k"], "R1 = 1e+17"),
        (["R1 in out 1k", "R2 out 0 1k", "E1 a 0 in 0 1e60", "R3 a 0 1"], "E1 = 1e+60"),
        (["*@ knob x X", ".param x=0.5", "R1 in out {x*1k}", "R2 out 0 1k"], "all knobs at 0"),
        (["*@ knob x X", ".param x=5", "R1 in out {x*1k}", "R2 out 0 1k"], ".param x=5"),
        ([".param in=1", "R1 in out {in*1k}"], "another name than in"),
        (["R1 in out 1k", "R2 out a#b 1k", "R3 a#b 0 1k"], "a#b"),
        (["R1 in out 1k", "C1 out 0 4k7"], "4k7"),
        (["R1 in out 1k", "C1 out 0 0"], "C1 = 0"),
        (["R1 in out 1k", "V1 out 0 1", "V2 out 0 2"], "V"),
        (["R1 in out 1k", "V1 in 0 1"], "V"),
        (["R1 in out 1k", "D1 out 0 NIX"], "D1: model NIX isn't there"),
        (["R1 in out 1k", "D1 out 0 M", ".model M NPN(BF=5)"], "D1: model M is of type NPN"),
        (["R1 in out 1k", "D1 out 0 M", ".model M D(CJO=4p)"], "CJO"),
        (["R1 in out 1k", "D1 out 0 M", ".model M D(IS=0)"], "IS = 0"),
        (["R1 in out 1k", "R1 out 0 1k"], "two elements named R1"),
        (["R1 in out 1k", "L1 out 0 1m"], "'L1 out 0 1m'"),
        (["R1 in out 1k", "R2 out 0"], "'R2 out 0'"),
        (["R1 in out 1k", "R2 out 0 {nix}"], "nix"),
        (["R1 in out 1k", "R2 out 0 {1k"], "R2"),
        (["R1 in out 1k", "X1 in 0 out BOX"], "BOX"),
        (["R1 in out 1k", "X1 in 0 out OPAMP low=5 high=4"], "X1"),
        (["R1 in out 1k", "X1 in 0 out OPAMP slew=5"], "SLEW"),
        (["R1 in out 1k", ".include /etc/passwd"], "/etc/passwd"),
        (["R1 in out 1k", ".func f(x) {x}"], ".func"),
        (["R1 in x 1k", "R2 x 0 1k"], "no node out"),
        (["R1 in out 1k", "*@ knob drive Drive"], "knob drive"),
        (["R1 in out 1k", "*@ dial drive Drive"], "*@ dial"),
        (["R1 in out 1k", "D1 out 0 M", ".model M"], ".model M"),
    ],
)
def test_a_wrong_netlist_is_refused_in_one_line(lines, said):
    with pytest.raises(DrywetError) as refused:
        Simulation(circuit(*lines), RATE)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_netlist_without_a_source_is_refused():
    with pytest.raises(DrywetError, match="no source Vin"):
        parse_netlist("t\nR1 in out 1k\nR2 out 0 1k", "t")


@pytest.mark.parametrize("value", ["0", "dc 0", "0 AC 1", "0 SIN(0 1 1k)", "AC 1 SIN(0 1 1k)"])
def test_the_source_may_have_what_ngspice_needs(value):
    netlist = parse_netlist(f"t\nVin in 0 {value}\nR1 in out 1k\nR2 out 0 1k", "t")
    assert played(netlist, np.ones(200))[100] == pytest.approx(0.5, abs=1e-6)


def test_a_source_that_is_no_signal_is_refused():
    with pytest.raises(DrywetError, match="VIN = 5"):
        parse_netlist("t\nVin in 0 5\nR1 in out 1k\nR2 out 0 1k", "t")


def test_too_many_parts_that_depend_on_each_other_are_refused():
    rows = [f"D{n} n{n} n{n + 1} M\nR{n} n{n + 1} 0 1k" for n in range(20)]
    with pytest.raises(DrywetError, match="depend on each other"):
        Simulation(circuit("R99 in n0 1k", *rows, "R98 n20 out 1k", "R97 out 0 1k",
                           ".model M D()"), RATE)  # fmt: skip


# --- linear circuits: their transfer function ---

LINEAR = {
    # 1 / (1 + s RC)
    "low-pass": (["R1 in out 10k", "C1 out 0 10n"], ([1.0], [1e-4, 1.0])),
    "high-pass": (["C1 in out 10n", "R1 out 0 10k"], ([1e-4, 0.0], [1e-4, 1.0])),
    # Two like ones in a row load each other: s^2 (RC)^2 + 3 s RC + 1.
    "two low-passes": (
        ["R1 in a 10k", "C1 a 0 1n", "R2 a out 10k", "C2 out 0 1n"], ([1.0], [1e-10, 3e-5, 1.0])
    ),
    # A Sallen-Key low-pass around an op-amp: 1 / (s^2 R^2 C1 C2 + 2 s R C2 + 1).
    "Sallen-Key": (
        ["R1 in a 10k", "R2 a b 10k", "C1 a out 4n", "C2 b 0 1n", "E1 out 0 b out 1e6"],
        ([1.0], [4e-10, 2e-5, 1.0]),
    ),
    # Inverting, gain -R2/R1 below 1 / (R2 C): -10 / (1 + s 1e-4).
    "inverting": (
        ["R1 in m 1k", "R2 m out 10k", "C1 m out 10n", "E1 out 0 0 m 1e6"], ([-10.0], [1e-4, 1.0])
    ),
    # Capacitors only, and a loop of them with the source.
    "divider": (["C1 in out 1n", "C2 out 0 1n", "R1 out 0 1e12"], ([0.5], [1.0])),
}  # fmt: skip


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("hertz", [50, 1000, 12_000])
def test_a_linear_circuit_has_its_transfer_function(name, hertz):
    lines, (numerator, denominator) = LINEAR[name]
    t = np.arange(RATE // 5) / RATE
    out = played(circuit(*lines), np.sin(2 * np.pi * hertz * t))
    late = slice(RATE // 10, RATE // 10 + RATE // 50)  # whole periods of 50 Hz, 1 and 12 kHz
    found = 2 * np.mean(out[late] * np.exp(-2j * np.pi * hertz * t[late])) * 1j
    _, wanted = signal.freqs(numerator, denominator, [2 * np.pi * hertz])
    # The trapezoidal rule warps the frequency axis by (w h)^2 / 12; times the response's slope
    # (at most 4 here); an op-amp's gain of 1e6 costs up to 11 / 1e6.
    bent = (2 * np.pi * hertz / RATE) ** 2 / 12
    assert abs(found - wanted[0]) < (4 * bent + 2e-5) * max(abs(wanted[0]), 0.01)


def test_a_passive_circuit_gives_no_energy():
    x = np.random.default_rng(0).uniform(-5, 5, 4000)
    out = played(
        circuit("R1 in a 1k", "C1 a out 10n", "R2 out 0 10k", "D1 out 0 M", "D2 0 out M",
                ".model M D(IS=4n N=2)"), x
    )  # fmt: skip
    # Into 10k comes no more than a matched source of 1k can give.
    assert np.sum(out**2) / 10e3 <= np.sum(x**2) / (4 * 1e3)
    assert np.abs(out).max() < np.abs(x).max()


# --- diodes: Lambert's W ---


@pytest.mark.parametrize(
    ("current", "n", "series"), [(1e-14, 1.0, 0.0), (4e-9, 2.0, 0.0), (1e-9, 1.8, 10.0)]
)
def test_a_diode_behind_a_resistor_is_lamberts(current, n, series):
    netlist = circuit("R1 in out 1k", "D1 out 0 M", f".model M D(IS={current} N={n} RS={series})")
    x = np.linspace(-5, 5, 4001)
    total, volts = 1000 + series, n * THERMAL_V
    # x = (i + I) R - I R + volts ln((i + I) / I), so that (i + I) R / volts = W(...)
    exponent = np.log(current * total / volts) + (x + current * total) / volts
    w = np.where(exponent < 500, lambertw(np.exp(np.minimum(exponent, 500))).real, 0)
    large = (
        exponent
        - np.log(np.maximum(exponent, 1e-9))
        + np.log(np.maximum(exponent, 1e-9)) / np.maximum(exponent, 1e-9)
    )
    amperes = np.where(exponent < 500, w, large) * volts / total - current
    wanted = x - 1000 * amperes
    np.testing.assert_allclose(played(netlist, x), wanted, atol=3e-6)


def test_diodes_in_series_and_across_each_other_are_one_part():
    netlist = circuit(
        "R1 in out 1k", "D1 out a M", "D2 a 0 M", "D3 0 out M", ".model M D(IS=4n N=2)"
    )
    equations = equations_of(netlist, {})
    assert [len(part.ports) for part in equations.parts] == [1]
    x = 3 * np.sin(np.linspace(0, 2 * np.pi, 2001))
    v = played(netlist, x)
    volts = 2 * THERMAL_V
    flow = 4e-9 * (np.expm1(v / (2 * volts)) - np.expm1(-v / volts))
    np.testing.assert_allclose(v + 1000 * flow, x, atol=1e-3)


# --- single parts against ngspice ---

PARTS = {
    "npn with early": ["Vcc c 0 9", "Rc c out 4.7k", "Rb in b 10k", "Vb bb 0 0.65", "R9 b bb 47k",
                       "Q1 out b e N", "Re e 0 220",
                       ".model N NPN(IS=1e-14 BF=200 BR=3 VAF=50 NF=1.1)"],
    "npn saturated": ["Vcc c 0 2", "Rc c out 10k", "Rb in b 1k", "Q1 out b 0 N",
                      ".model N NPN(BF=100)"],
    "pnp": ["Vcc c 0 9", "Re c e 1k", "Rb in b 1k", "Vb bb 0 8", "R9 b bb 22k", "Q1 out b e P",
            "Rc out 0 4.7k", ".model P PNP(IS=1e-14 BF=150 VAF=30)"],
    "njf": ["Vcc c 0 9", "Rd c out 2.2k", "Rg in g 1k", "J1 out g s J", "Rs s 0 330",
            ".model J NJF(VTO=-1.5 BETA=2m LAMBDA=0.02 IS=1e-14)"],
    "njf as a switch": ["Rg in g 1k", "V1 d 0 0.3", "R1 d a 1k", "J1 a g out J", "R2 out 0 1k",
                        "V2 e 0 -0.3", "R3 e out 1k", ".model J NJF(VTO=-2 BETA=1m)"],
    "pjf": ["Vcc c 0 9", "Rs c s 330", "R9 c g 1Meg", "Cg in g 1u", "J1 out g s P", "Rd out 0 1k",
            ".model P PJF(VTO=-1.5 BETA=2m LAMBDA=0.01)"],
    "diode": ["R1 in out 100", "D1 out 0 M", "R2 out 0 10k", ".model M D(IS=1n N=1.7 RS=5)"],
    "op-amp": [".include parts.lib", "X1 in m out OPAMP low=-3 high=4 gain=2e3", "R1 out m 10k",
               "R2 m 0 4.7k"],
    "triode with grid current": [".include parts.lib", "Vb b 0 250", "Rp b out 100k",
                                 "Rg in g 10k", "X1 out g k TRIODE", "Rk k 0 1k"],
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_ngspices(name, tmp_path):
    seconds = 0.012
    t = np.arange(round(seconds * RATE)) / RATE
    text = "\n".join(["a test", "Vin in 0 0", *PARTS[name], ".end"])
    expression = "2.5*sin(6.283185307179586*500*time)*sin(261.79938779914943*time)^2"
    samples = 2.5 * np.sin(2 * np.pi * 500 * t) * np.sin(np.pi * t / seconds) ** 2
    times, volts = ngspice(text, expression, seconds, 5e-7, tmp_path, reltol=1e-6)
    fine = np.interp(np.arange(8 * len(t)) / (8 * RATE), times, volts).astype(np.float32)
    wanted = resample(fine, 8 * RATE, 48_000)[: round(seconds * 48_000)].astype(float)
    found = played(parse_netlist(text, name), samples).astype(np.float32)
    found = resample(found, RATE, 48_000)[: len(wanted)].astype(float)
    error = (found - wanted)[16:-16]
    assert np.sum(error**2) < 1e-5 * np.sum((wanted - wanted.mean())[16:-16] ** 2)


# --- every input ends well ---


@pytest.mark.parametrize("volts", [1e-30, 1.0, 1e3, 1e6])
@pytest.mark.parametrize(
    "name", ["npn saturated", "njf", "op-amp", "diode", "triode with grid current"]
)
def test_no_jump_is_too_large(name, volts):
    netlist = parse_netlist("\n".join(["t", "Vin in 0 0", *PARTS[name]]), name)
    x = volts * np.sign(np.sin(np.arange(400) * 0.37)) * np.random.default_rng(0).uniform(0, 1, 400)
    assert np.isfinite(played(netlist, x)).all()


def test_what_has_no_solution_is_said():
    netlist = circuit("R1 in out 1k", "D1 out 0 M", ".model M D()")
    x = np.zeros(100, np.float32)
    x[50] = math.nan
    with pytest.raises(DrywetError, match="no solution"):
        Simulation(netlist, RATE, oversampling=1).process(x, last=True)


def test_an_output_that_grows_without_end_is_said():
    netlist = circuit("R1 in a 1k", "E0 e0 0 a 0 10", "R2 e0 a 1k", "C2 0 a 1n", "R3 a out 1k",
                      "R4 out 0 1k")  # fmt: skip
    with pytest.raises(DrywetError, match="grows without end"):
        played(netlist, np.ones(4000))


def test_a_jump_of_positive_feedback_is_ngspices(tmp_path):
    """A Schmitt trigger: which of two outputs it gives, its past decides."""
    lines = [".include parts.lib", "X1 p in o OPAMP low=-5 high=5", "R1 o p 10k", "R2 p 0 10k",
             "C1 p 0 1n", "R3 o out 1k", "R4 out 0 1k"]  # fmt: skip
    text = "\n".join(["t", "Vin in 0 0", *lines, ".end"])
    t = np.arange(round(0.02 * RATE)) / RATE
    x = 4 * np.sin(2 * np.pi * 100 * t)
    times, volts = ngspice(text, "4*sin(6.283185307179586*100*time)", 0.02, 1e-6, tmp_path)
    found = played(parse_netlist(text, "t"), x)
    wanted = np.interp(t, times, volts)
    late = t > 0.006  # before, which way it starts is chance
    near = np.abs(found - wanted) < 0.05
    assert near[late].mean() > 0.995


# --- knobs that turn ---


def turned_and_fixed(lines, knob_end=1.0):
    """The end of a signal with a knob that has come to its end, and with it there always."""
    netlist = circuit("*@ knob k K", ".param k=0", *lines)
    x = np.sin(2 * np.pi * 1000 * np.arange(8192) / RATE).astype(np.float32)
    simulation = Simulation(netlist, RATE, {"k": 0.0}, oversampling=1)
    parts = []
    for first in range(0, len(x), 256):
        simulation.turn({"k": min(1.0, first / 4096) * knob_end})
        parts.append(simulation.process(x[first : first + 256], last=first + 256 == len(x)))
    fixed = played(netlist, x, {"k": knob_end})
    return np.concatenate(parts)[6144:], fixed[6144:]


@pytest.mark.parametrize(
    "lines",
    [
        ["R1 in out {100 + k*1k}", "C1 out 0 10n"],
        ["R1 in out 1k", "D1 out 0 A", "D2 0 out A", ".model A D(IS=1n N={1+k*2})"],
        ["R1 in out 1k", "D1 out 0 A", "D2 0 out B", ".model A D(IS=1n N={1+k*2})",
         ".model B D(IS=1n N=2)"],
        ["R1 in out 1k", "D1 out 0 A", ".model A D(IS=1n RS={k*100})"],
        ["R1 in out 1k", "D1 out a A", "D2 a 0 A", ".model A D(IS={0.5n+k*1n})"],
        [".include parts.lib", "R1 in p 1k", "X1 p out out OPAMP low=-1 high={0.1+k*0.4}"],
        ["R1 in a 1k", "D1 a 0 A", "E1 f 0 d 0 {0-k*2}", "R2 f a 10k", "R3 a out 1k", "R4 in d 1k",
         "D2 d out A", "R5 out 0 1k", ".model A D(IS=1n N=2)"],
        [".include parts.lib", "X1 in 0 a OPAMP low=-1 high=1 gain=2",
         "X2 in 0 b OPAMP low=-2 high=2 gain=2", "R1 a out 1k", "R2 b out {1k+k*1k}"],
    ],
    ids=["resistor", "emission", "which is sharper", "series resistance", "in series", "rail",
         "feedback that starts", "two op-amps at one input"],
)  # fmt: skip
def test_a_knob_that_has_turned_is_where_it_stands(lines):
    turned, fixed = turned_and_fixed(lines)
    np.testing.assert_allclose(turned, fixed, atol=2e-4)


def test_an_output_that_rests_elsewhere_rests_from_end_to_end():
    netlist = circuit("V1 v 0 4.5", "R1 v out 1k", "R2 out 0 1k", "R3 in out 1Meg")
    quiet = Simulation(netlist, 48_000).process(np.zeros(500, np.float32), last=True)
    np.testing.assert_allclose(quiet, quiet[250], atol=1e-6)


def test_the_output_may_lie_between_two_diodes():
    netlist = circuit("R1 in a 1k", "D1 a out M", "D2 out 0 M", ".model M D(IS=1n N=2)")
    alone = circuit("R1 in out 1k", "D1 out b M", "D2 b 0 M", ".model M D(IS=1n N=2)")
    x = 3 * np.sin(np.linspace(0, 2 * np.pi, 2000))
    half, whole = played(netlist, x), played(alone, x)
    positive = x > 0.5
    np.testing.assert_allclose(half[positive], whole[positive] / 2, atol=1e-3)


def test_every_target_gives_the_same(monkeypatch):
    from drywet.kernels import circuit as circuit_kernels
    from drywet.kernels.choice import Choice, choice

    netlist = parse_netlist(
        "\n".join(["t", "Vin in 0 0", *PARTS["npn with early"], "C1 out 0 1n"]), "t"
    )
    x = np.random.default_rng(0).uniform(-2, 2, 2000)
    found = []
    for target in choice().possible:
        monkeypatch.setattr(circuit_kernels, "choice", lambda t=target: Choice(t, (), ""))
        found.append(played(netlist, x))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-4)
