"""A Boss SD-1: its clipping stage and tone network.

Circuit facts (component values agreed on by ACME.jl's ``superover`` and LiveSPICE's
SD-1 schematic): input 47 n into 470 k; coupling 18 n into 100 k; a non-inverting
op-amp whose leg to ground is 4.7 k + 47 n and whose feedback is 33 k + the 1 M drive
pot, bridged by two silicon diodes in series one way and one the other; a tone stage of
10 k and 18 n to ground, feedback 10 k and 10 n, wiper leg 27 n + 470 ohm on a 20 k
pot; an output coupling of 1 u into 4.7 k and a 10 k level pot. No capacitor
across the diodes: two of three sources have none.

Without that capacitor the clipper is exactly a static curve between linear filters:
an ideal op-amp holds the leg at the input voltage, so the leg's current is a
high-passed input, and all of it flows through feedback resistor and diodes. The voltage
there solves ``v / R + i_diodes(v) = i`` for every sample, by Newton's method.

Full scale (1.0) stands for 1 volt at the input and at the output.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from drywet.audio.resample import resample
from drywet.errors import DrywetError

KNOBS = {"drive": 0.5, "tone": 0.5, "level": 0.5}
"""Knobs with their defaults; each goes from 0 to 1."""

OVERSAMPLING = 8

_SATURATION_A = 4e-9  # 1N914 family, middle of the sources' 3 to 5 nA
_EMISSION = 2.0
_THERMAL_V = 0.02585
_NEWTON_TOLERANCE_V = 1e-9
_NEWTON_MOST = 60
_SAMPLES_AT_ONCE = 16_384  # few enough to stay in cache between iterations

Section = tuple[list[float], list[float]]  # numerator, denominator in falling powers of s


def _high_pass(resistance: float, capacitance: float) -> Section:
    tau = resistance * capacitance
    return [tau, 0.0], [tau, 1.0]


def _tone_stage(tone: float) -> Section:
    """Transfer function of the tone stage, by nodal analysis.

    The pot lies between the op-amp's inputs; its wiper goes to ground through
    470 ohm + 27 n. Turned to the non-inverting side it shunts the treble there,
    turned to the inverting side it takes treble out of the feedback and so lifts it.
    """
    s = np.polynomial.Polynomial([0.0, 1.0])
    one = np.polynomial.Polynomial([1.0])
    pot = 20e3
    to_plus = max(tone, 1e-3) * pot  # wiper to the non-inverting input
    to_minus = max(1 - tone, 1e-3) * pot
    # Leg admittance sC / (1 + sRC); everything below is multiplied by (1 + sRC).
    leg_n, leg_d = 27e-9 * s, one + 470 * 27e-9 * s
    # Wiper voltage w = v (1/p + 1/m) / (1/p + 1/m + leg), both inputs at v.
    pull = 1 / to_plus + 1 / to_minus
    ratio_n, ratio_d = pull * leg_d, pull * leg_d + leg_n  # w / v
    drop = ratio_d - ratio_n  # (v - w) / v, over ratio_d
    # Non-inverting node: (in - v) / 10k = v s 18n + (v - w) / to_plus.
    into = ratio_d * (1 + 10e3 * 18e-9 * s) + drop * (10e3 / to_plus)  # in / v * ratio_d
    # Inverting node: (out - v) (1/10k + s 10n) = (v - w) / to_minus.
    feedback = one / 10e3 + 10e-9 * s
    out = ratio_d * feedback + drop * (1 / to_minus)  # out / v * ratio_d * feedback
    numerator, denominator = out, into * feedback
    return list(numerator.coef[::-1]), list(denominator.coef[::-1])


def _filter(samples: NDArray[np.float64], section: Section, rate: float) -> NDArray[np.float64]:
    from scipy.signal import bilinear, lfilter

    b, a = bilinear(*section, fs=rate)
    return np.asarray(lfilter(b, a, samples))


def _diode_current(
    volts: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Current through the three diodes and its slope: two in series up, one down."""
    scale = _EMISSION * _THERMAL_V
    up = _SATURATION_A * np.exp(volts / (2 * scale))
    down = _SATURATION_A * np.exp(-volts / scale)
    return up - down, up / (2 * scale) + down / scale


def clip(current: NDArray[np.float64], resistance: float) -> NDArray[np.float64]:
    """Voltage across feedback resistor and diodes for a current forced through them.

    Newton's method on all samples at once, from a start beyond the root, whence it
    falls monotonically because the curve is convex outside it.

    Args:
        current: in ampere, any shape.
        resistance: of the feedback resistor, in ohm.
    """
    scale = _EMISSION * _THERMAL_V
    through_diodes = np.where(
        current >= 0,
        2 * scale * np.log1p(np.maximum(current, 0) / _SATURATION_A + 1),
        -scale * np.log1p(np.maximum(-current, 0) / _SATURATION_A + 1),
    )
    through_resistor = current * resistance
    volts = np.where(
        np.abs(through_resistor) < np.abs(through_diodes), through_resistor, through_diodes
    )
    for _ in range(_NEWTON_MOST):
        diodes, slope = _diode_current(volts)
        step = (volts / resistance + diodes - current) / (1 / resistance + slope)
        volts = volts - step
        if np.max(np.abs(step), initial=0.0) < _NEWTON_TOLERANCE_V:
            break
    return volts


def process(
    dry: NDArray[np.float32], rate: int, knobs: Mapping[str, float] | None = None
) -> NDArray[np.float32]:
    """Play a signal through the pedal.

    Args:
        dry: shape ``(samples,)``, full scale standing for 1 V.
        rate: in Hz; the circuit runs at 8 times that.
        knobs: any of ``drive``, ``tone`` and ``level``, 0 to 1.

    Returns:
        float32 of the same shape, without delay.

    Raises:
        DrywetError: an unknown knob, or one outside 0 to 1.
    """
    settings = dict(KNOBS)
    for name, value in (knobs or {}).items():
        if name not in KNOBS or not 0 <= value <= 1:
            raise DrywetError(
                f"knob {name} = {value}",
                f"{', '.join(KNOBS)} from 0 to 1",
                "Name a knob that the SD-1 has.",
            )
        settings[name] = float(value)
    fast = rate * OVERSAMPLING
    volts = resample(dry, rate, fast).astype(np.float64)
    volts = _filter(volts, _high_pass(470e3, 47e-9), fast)
    volts = _filter(volts, _high_pass(100e3, 18e-9), fast)
    leg = _filter(volts, ([47e-9, 0.0], [4.7e3 * 47e-9, 1.0]), fast)
    resistance = 33e3 + settings["drive"] * 1e6
    for first in range(0, len(leg), _SAMPLES_AT_ONCE):
        part = slice(first, first + _SAMPLES_AT_ONCE)
        volts[part] += clip(leg[part], resistance)
    volts = _filter(volts, _tone_stage(settings["tone"]), fast)
    volts = _filter(volts, _high_pass(14.7e3, 1e-6), fast) * (10 / 14.7) * settings["level"]
    wet = resample(volts.astype(np.float32), fast, rate)
    return np.pad(wet, (0, max(len(dry) - len(wet), 0)))[: len(dry)]
