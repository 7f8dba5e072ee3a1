"""What is odd about a device is said in words that fit it, and only about such a device."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from drywet.pair.check_device import behaviour
from drywet.pair.examine import examine
from drywet.pair.findings import Severity
from drywet.pair.load import Pair, load_pair
from tests.support import overdrive, playing, shared

RATE = 16_000
DRY = playing(20, RATE)
TIME = np.arange(len(DRY)) / RATE


def compressor(x: np.ndarray, seconds: float = 0.1, ratio: float = 4.0) -> np.ndarray:
    level, keep, out = 1e-6, np.exp(-1 / (seconds * RATE)), np.empty_like(x)
    for i, sample in enumerate(x.tolist()):
        level = keep * level + (1 - keep) * sample * sample
        out[i] = sample * (level / 1e-3 + 1) ** (-0.5 * (1 - 1 / ratio))
    return out


def phaser(x: np.ndarray) -> np.ndarray:
    """Four all-passes whose corner an LFO moves, mixed with the dry signal."""
    corner = 300 * 2 ** (1.5 + 1.5 * np.sin(2 * np.pi * 0.7 * TIME))
    turn = np.tan(np.pi * corner / RATE)
    a = ((turn - 1) / (turn + 1)).tolist()
    y = x.astype(float).tolist()
    for _ in range(4):
        before = after = 0.0
        for i, sample in enumerate(y):
            after = a[i] * sample + before - a[i] * after
            before, y[i] = sample, after
    return (0.5 * (x + np.array(y))).astype("f4")


def said(wet: np.ndarray) -> list[tuple[str, Severity]]:
    return [(f.message, f.severity) for f in behaviour(Pair(DRY, wet.astype("f4"), RATE))]


def test_a_compressor():
    [(words, severity)] = said(compressor(DRY))
    assert "gain follows the level over some 100 ms" in words
    assert severity is Severity.NOTE


@pytest.mark.parametrize("wet", [phaser(DRY), DRY * (1 + 0.7 * np.sin(2 * np.pi * 3 * TIME))])
def test_modulation(wet):
    [(words, severity)] = said(wet)
    assert "changes with time" in words
    assert severity is Severity.WARNING


@pytest.mark.parametrize("wet", [DRY, overdrive(DRY, RATE), np.clip(20 * DRY, -1, 1), np.abs(DRY)])
def test_others_are_not_remarked_on(wet):
    assert said(wet) == []


@pytest.mark.parametrize("corner", [100, 300, 3000])
@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
def test_a_filter_does_not_move_though_its_gain_does_with_the_notes(kind, corner):
    wet = sosfilt(butter(2, corner, kind, fs=RATE, output="sos"), DRY)
    assert said(0.4 * np.tanh(wet / 0.4)) == []


REAL = {
    ("smallstone/dry.flac", "smallstone/wet.flac"): "changes with time",
    ("cl1b/dry.flac", "cl1b/wet_at05_re05_ra0_th1.flac"): "gain follows the level",
    ("cl1b/dry.flac", "cl1b/wet_at05_re05_ra0_th075.flac"): "gain follows the level",
    ("jvm410h-knobs/dry.flac", "jvm410h-knobs/wet_B0_M0_T10.flac"): None,
    ("real/egfx_dry.flac", "real/egfx_wet_BluesDriver.flac"): None,
    ("real/facebender3_dry.flac", "real/facebender3_wet.flac"): None,
    ("real/bigmuff_dry.flac", "real/bigmuff_wet.flac"): None,
    ("hrd3-drive/dry_drive12_master1.flac", "hrd3-drive/wet_drive12_master1.flac"): None,
}


FEW = ("smallstone", "real/bigmuff")
CASES = [
    pytest.param(
        files, words, id=files[1],
        marks=() if files[1].startswith(FEW) else pytest.mark.proof,
    )
    for files, words in REAL.items()
]  # fmt: skip


@pytest.mark.parametrize(("files", "words"), CASES)
def test_real_devices_pass_and_are_named(files, words):
    pair = load_pair(*(shared("audio", *name.split("/")) for name in files))
    findings = examine(pair).findings
    assert [f.check for f in findings if f.severity is Severity.ERROR] == []
    assert "swapped" not in {f.check for f in findings}
    device = [f.message for f in findings if f.check in ("modulation", "compression")]
    assert device == [] if words is None else words in device[0]
