"""Drift, takes and wow that were put in are found as what they are; material alone is not."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soxr

from drywet.data.split import split
from drywet.dsp.causal_fit import CausalFit
from drywet.pair.alignment import Alignment, Mending, Take, align
from drywet.pair.delay import find_delay
from drywet.pair.examine import examine
from drywet.pair.findings import Severity
from drywet.pair.load import Pair, load_pair
from drywet.pair.timing import timing
from drywet.runs.folder import RunFolder
from drywet.runs.recording import reload
from tests.support import drywet, grid, overdrive, playing, save, shared

RATE = 16_000
DRY = playing(30, RATE)
WET = overdrive(DRY, RATE) + 1e-4 * np.random.default_rng(3).standard_normal(len(DRY)).astype("f4")


def moved(pair: Pair):
    fit = CausalFit(pair.dry, pair.rate)
    return timing(fit, pair, find_delay(pair, fit).samples)


def clock(wet: np.ndarray, ppm: float) -> np.ndarray:
    return soxr.resample(wet, 1e6, 1e6 + ppm, quality="VHQ").astype("f4")


def joined(wet: np.ndarray, at: int, gap: int) -> np.ndarray:
    return np.concatenate([wet[:at], np.zeros(gap, "f4"), wet[at:]])


def wow(wet: np.ndarray, samples: float, seconds: float = 6.0) -> np.ndarray:
    place = np.arange(len(wet))
    turn = 2 * np.pi * place / (seconds * RATE)
    return np.interp(place + samples * np.sin(turn), place, wet).astype("f4")


def worst(findings) -> dict[str, Severity]:
    return {f.check: f.severity for f in findings if f.severity is not Severity.NOTE}


def test_a_steady_pair_is_called_so():
    assert moved(Pair(DRY, WET, RATE)).kind == "steady"


@pytest.mark.parametrize("ppm", grid([-200, -30, 10, 100], few=[-30, 100]))
def test_clocks_that_drift(ppm):
    found = moved(Pair(DRY, clock(WET, ppm), RATE))
    assert found.kind == "drift"
    assert found.ppm == pytest.approx(ppm, rel=0.05, abs=1)
    assert found.moved == pytest.approx(ppm * 1e-6 * len(DRY), rel=0.05, abs=1)
    assert found.error < 0.9


@pytest.mark.parametrize("gap", grid([7, 250], few=[7]))
def test_takes_with_latencies_of_their_own(gap):
    found = moved(Pair(DRY, joined(WET, 17 * RATE, gap), RATE))
    assert found.kind == "takes"
    assert found.takes[1].latency - found.takes[0].latency == pytest.approx(gap, abs=1)
    assert found.takes[1].start == pytest.approx(17 * RATE, abs=3 * RATE)


def test_a_tape_wanders():
    found = moved(Pair(DRY, wow(WET, 3.0), RATE))
    assert found.kind == "wander"
    assert 3 < found.moved < 7


@pytest.mark.proof
@pytest.mark.parametrize("names", [("facebender2", "facebender3"), ("facebender3", "bigmuff")])
def test_other_material_is_no_drift(names):
    """Takes of guitar and bass, or of two devices, one after the other: one latency."""
    pairs = [
        load_pair(
            shared("audio", "real", f"{name}_dry.flac"), shared("audio", "real", f"{name}_wet.flac")
        ).aligned(0)
        for name in names
    ]
    rate = pairs[0].rate
    dry = np.concatenate([pair.dry for pair in pairs])
    wet = np.concatenate([pair.wet for pair in pairs])
    assert not {"drift", "wander"} & set(worst(examine(Pair(dry, wet, rate)).findings))


def real(name: str) -> Pair:
    dry, wet = (shared("audio", *name.format(part).split("/")) for part in ("dry", "wet"))
    return load_pair(dry, wet)


@pytest.mark.parametrize(
    ("name", "ppm"),
    grid(
        [
            ("real/ua6176_{}.flac", 50),
            ("real/bigmuff_{}.flac", 50),
            ("hrd3-drive/{}_drive12_master1.flac", 200),
        ],
        few=[("real/bigmuff_{}.flac", 50)],
        spread=True,
    ),
)
def test_drift_of_a_short_capture_of_strong_distortion(name, ppm):
    pair = real(name)
    found = moved(Pair(pair.dry, clock(pair.wet, ppm), pair.rate))
    assert found.kind == "drift"
    assert found.moved == pytest.approx(ppm * 1e-6 * len(pair.dry), abs=2.5)
    assert moved(pair).kind == "steady"


@pytest.mark.proof
@pytest.mark.parametrize("name", ["real/facebender3_{}.flac", "real/ua6176_{}.flac"])
def test_joined_takes_of_a_short_capture_of_strong_distortion(name):
    pair = real(name)
    border = len(pair.wet) // 2
    found = moved(Pair(pair.dry, joined(pair.wet, border, 9), pair.rate))
    assert found.kind == "takes"
    assert len(found.takes) == 2
    assert found.takes[1].latency - found.takes[0].latency == pytest.approx(9, abs=2)
    assert found.takes[1].start == pytest.approx(border, abs=pair.rate)


def test_drift_is_an_error_and_mended_where_asked():
    pair = Pair(DRY, clock(WET, 100), RATE)
    asis = examine(pair)
    assert worst(asis.findings)["drift"] is Severity.ERROR
    assert "--resample-drift" in next(f.fix for f in asis.findings if f.check == "drift")
    mended = examine(pair, mending=Mending(drift=True))
    assert "drift" not in worst(mended.findings)
    assert mended.alignment.drift_ppm == pytest.approx(100, abs=1)
    assert abs(mended.latency) <= 1
    length = len(mended.pair.dry)
    difference = mended.pair.wet - WET[max(mended.latency, 0) :][:length]
    assert np.mean(difference[RATE:-RATE] ** 2) < 1e-3 * np.mean(WET**2)


@pytest.mark.parametrize(
    ("gap", "latency"), grid([(7, 0), (250, 40), (250, -40)], few=[(7, 0)], spread=True)
)
def test_takes_are_warned_of_and_aligned_each_by_itself(gap, latency):
    border = 17 * RATE + 123
    wet = joined(WET, border, gap)
    wet = np.concatenate([np.zeros(max(latency, 0), "f4"), wet[max(-latency, 0) :]])
    pair = Pair(DRY, wet, RATE)
    asis = examine(pair)
    assert worst(asis.findings)["takes"] is Severity.WARNING
    mended = examine(pair, mending=Mending(takes=True))
    first, second = mended.alignment.takes
    assert abs(first.latency - latency) <= 1
    assert second.latency - first.latency == pytest.approx(gap, abs=1)
    assert second.start == pytest.approx(border, abs=gap + 200)
    ahead = max(-first.latency, 0)
    right = WET[ahead:][: len(mended.pair.wet)]
    off = (mended.pair.wet - np.roll(right, latency - first.latency)) ** 2
    quiet = np.abs(np.arange(len(off)) - (border - ahead)) > gap + 300
    assert np.mean(off[quiet][RATE:-RATE]) < 0.1 * np.mean(WET**2)


def test_alignment_by_takes_takes_what_it_says():
    dry = np.arange(100, dtype="f4")
    wet = np.arange(1000, 1200, dtype="f4")
    takes = (Take(0, -10), Take(50, 20))
    found = align(Pair(dry, wet, RATE), Alignment(latency=-10, takes=takes))
    assert found.dry.tolist() == list(range(10, 100))
    assert found.wet.tolist() == [*range(1000, 1040), *range(1070, 1120)]
    assert Alignment(latency=-10, takes=takes).later(3).takes == (Take(0, -7), Take(50, 23))


@pytest.mark.proof
@pytest.mark.parametrize(
    ("flag", "wet"),
    [
        ("--resample-drift", clock(WET, 100)),
        ("--per-take", joined(WET, 17 * RATE, 250)),
    ],
)
def test_a_run_reads_its_mended_recording_again(tmp_path, flag, wet):
    dry_file, wet_file = (
        save(tmp_path / "dry.wav", DRY, RATE),
        save(tmp_path / "wet.wav", wet, RATE),
    )
    out = tmp_path / "run"
    plain = drywet("check", dry_file, wet_file, "--json")
    assert plain.code == (2 if flag == "--resample-drift" else 0)
    report = json.loads(drywet("check", dry_file, wet_file, flag, "--json").out)
    assert report["ok"]
    assert report["drift_ppm"] or report["takes"]
    assert len(report["tried"]) > 30
    done = drywet(
        "train", dry_file, wet_file, "-o", out, flag, "--hidden", 4, "--epochs", 0.5, "--json"
    )
    assert done.code == 0, done.err
    config = RunFolder.open(out).config()
    recording = config.captures[0].recording
    assert bool(recording.takes) is (flag == "--per-take")
    assert [list(tried) for tried in recording.tried] == report["tried"]
    aligned, prepared = reload(config)
    assert len(aligned.dry) == len(aligned.wet)
    assert split(len(prepared.dry), RATE, ()).test
    assert drywet("evaluate", out, "--json").code == 0


@pytest.mark.parametrize("border", grid([48.0, 45.5, 82.0], few=[45.5]))
def test_borders_are_found_in_long_recordings(border):
    rate = 8_000
    dry = playing(90, rate)
    wet = overdrive(dry, rate)
    at = round(border * rate)
    wet = np.concatenate([np.zeros(40, "f4"), wet[:at], np.zeros(60, "f4"), wet[at:]])
    found = examine(Pair(dry, wet, rate), mending=Mending(takes=True)).alignment
    first, second = found.takes
    assert second.latency - first.latency == pytest.approx(60, abs=1)
    assert second.start == pytest.approx(at, abs=0.1 * rate)


@pytest.mark.parametrize("ppm", grid([2, 5, 100], few=[5]))
def test_drift_is_not_taken_for_swapped_files(ppm):
    """A filter alone, much the same both ways, that only the drift makes one-sided."""
    rate = 8_000
    dry = playing(100, rate)
    wet = clock(np.diff(dry, prepend=0), ppm)
    assert "swapped" not in worst(examine(Pair(dry, wet, rate)).findings)


@pytest.mark.proof
def test_takes_are_not_taken_for_a_noisy_device():
    """The same phrase in both takes: what differs is the latency, until it is mended."""
    dry = np.concatenate([DRY[: 6 * RATE], DRY[8 * RATE :], DRY[: 6 * RATE]])
    wet = joined(overdrive(dry, RATE), 17 * RATE, 250)
    asis = examine(Pair(dry, wet, RATE))
    assert "takes" in worst(asis.findings)
    assert "replicate" not in {f.check for f in asis.findings}
    assert asis.replicate_esr is None
    mended = examine(Pair(dry, wet, RATE), mending=Mending(takes=True))
    assert mended.replicate_esr < 1e-3


@pytest.mark.proof
def test_evaluate_mends_too(tmp_path):
    files = [save(tmp_path / f"{name}.wav", x, RATE) for name, x in (("dry", DRY), ("wet", WET))]
    out = tmp_path / "run"
    assert drywet("train", *files, "-o", out, "--hidden", 4, "--epochs", 0.5).code == 0
    other = save(tmp_path / "other.wav", clock(WET, 100), RATE)
    refused = drywet("evaluate", out, files[0], other)
    assert refused.code == 2
    assert "--resample-drift" in refused.err
    done = drywet("evaluate", out, files[0], other, "--resample-drift", "--json")
    assert done.code == 0, done.err
    own = json.loads(drywet("evaluate", out, files[0], other, "--force", "--json").out)
    assert json.loads(done.out)["esr"] < own["esr"]
    model = out / "model.safetensors"
    assert drywet("evaluate", model, files[0], other, "--resample-drift").code == 0


def test_flags_that_are_not_needed_say_so():
    found = examine(Pair(DRY, WET, RATE), mending=Mending(drift=True, takes=True))
    said = [f.message for f in found.findings if f.check == "mending"]
    assert [text.split(":")[0] for text in said] == ["--resample-drift", "--per-take"]
    assert found.alignment == Alignment(latency=found.latency)
