"""The built-in circuits against ngspice, and what a circuit must do whatever it is."""

from __future__ import annotations

import numpy as np
import pytest

from drywet.audio.read import read
from drywet.audio.resample import resample
from drywet.circuits.netlist import parse_netlist, read_netlist
from drywet.circuits.simulate import Simulation
from drywet.devices.circuit import CircuitDevice, built_in
from drywet.dsp.plucked import strum
from drywet.errors import DrywetError
from tests.spice import ngspice
from tests.support import SHARED, shared

RATE = 48_000
FAST = 8 * RATE
CIRCUITS = sorted(built_in())

# Three positions of each knob; a volume at 0 would leave nothing to compare.
SETTINGS = {"low": 0.15, "default": None, "high": 0.9}
SINES = [(hertz, volts) for hertz in (110, 1000, 5000) for volts in (0.02, 0.2, 0.8)]
MOST_ESR = 1e-4


def knobs_at(netlist, position):
    return {} if position is None else dict.fromkeys(netlist.knobs, position)


def swelling(hertz, volts, seconds):
    """A tone that swells, as an expression for ngspice and as samples."""
    ramp = 2e-3
    swell = f"(time<{ramp} ? sin(1.5707963267948966*time/{ramp})^2 : 1)"
    text = f"{volts}*sin(6.283185307179586*{hertz}*time)*{swell}"
    t = np.arange(round(seconds * FAST)) / FAST
    envelope = np.where(t < ramp, np.sin(np.pi / 2 * t / ramp) ** 2, 1)
    return text, volts * np.sin(2 * np.pi * hertz * t) * envelope


def simulated(netlist, samples, knobs):
    simulation = Simulation(netlist, FAST, knobs, oversampling=1)
    return simulation.process(samples.astype(np.float32), last=True)


def spice_at_rate(times, volts, count):
    """ngspice's output on the high rate's grid, free of what a coarser grid would alias."""
    grid = np.arange(count * 8) / (8 * FAST)
    return resample(np.interp(grid, times, volts).astype(np.float32), 8 * FAST, FAST)[:count]


def esr(prediction, target):
    """At the base rate, without the resampler's first and last moments."""
    both = [
        resample(np.asarray(x, np.float32), FAST, RATE).astype(float) for x in (prediction, target)
    ]
    a, b = (x[16:-96] for x in both)
    return np.sum((a - b) ** 2) / np.sum((b - b.mean()) ** 2)


def compare(name, knobs, text, samples, folder, step=0.5 / FAST):
    netlist = read_netlist(built_in()[name])
    source = built_in()[name].read_text()
    truth = ngspice(source, text, len(samples) / FAST, step, folder, knobs)
    return esr(simulated(netlist, samples, knobs), spice_at_rate(*truth, len(samples)))


def sines_are_ngspices(name, position, sines, folder):
    knobs = knobs_at(read_netlist(built_in()[name]), SETTINGS[position])
    for hertz, volts in sines:
        text, samples = swelling(hertz, volts, 0.02 if hertz < 500 else 0.006)
        assert compare(name, knobs, text, samples, folder) < MOST_ESR, (hertz, volts)


@pytest.mark.parametrize("position", SETTINGS)
@pytest.mark.parametrize("name", CIRCUITS)
def test_a_sine_is_ngspices(name, position, tmp_path):
    sine = {"low": (110, 0.8), "default": (1000, 0.2), "high": (5000, 0.8)}[position]
    sines_are_ngspices(name, position, [sine], tmp_path)


@pytest.mark.proof
@pytest.mark.parametrize("position", SETTINGS)
@pytest.mark.parametrize("name", CIRCUITS)
def test_sines_are_ngspices(name, position, tmp_path):
    sines_are_ngspices(name, position, SINES, tmp_path)


def two_tones():
    one, other = swelling(700, 0.15, 0.012), swelling(1900, 0.15, 0.012)
    return f"{one[0]} + {other[0]}", one[1] + other[1]


@pytest.mark.parametrize("name", CIRCUITS)
def test_two_tones_are_ngspices(name, tmp_path):
    assert compare(name, {}, *two_tones(), tmp_path) < MOST_ESR


@pytest.mark.parametrize(
    "name",
    [
        name if name == "fuzzface" else pytest.param(name, marks=pytest.mark.proof)
        for name in CIRCUITS
    ],
)
def test_ngspice_has_converged(name, tmp_path):
    """Its own error at that step, from one of a quarter: well below what we ask for."""
    text, samples = two_tones()
    source = built_in()[name].read_text()
    rough, fine = (
        spice_at_rate(*ngspice(source, text, 0.012, step, tmp_path), len(samples))
        for step in (0.5 / FAST, 0.125 / FAST)
    )
    assert esr(rough, fine) < MOST_ESR / 4


@pytest.mark.parametrize(
    "seconds", [0.05, pytest.param(0.5, marks=pytest.mark.proof)], ids=["short", "long"]
)
@pytest.mark.parametrize("name", CIRCUITS)
def test_a_guitar_is_ngspices(name, seconds, tmp_path):
    if SHARED.is_dir():
        dry, rate = read(shared("audio", "di", "mayer_guitar.flac"))
        start = int(np.argmax(np.abs(dry))) - rate // 50
        dry = dry[start : start + round(seconds * rate)] / np.abs(dry).max() * 0.3
    else:
        rate, dry = RATE, 0.3 * strum([110, 164.8, 220], seconds, RATE, np.random.default_rng(0))
    times = np.arange(len(dry)) / rate
    dry = dry * np.minimum(1, times / 0.01)
    count = round(times[-1] * FAST)
    samples = np.interp(np.arange(count) / FAST, times, dry)
    assert compare(name, {}, (times, dry), samples, tmp_path) < MOST_ESR


@pytest.mark.parametrize("name", CIRCUITS)
def test_silence_stays_silent_from_the_first_sample(name):
    device = CircuitDevice(built_in()[name])
    quiet = device.process(np.zeros(RATE // 10, np.float32), RATE)
    assert np.abs(quiet).max() < 1e-6


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_every_knob_goes_to_its_end(name, end):
    device = CircuitDevice(built_in()[name])
    x = (0.8 * np.sin(2 * np.pi * 220 * np.arange(2400) / RATE)).astype(np.float32)
    for knob in device.knobs:
        y = device.process(x, RATE, {knob: end})
        assert np.isfinite(y).all() and np.abs(y).max() < 10


@pytest.mark.parametrize("name", CIRCUITS)
def test_blocks_of_any_size_give_the_same(name):
    rng = np.random.default_rng(0)
    netlist = read_netlist(built_in()[name])
    x = (0.3 * rng.standard_normal(900)).astype(np.float32)
    whole = Simulation(netlist, RATE).process(x, last=True)
    assert len(whole) == len(x)
    for size in (1, 7, 64, 401):
        simulation = Simulation(netlist, RATE)
        blocks = [
            simulation.process(x[n : n + size], last=n + size >= len(x))
            for n in range(0, len(x), size)
        ]
        np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_turning_a_knob_makes_no_noise_of_its_own():
    device = CircuitDevice(built_in()["sd1"])
    silence = np.zeros(RATE // 4, np.float32)
    turning = np.linspace(0, 1, len(silence))
    wet = device.process(silence, RATE, {"drive": turning, "tone": turning, "level": turning})
    assert np.abs(wet).max() < 1e-6


def test_a_turned_knob_ends_where_a_fixed_one_is():
    device = CircuitDevice(built_in()["sd1"])
    x = (0.1 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)).astype(np.float32)
    turning = np.minimum(1, np.arange(len(x)) / 4800) * 0.8
    turned, fixed = (
        device.process(x, RATE, {"drive": turning}),
        device.process(x, RATE, {"drive": 0.8}),
    )
    late = slice(RATE // 2, None)
    assert np.sum((turned[late] - fixed[late]) ** 2) < 1e-5 * np.sum(fixed[late] ** 2)


def aliasing(oversampling, knobs):
    """Energy between the harmonics over that of the harmonics, in dB, at 0 dBFS near 5 kHz."""
    length = 9601  # prime: harmonics and their aliases never fall on the same bin
    bin_ = round(5000 * length / RATE)
    n = np.arange(12 * length)  # the coupling capacitors take a second to settle
    x = np.sin(2 * np.pi * bin_ * n / length).astype(np.float32)
    device = CircuitDevice(built_in()["sd1"], oversampling)
    wet = device.process(x, RATE, knobs)[10 * length : 11 * length].astype(float)
    power = np.abs(np.fft.rfft(wet)) ** 2
    harmonic = np.zeros(len(power), bool)
    harmonic[bin_::bin_] = True
    power[0] = 0
    return 10 * np.log10(power[~harmonic].sum() / power[harmonic].sum())


@pytest.mark.parametrize(
    ("drive", "oversampling", "most_db"),
    [
        (1.0, 8, -90),
        pytest.param(0.5, 8, -90, marks=pytest.mark.proof),
        pytest.param(1.0, 16, -100, marks=pytest.mark.proof),
        pytest.param(0.5, 16, -100, marks=pytest.mark.proof),
    ],
)
def test_the_sd1_does_not_alias(drive, oversampling, most_db):
    assert aliasing(oversampling, {"drive": drive}) < most_db


def test_the_sd1s_mark_is_its_even_harmonics():
    """The 2nd about -27 dB, the 3rd about -15 dB at half drive."""
    length = 4801
    bin_ = 22  # 220 Hz
    x = (0.2 * np.sin(2 * np.pi * bin_ * np.arange(10 * length) / length)).astype(np.float32)
    wet = CircuitDevice(built_in()["sd1"]).process(x, RATE)[-length:].astype(float)
    level = 20 * np.log10(np.abs(np.fft.rfft(wet))[bin_::bin_])
    assert -32 < level[1] - level[0] < -22
    assert -20 < level[2] - level[0] < -10


def test_black65_inverts_and_is_nearly_linear_when_quiet():
    device = CircuitDevice(built_in()["black65"])
    x = np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)
    late = slice(RATE // 4, RATE // 4 + 12000)  # whole periods

    def residue(volts):
        wet = device.process((volts * x).astype(np.float32), RATE)[late].astype(float)
        basis = np.stack([x[late], np.cos(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)[late]], 1)
        fit, *_ = np.linalg.lstsq(basis, wet, rcond=None)
        return fit[0], np.sum((wet - basis @ fit) ** 2) / np.sum(wet**2)

    gain, quiet = residue(0.02)
    assert gain < 0
    assert quiet < 1e-4  # below 1 % of distortion
    assert residue(0.23)[1] > 100 * quiet


def test_ten_thousand_elements_are_refused_by_name():
    rows = [f"R{n} n{n} n{n + 1} 1k" for n in range(10_000)]
    with pytest.raises(DrywetError, match="R299"):
        parse_netlist("\n".join(["t", "Vin n0 0 0", *rows]), "ladder")
