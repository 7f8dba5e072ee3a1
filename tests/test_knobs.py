"""Devices with knobs: captures at positions, the tone controls between them, plans, scores."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import lfilter

import drywet as api
from drywet.captures.listed import read_captures
from drywet.captures.plan import candidates, propose
from drywet.cli.knobs import option_of
from drywet.data.segments import SegmentSampler
from drywet.data.split import Span, Split
from drywet.dsp.tone_stack import fit
from drywet.errors import DrywetError
from drywet.evaluation.saved import read_scores
from drywet.inference.spans import SpanBatch
from drywet.inference.stream import predict
from drywet.inference.turning import TurningStream
from drywet.kernels.choice import choice
from drywet.metrics.time import esr
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import build
from drywet.models.wavenet.config import WaveNetConfig
from drywet.optimizers.choose import optimizer_of
from drywet.runs.config import CaptureConfig
from drywet.runs.folder import RunFolder
from drywet.trained.knob_range import KnobRange
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import load_model
from drywet.training.data import TrainingCapture, TrainingData
from drywet.training.kernel_learners import learner
from drywet.training.learner import TorchLearner
from drywet.training.prepare import prepare_again
from drywet.training.prepare_captures import prepare_captures
from drywet.training.validation import Validation
from drywet.verbs.train import settings_of
from tests.support import RATE, drywet, playing, save, shared

TINY = RecurrentConfig(hidden=2)
DRIVES = (0.0, 2.5, 5.0, 7.5, 10.0)


def driven(dry, drive):
    """A device whose drive goes from 0 to 10: it is what it distorts and how loud it is."""
    return (0.3 * np.tanh((1 + 0.3 * drive) * 2 * dry)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(once):
    """Captures at some positions, the middle one to be held out."""

    def make(place):
        dry = playing(10)
        save(place / "dry.wav", dry)
        for drive in DRIVES:
            save(place / f"wet_drive{drive:g}.wav", driven(dry, drive))

    return once("captures-with-knobs", make)


@pytest.fixture(scope="module")
def run(folder, once):
    def make(place):
        out = drywet(
            "train", "--captures", folder, "--hold-out", "drive=5", "--hidden", 8, "--epochs", 40,
            "--segment", 1024, "--batch", 16, "-o", place / "run",
        )  # fmt: skip
        assert out.code == 0, out.err

    return once("run-with-knobs", make) / "run"


# --- captures ---


def listed(place, text):
    (place / "captures.yaml").write_text(text)
    return place / "captures.yaml"


def files(place, *names):
    for name in names:
        save(place / name, np.zeros(16, np.float32))


def test_a_list_names_files_knobs_and_what_is_held_out(tmp_path):
    files(tmp_path, "d.wav", "a.wav", "b.wav", "c.wav")
    found = read_captures(
        listed(
            tmp_path,
            "dry: d.wav\nknobs:\n  drive: {from: 1, to: 12, unit: clicks}\n"
            "  bright: {steps: [0, 1]}\ncaptures:\n  - {wet: a.wav, drive: 1, bright: 0}\n"
            "  - {wet: b.wav, drive: 12, bright: 1}\n"
            "  - {wet: c.wav, drive: 6, bright: 0, hold_out: true}\n",
        )
    )
    assert [knob.span for knob in found.knobs] == ["1 to 12 clicks", "0, 1"]
    assert [pair.held_out for pair in found.pairs] == [False, False, True]
    assert found.pairs[1].knobs == {"drive": 12.0, "bright": 1.0}
    assert {pair.dry for pair in found.pairs} == {tmp_path / "d.wav"}


NAMES = {
    "plain": (["dry.wav", "wet_drive2_tone7.wav", "wet_drive10_tone7.5.wav"],
              {"drive": (2, 10), "tone": (7, 7.5)}, {"drive": 10, "tone": 10}),
    "tone controls": (["dry.wav", "wet_B0_M10_T5.wav", "wet_B10_M0_T7.wav"],
                      {"bass": (0, 10), "middle": (10, 0), "treble": (5, 7)},
                      {"bass": 10, "middle": 10, "treble": 10}),
    "without points": (["dry.wav", "wet_th025_at1.wav", "wet_th05_at05.wav"],
                       {"th": (0.25, 0.5), "at": (1, 0.5)}, {"th": 1, "at": 1}),
    "equally long": (["dry_d02.wav", "dry_d12.wav", "wet_d02.wav", "wet_d12.wav"],
                     {"d": (2, 12)}, {"d": 12}),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(NAMES))
def test_a_folders_file_names_carry_the_positions(tmp_path, case):
    there, positions, ends = NAMES[case]
    files(tmp_path, *there)
    found = read_captures(tmp_path)
    by_name = {name: {pair.knobs[name] for pair in found.pairs} for name in positions}
    assert by_name == {name: set(values) for name, values in positions.items()}
    assert {knob.name: knob.most for knob in found.knobs} == ends
    if case == "equally long":
        assert all(pair.dry.name[3:] == pair.wet.name[3:] for pair in found.pairs)


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["dry.wav", "wet-1.wav", "wet-2.wav"], "of no knob"),
        (["dry.wav", "wet_eq1_eq2.wav", "wet_eq1_eq3.wav"], "twice"),
        (["dry.wav", "wet_a1.wav", "wet_b1.wav"], "expected a"),
        (["dry.wav", "wet_a1b1.wav", "wet_a2b2.wav"], "belong to no knob"),
        (
            ["dry.wav", *(f"wet_{'_'.join(f'{c}{i}' for c in 'abcdefgh')}.wav" for i in (1, 2))],
            "8 knobs",
        ),
        (["dry_x1.wav", "wet_x2.wav", "wet_x3.wav"], "no dry file"),
        (["wet_x2.wav"], "'dry'"),
    ],
)
def test_file_names_that_say_nothing_are_told_in_a_line(tmp_path, names, wanted):
    files(tmp_path, *names)
    with pytest.raises(DrywetError, match=wanted):
        read_captures(tmp_path)


def test_a_knob_may_go_below_zero(tmp_path):
    files(tmp_path, "dry.wav", "wet_gain-10.wav", "wet_gain0.wav", "wet_gain5.wav")
    found = read_captures(tmp_path)
    assert [pair.knobs["gain"] for pair in found.pairs] == [-10, 0, 5]
    assert found.knobs[0].span == "-10 to 10"


YAML = "dry: d.wav\nknobs: {drive: {to: 10}}\ncaptures:\n  - {wet: a.wav, drive: 0}\n"
BAD = {
    "a missing file": (YAML + "  - {wet: none.wav, drive: 1}\n", "does not exist"),
    "out of range": (YAML + "  - {wet: b.wav, drive: 11}\n", "b.wav: knob drive at 11"),
    "empty": ("", "holds nothing"),
    "another name for an end": (YAML.replace("to:", "max:"), "expected from, to, unit, steps"),
    "a knob and nothing of it": (YAML.replace("{to: 10}", ""), "expected a valid dictionary."),
    "no number": (YAML + "  - {wet: b.wav, drive: loud}\n", "drive is 'loud'"),
    "no position": (YAML + "  - {wet: b.wav}\n", "drive is not given"),
    "twice": (YAML + "  - {wet: b.wav, drive: 0}\n", "same position"),
    "one alone": (YAML, "1 captures"),
    "an unknown key": (YAML + "  - {wet: b.wav, drive: 1, tone: 2}\n", "unknown key 'tone'"),
    "not YAML": ("{", "not YAML"),
    "endless": (YAML + f"  - {{wet: b.wav, drive: {'9' * 400}}}\n", "drive is 999"),
    "no number at all": (YAML + "  - {wet: b.wav, drive: .nan}\n", "nan"),
    "a list": (YAML + "  - {wet: [b.wav], drive: 1}\n", "no wet file"),
    "a knob called dry": (YAML.replace("drive", "dry"), "knob called dry"),
    "a knob between steps": (
        "dry: d.wav\nknobs: {dark: {steps: [0, 1]}}\ncaptures:\n  - {wet: a.wav, dark: 0}\n"
        "  - {wet: b.wav, dark: 0.5}\n", "0.5",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(BAD))
def test_captures_that_cannot_be_used_are_told_in_a_line(tmp_path, case):
    files(tmp_path, "d.wav", "a.wav", "b.wav")
    text, wanted = BAD[case]
    out = drywet("train", "--captures", listed(tmp_path, text), "-o", tmp_path / "run")
    assert out.code == 2
    assert wanted in out.err
    assert out.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wanted", ["drive=3", "tone=1", "drive"])
def test_what_is_held_out_must_be_there(folder, wanted):
    with pytest.raises(DrywetError):
        read_captures(folder, [wanted])


def test_fewer_than_two_to_learn_from_are_too_few(folder):
    with pytest.raises(DrywetError, match="fewer than 2"):
        read_captures(folder, [f"drive={drive}" for drive in DRIVES[1:]])


def test_a_knob_must_be_turned_in_what_is_learned(tmp_path):
    files(tmp_path, "dry.wav", "wet_a0_b0.wav", "wet_a1_b0.wav", "wet_a1_b1.wav")
    assert read_captures(tmp_path)
    with pytest.raises(DrywetError, match="the knob b is at 0"):
        read_captures(tmp_path, ["b=1"])


def test_one_performance_holds_out_the_same_seconds_everywhere(tmp_path):
    """A capture that is shorter must not train on what another one tests."""
    dry = playing(12)
    save(tmp_path / "dry.wav", dry)
    for drive, seconds in ((0, 12), (5, 11), (10, 9)):
        save(tmp_path / f"wet_drive{drive}.wav", driven(dry, drive)[: seconds * RATE])
    settings = settings_of(api.RecurrentConfig(hidden=4), None, None, CaptureConfig())
    config, data = prepare_captures(read_captures(tmp_path), settings, lambda report: None)
    heard = [np.zeros(len(dry), bool) for _ in range(2)]
    for capture in data.captures:
        for kind, name in ((0, "train"), (1, "test"), (1, "validation")):
            for a, b in getattr(capture.split, name):
                heard[kind][a:b] = True
    assert len({len(capture.dry) for capture in data.captures}) == 3
    assert not (heard[0] & heard[1]).any()
    assert config.captures[2].split.test


def test_a_device_has_one_latency(tmp_path):
    """One capture that lies elsewhere by some samples is aligned as the others, and told."""
    dry = playing(10)
    save(tmp_path / "dry.wav", dry)
    for drive, late in ((0, 20), (5, 20), (7, 20), (10, 31)):
        wet = np.concatenate([np.zeros(late, np.float32), driven(dry, drive)])[: len(dry)]
        save(tmp_path / f"wet_drive{drive}.wav", wet)
    said = []
    settings = settings_of(api.RecurrentConfig(hidden=4), None, None, CaptureConfig())
    config, _ = prepare_captures(read_captures(tmp_path), settings, said.append)
    assert len({capture.recording.latency for capture in config.captures}) == 1
    odd = [finding for finding in said[0].findings if finding.check == "latency"]
    assert len(odd) == 1
    assert "drive 10" in odd[0].message


def told_of(folder, hold_out=()):
    """What is said of the captures of a folder, by check."""
    said = []
    settings = settings_of(api.RecurrentConfig(hidden=4), None, None, CaptureConfig())
    prepare_captures(read_captures(folder, hold_out), settings, said.append)
    return [finding.message for finding in said[0].findings if finding.check == "captures"]


def test_one_recording_at_two_positions_is_told(tmp_path):
    dry = playing(10)
    save(tmp_path / "dry.wav", dry)
    for drive, at in ((0, 0), (5, 5), (10, 5)):
        save(tmp_path / f"wet_drive{drive}.wav", driven(dry, at))
    assert "wet_drive10.wav (drive 10) and wet_drive5.wav (drive 5) are the same recording" in (
        told_of(tmp_path)
    )


def test_captures_are_checked_without_a_training(folder, tmp_path):
    """Each bad one is told by its file and position, what is odd between them too; exit code 2."""
    good = drywet("check", "--captures", folder, "--hold-out", "drive=5")
    assert good.code == 0, good.out
    assert "5 captures" in good.out
    assert drywet("check", "--captures", folder, "--hold-out", "drive=10").out.count("outside") == 1
    shutil.copytree(folder, tmp_path / "bad")
    save(tmp_path / "bad" / "wet_drive10.wav", np.zeros(10 * RATE, np.float32))
    shutil.copy(folder / "wet_drive0.wav", tmp_path / "bad" / "wet_drive2.5.wav")
    bad = drywet("check", "--captures", tmp_path / "bad")
    assert bad.code == 2
    assert "wet_drive10.wav (drive 10): the wet file" in bad.out
    assert "are the same recording" in bad.out
    assert bad.out.splitlines()[-1].startswith("not fit for training: 1 error,")
    found = drywet("check", "--captures", tmp_path / "bad", "--json").json
    assert [each["check"] for each in found["findings"] if each["severity"] == "error"] == [
        "silence"
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("dry.wav",), "only dry.wav was named"),
        ((), "no pair was named"),
        (("dry.wav", "wet.wav", "--captures", "."), "dry.wav and --captures"),
        (("dry.wav", "wet.wav", "--hold-out", "drive=5"), "--hold-out without --captures"),
    ],
)
def test_either_a_pair_or_captures_is_checked(arguments, said):
    refused = drywet("check", *arguments)
    assert refused.code == 2
    assert said in refused.err


def test_a_position_that_no_net_can_know_is_told(folder):
    (said,) = told_of(folder, ["drive=10"])[1:]
    assert said.startswith(f"drive 10 is held out and lies outside the 0 to {sorted(DRIVES)[-2]:g}")
    assert not told_of(folder, ["drive=5"])[1:]


def test_a_knob_that_only_follows_another_is_not_heard(tmp_path):
    """A volume turned back for more drive: between the captures nothing is guessed from it."""
    dry = playing(8)
    save(tmp_path / "dry.wav", dry)
    for drive, volume in ((0, 9), (4, 5), (7, 5), (10, 1)):
        save(tmp_path / f"wet_drive{drive}_volume{volume}.wav", driven(dry, drive))
    out = drywet(
        "train", "--captures", tmp_path, "--hidden", 4, "--epochs", 0.5, "--segment", 512,
        "--restarts", 2, "-o", tmp_path / "run",
    )  # fmt: skip
    assert out.code == 0, out.err
    assert "volume 0 to 10, which only follows drive" in out.err
    trained = load_model(tmp_path / "run")
    assert not trained.weights["rec.weight_ih_l0"][:, 2].any()
    x = playing(0.2)
    quiet, loud = (predict(with_knobs(trained, {"drive": 5, "volume": at}), x) for at in (0, 10))
    assert np.array_equal(quiet, loud)
    assert set(drywet("plan", tmp_path / "run", "--json").json["positions"][0]) == {"drive"}


def test_knobs_that_move_by_themselves_are_all_heard(tmp_path):
    files(tmp_path, "dry.wav", "wet_a0_b0.wav", "wet_a1_b0.wav", "wet_a1_b1.wav")
    assert all(knob.follows is None for knob in read_captures(tmp_path).knobs)


# --- what a net is given ---


def test_between_captures_there_is_silence_and_knobs_stand_still():
    ones = np.ones(100, np.float32)
    split = Split(train=(Span(0, 100),), validation=(), test=())
    captures = tuple(TrainingCapture(ones, ones, split, (share,)) for share in (0.25, 1.0))
    whole = TrainingData(captures, RATE).joined()
    first, second = whole.split.train
    assert whole.inputs.shape == (len(whole.wet), 2)
    assert not whole.dry[first.stop : second.start].any()
    assert second.start - first.stop >= 4096
    assert set(whole.knobs[: first.stop, 0]) == {0.25}
    assert set(whole.knobs[first.stop :, 0]) == {1.0}


def test_a_soft_capture_counts_as_much_as_a_loud_one():
    """By the levels of what is learned from; a held-out one has none, noise hardly any."""
    ones, span = np.ones(100, np.float32), (Span(0, 60),)
    learned = Split(train=span, validation=(Span(60, 80),), test=())
    held_out = Split(train=(), validation=(), test=(Span(0, 100),))

    def weights(*levels):
        captures = [TrainingCapture(ones, level * ones, learned, (0.0,)) for level in levels]
        captures.append(TrainingCapture(ones, ones, held_out, (0.5,)))
        return TrainingData(tuple(captures), RATE).weights()

    loud, soft, unheard = weights(1.0, 0.1)
    assert soft / loud == pytest.approx(10, rel=0.01)
    assert (loud**2 * 1 + soft**2 * 0.01) / 2 == pytest.approx((1 + 0.01) / 2, rel=0.01)
    assert unheard == 1
    assert weights(0.3)[0] == pytest.approx(1, rel=1e-4)
    assert weights(1.0, 1e-6)[1] < 1001  # as if it were 60 dB softer
    assert weights(0.0, 0.0) == [1, 1, 1]
    whole = TrainingData((TrainingCapture(ones, ones, learned),), RATE).joined()
    assert whole.weights is None


def test_the_validation_of_captures_is_the_mean_of_theirs():
    """Of as much of each: neither the loudest nor the softest one's."""
    rng = np.random.default_rng(0)
    split = Split(train=(Span(0, 4000),), validation=(Span(4000, 6000),), test=())
    wets = [level * rng.standard_normal(6000).astype(np.float32) for level in (1.0, 0.03)]
    dry = np.zeros(6000, np.float32)
    captures = tuple(
        TrainingCapture(dry, wet, split, (share,)) for wet, share in zip(wets, (0, 1), strict=True)
    )
    whole = TrainingData(captures, RATE).joined()
    spans = whole.split.validation
    batch = SpanBatch(whole.inputs, whole.wet, spans, "cpu", 0, whole.weights)
    validation = Validation(batch, spans, RATE, "esr")
    off = (0.9, 0.5)
    made = [share * wet[4000:6000] for share, wet in zip(off, wets, strict=True)]
    want = np.mean([(1 - share) ** 2 for share in off])
    assert validation.against(made)[0] == pytest.approx(want, rel=0.05)


@pytest.mark.parametrize(
    "config", [RecurrentConfig(hidden=4, knobs=("a",)), WaveNetConfig(preset="nano", knobs=("a",))]
)
def test_the_kernels_weigh_captures_as_pytorch_does(config):
    """The loss of a step, and what the net's weights become by it."""
    rng = np.random.default_rng(0)
    dry = rng.standard_normal(12_000).astype(np.float32)
    wet = np.tanh(dry)
    wet[6000:] *= 0.02
    inputs = np.column_stack([dry, np.repeat(np.float32([0, 1]), 6000)])
    weights = np.repeat(np.float32([0.7, 40]), 6000)
    spans = [Span(0, 6000), Span(6000, 12_000)]
    training = api.TrainingConfig(segment=64, batch=8, bptt=64)
    settings = settings_of(config, None, training, None)
    found = []
    for kernels in (True, False):
        torch.manual_seed(0)
        model = build(config)
        warm_up = min(model.warm_up, 5000)
        chosen = SegmentSampler(inputs, wet, spans, warm_up, 64, 8, 0, None, weights)
        optimizer = optimizer_of("adam", list(model.parameters()), 0.01, 0.0)
        made = (model, optimizer, chosen, settings, warm_up, torch.device("cpu"))
        one = learner(*made) if kernels else TorchLearner(*made)
        assert isinstance(one, TorchLearner) is not (kernels and choice().target is not None)
        losses = one.learn(0, [0.01] * 5)
        flat = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
        found.append((losses, flat))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    assert (found[0][1] - found[1][1]).abs().max() < 1e-3  # of five steps of 0.01


def test_a_net_settles_on_what_is_before_a_span_and_learns_from_the_span_alone(
    folder, tmp_path, monkeypatch
):
    """A net that a knob turns settles slowly; held-out audio is not learned from all the same."""
    made = []

    class Kept(SegmentSampler):
        def __init__(self, *given):
            super().__init__(*given)
            made.append((self, given[3], given[4]))

    monkeypatch.setattr("drywet.training.trainer.SegmentSampler", Kept)
    training = api.TrainingConfig(epochs=0.1, segment=1000, batch=8)
    run = api.train_captures(folder, out=tmp_path / "run", model=TINY, training=training)
    config = RunFolder.open(run.path).config()
    whole = prepare_again(config).joined()
    ((sampler, warm_up, segment),) = made
    starts = sampler.starts_of(0, 2000).ravel()
    learned = np.zeros(len(whole.wet), bool)
    for start in starts + warm_up:
        learned[start : start + segment] = True
    for a, b in (*whole.split.validation, *whole.split.test):
        assert not learned[a:b].any()
    for a, b in whole.split.train:
        assert learned[a:b].mean() > 0.9, "from its beginning on"
    # And the knobs stand still in every window.
    ends = starts + warm_up + segment - 1
    assert (whole.knobs[starts] == whole.knobs[ends]).all()


def test_validation_has_the_knobs_before_the_first_sample():
    x = np.stack([np.ones(50), np.full(50, 0.5)], axis=1).astype(np.float32)
    batch = SpanBatch(x, x[:, 0], [Span(0, 50)], "cpu")
    assert (batch._x[0, :4096, 0] == 0).all()
    assert (batch._x[0, :, 1] == 0.5).all()


# --- the tone controls ---


def bassman(bass, middle, treble):
    """The '59 Bassman's, with its values (Yeh and Smith, DAFx 2006); lowest power first."""
    r1, r2, r3, r4, c1, c2, c3 = 250e3, 1e6, 25e3, 56e3, 0.25e-9, 20e-9, 20e-9
    m, l, t = middle, bass, treble  # noqa: E741
    b1 = t * c1 * r1 + m * c3 * r3 + l * (c1 * r2 + c2 * r2) + (c1 * r3 + c2 * r3)
    b2 = (
        t * (c1 * c2 * r1 * r4 + c1 * c3 * r1 * r4)
        - m * m * (c1 * c3 * r3**2 + c2 * c3 * r3**2)
        + m * (c1 * c3 * r1 * r3 + c1 * c3 * r3**2 + c2 * c3 * r3**2)
        + l * (c1 * c2 * r1 * r2 + c1 * c2 * r2 * r4 + c1 * c3 * r2 * r4)
        + l * m * (c1 * c3 * r2 * r3 + c2 * c3 * r2 * r3)
        + (c1 * c2 * r1 * r3 + c1 * c2 * r3 * r4 + c1 * c3 * r3 * r4)
    )
    b3 = (
        l * m * (c1 * c2 * c3 * r1 * r2 * r3 + c1 * c2 * c3 * r2 * r3 * r4)
        - m * m * (c1 * c2 * c3 * r1 * r3**2 + c1 * c2 * c3 * r3**2 * r4)
        + m * (c1 * c2 * c3 * r1 * r3**2 + c1 * c2 * c3 * r3**2 * r4)
        + t * c1 * c2 * c3 * r1 * r3 * r4
        - t * m * c1 * c2 * c3 * r1 * r3 * r4
        + t * l * c1 * c2 * c3 * r1 * r2 * r4
    )
    a1 = (c1 * r1 + c1 * r3 + c2 * r3 + c2 * r4 + c3 * r4) + m * c3 * r3 + l * (c1 * r2 + c2 * r2)
    a2 = (
        m * (c1 * c3 * r1 * r3 - c2 * c3 * r3 * r4 + c1 * c3 * r3**2 + c2 * c3 * r3**2)
        + l * m * (c1 * c3 * r2 * r3 + c2 * c3 * r2 * r3)
        - m * m * (c1 * c3 * r3**2 + c2 * c3 * r3**2)
        + l * (c1 * c2 * r2 * r4 + c1 * c2 * r1 * r2 + c1 * c3 * r2 * r4 + c2 * c3 * r2 * r4)
        + (
            c1 * c2 * r1 * r4
            + c1 * c3 * r1 * r4
            + c1 * c2 * r3 * r4
            + c1 * c2 * r1 * r3
            + c1 * c3 * r3 * r4
            + c2 * c3 * r3 * r4
        )
    )
    a3 = (
        l * m * (c1 * c2 * c3 * r1 * r2 * r3 + c1 * c2 * c3 * r2 * r3 * r4)
        - m * m * (c1 * c2 * c3 * r1 * r3**2 + c1 * c2 * c3 * r3**2 * r4)
        + m * (c1 * c2 * c3 * r3**2 * r4 + c1 * c2 * c3 * r1 * r3**2 - c1 * c2 * c3 * r1 * r3 * r4)
        + l * c1 * c2 * c3 * r1 * r2 * r4
        + c1 * c2 * c3 * r1 * r3 * r4
    )
    return [0, b1, b2, b3], [1, a1, a2, a3]  # fmt: skip


FAST = 44_100
KNOWN = [(0, 0, 1), (1, 0, 0), (1, 0, 1), (0.1, 0.3, 0.7), (0.3, 0.7, 0.1)]
UNKNOWN = [(0.5, 0.5, 0.5), (0, 0.5, 0.5), (0.5, 1, 0.5), (0.5, 0.5, 0), (0.8, 0.2, 0.9)]


@pytest.fixture(scope="module")
def distorted():
    rng = np.random.default_rng(0)
    return np.tanh(3 * lfilter([1], [1, -0.9], rng.standard_normal(8 * FAST)))


def gain(position, hz):
    """The analogue circuit's, complex."""
    above, below = bassman(*position)
    s = 2j * np.pi * hz
    return np.polyval(above[::-1], s) / np.polyval(below[::-1], s)


def toned(signal, position, rate=FAST):
    hz = np.fft.rfftfreq(2 * len(signal), 1 / rate)
    return np.fft.irfft(np.fft.rfft(signal, 2 * len(signal)) * gain(position, hz))[: len(signal)]


def test_a_few_positions_of_a_known_tone_stack_tell_the_others(distorted):
    """An amplifier's real values, a signal distorted before them, five positions, five others."""
    wets = [[toned(distorted, each).astype(np.float32)] for each in KNOWN]
    stack = fit(wets, KNOWN, FAST)
    assert stack.esr < 3e-3
    hz = np.geomspace(60, 12_000, 200)
    there = stack.response(KNOWN[3], hz)
    for position in UNKNOWN:
        truth = gain(position, hz) / gain(KNOWN[3], hz)
        found = stack.response(position, hz) / there
        assert np.abs(20 * np.log10(np.abs(found / truth))).max() < 1.5, position


def position_in(path):
    """Of ``wet_B0_M5_T10.flac``, 0 to 1."""
    return [int(part[1:]) / 10 for part in path.stem.split("_")[1:]]


def test_the_tone_controls_of_a_real_amplifier_follow_from_five_positions():
    """A Marshall JVM410H: one of the five moved to nine other positions, against the real ones."""
    folder = shared("audio", "jvm410h-knobs")
    heard = {path: soundfile.read(path, dtype="float32")[0] for path in folder.glob("wet_*.flac")}
    end = 35 * FAST
    stack = fit([[wet[:end]] for wet in heard.values()], [position_in(p) for p in heard], FAST)
    source = folder / "wet_B1_M3_T7.flac"
    found = []
    for clip in folder.glob("clip9_*.flac"):
        wet = soundfile.read(clip, dtype="float32")[0]
        x = heard[source][end : end + len(wet)]
        hz = np.fft.rfftfreq(2 * len(x), 1 / FAST)[1:]
        ratio = np.zeros(len(hz) + 1, complex)
        ratio[1:] = stack.response(position_in(clip), hz) / stack.response(position_in(source), hz)
        made = np.fft.irfft(np.fft.rfft(x, 2 * len(x)) * ratio)[: len(x)]
        found.append(np.sum((made - wet) ** 2) / np.sum(wet**2))
    assert len(found) == 9
    assert np.mean(found) < 0.025
    assert max(found) < 0.08


def test_recordings_that_are_no_filters_of_each_other_are_not_taken_for_one():
    noise = np.random.default_rng(0).standard_normal(8 * FAST)
    bent = [noise + number * (noise**2 - 1) for number in range(len(KNOWN))]
    wets = [[each.astype(np.float32)] for each in bent]
    assert fit(wets, KNOWN, FAST).esr > 0.05


def amplifier(place, positions):
    dry = playing(12)
    save(place / "dry.wav", dry)
    heard = np.tanh(4 * dry)
    for bass, middle, treble in positions:
        wet = toned(heard, (bass, middle, treble), RATE)
        name = f"wet_B{10 * bass:g}_M{10 * middle:g}_T{10 * treble:g}.wav"
        save(place / name, wet.astype(np.float32))


@pytest.mark.proof
def test_captures_of_an_amplifier_are_learned_at_further_positions(tmp_path):
    """They are made of the training audio alone, and again just so when the run is resumed."""
    amplifier(tmp_path, KNOWN)
    settings = settings_of(api.RecurrentConfig(hidden=4), None, None, CaptureConfig())
    captures = read_captures(tmp_path, ["bass=1,middle=3,treble=7"])
    said = []
    config, data = prepare_captures(captures, settings, said.append)
    assert config.tone_stack is not None
    assert "further positions are learned" in said[-1].findings[0].message
    more = data.captures[len(config.captures) :]
    assert more
    assert all(not each.split.test and not each.split.validation for each in more)
    assert config.held_out == (3,)
    # A run keeps what it needs to make them again:
    from drywet.runs.config import RunConfig
    from drywet.training.prepare import prepare_again

    again = prepare_again(RunConfig.model_validate_json(config.model_dump_json()))
    for one, other in zip(data.captures, again.captures, strict=True):
        assert np.array_equal(one.dry, other.dry)
        assert np.array_equal(one.wet, other.wet)
        assert one.knobs == other.knobs


# --- plans ---


def test_corners_come_first_then_the_middle():
    knobs = [KnobRange(name=name, most=10) for name in ("a", "b")]
    found = [tuple(each.values()) for each in propose(knobs, 5)]
    assert set(found) == {(0, 0), (0, 10), (10, 0), (10, 10), (5, 5)}
    turns = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in pairwise(found)]
    assert sum(turns) == 5  # three single turns round the corners, both to the middle


@pytest.mark.parametrize("captures", [9, 15])
def test_a_plan_leaves_no_position_far_from_all_captures(captures):
    """No worse than twice the best cover there is (Gonzalez 1985): here that of a regular grid."""
    knobs = [KnobRange(name=name) for name in ("a", "b", "c")]
    found = np.array([list(each.values()) for each in propose(knobs, captures)])
    assert len(found) == captures
    everywhere = np.random.default_rng(0).random((2000, 3))
    gaps = np.linalg.norm(everywhere[:, None] - found[None], axis=2).min(axis=1)
    assert gaps.max() < 0.75  # of the cube's half diagonal, 0.87


@pytest.mark.parametrize(
    ("names", "captures", "values"),
    [("ab", 9, 7), ("abc", 9, 6), ("abc", 15, 9), ("abcde", 15, 8), ("abcdefg", 15, 5)],
)
def test_no_knob_is_recorded_at_a_few_values_only(names, captures, values):
    """Of a regular grid each would stand at three; corners alone give two."""
    found = propose([KnobRange(name=name) for name in names], captures)
    for name in names:
        stood = [each[name] for each in found]
        assert len(set(stood)) >= values
        assert {0.0, 1.0} < set(stood)


@pytest.mark.parametrize("captures", [5, 6, 7, 9])
@pytest.mark.parametrize("names", ["abc", "abcd", "abcde"])
def test_no_two_knobs_are_turned_as_one(names, captures):
    found = propose([KnobRange(name=name) for name in names], captures)
    columns = {tuple(each[name] for each in found) for name in names}
    assert len(columns) == len(names)


@pytest.mark.parametrize("others", [["gain"], ["gain", "volume"], ["gain", "volume", "a", "b"]])
def test_tone_controls_are_turned_one_at_a_time(others):
    knobs = [KnobRange(name=name, most=10) for name in (*others, "bass", "mid", "treble")]
    turned = (candidates(knobs)[:, -3:] != 0.5).sum(axis=1)
    assert set(turned) == {0, 1}
    assert len(propose(knobs, 8)) == 8


def test_switches_are_only_where_they_click():
    knobs = [KnobRange(name="drive"), KnobRange(name="bright", steps=(0.0, 1.0))]
    assert {each["bright"] for each in propose(knobs, 9)} == {0.0, 1.0}


def test_the_command_says_positions_and_what_to_do_with_them():
    out = drywet("plan", "--knobs", "drive=0:10,tone", "--captures", 4)
    assert out.code == 0
    assert "drive 10  tone 1" in out.out
    assert "drywet train --captures captures" in out.out
    assert len(drywet("plan", "--knobs", "drive", "--captures", 3, "--json").json["positions"]) == 3


def test_a_plan_lists_what_file_names_would_not_tell(tmp_path):
    """Read back, the list has the knobs' ends; names alone would guess 0 to 100."""
    out = drywet("plan", "--knobs", "drive=7:17,tone=0:10", "--captures", 3)
    begin, end = out.out.index("dry: dry.wav"), out.out.index("then:")
    (tmp_path / "captures.yaml").write_text(out.out[begin:end])
    dry = playing(1)
    save(tmp_path / "dry.wav", dry)
    for number in (1, 2, 3):
        save(tmp_path / f"wet-{number}.wav", dry)
    found = read_captures(tmp_path)
    assert [(knob.name, knob.least, knob.most) for knob in found.knobs] == [
        ("drive", 7, 17), ("tone", 0, 10),
    ]  # fmt: skip
    asked = drywet("plan", "--knobs", "drive=7:17,tone=0:10", "--captures", 3, "--json").json
    assert [pair.knobs for pair in found.pairs] == asked["positions"]


@pytest.mark.parametrize(
    "wrong", [["--knobs", ""], ["--knobs", "a,a"], ["--knobs", "a=1:0"], ["--knobs", "a=x"], []]
)
def test_a_plan_that_cannot_be_made_is_refused_in_a_line(wrong):
    out = drywet("plan", *wrong)
    assert (out.code, out.err.count("\n")) == (2, 1)


# --- the run ---


def test_the_headline_is_the_score_at_positions_it_has_not_learned(run):
    scores = json.loads((run / "scores.json").read_text())
    places = {each["knobs"]["drive"]: each for each in scores["positions"]}
    assert [places[drive]["held_out"] for drive in DRIVES] == [drive == 5 for drive in DRIVES]
    assert scores["esr"] == pytest.approx(places[5.0]["esr"], rel=1e-3)
    assert scores["knobs"] == {"drive": 5.0}
    assert drywet("info", run, "--json").json["cost"]["parameters"] == scores["cost"]["parameters"]


def test_a_knob_does_something_between_what_was_learned(run, folder):
    """At a position that it has not learned, the model is closer than with the knob elsewhere."""
    trained = load_model(run)
    dry = soundfile.read(folder / "dry.wav", dtype="float32")[0]
    late = trained.card.output_latency
    wet = driven(dry, 5.0)
    esr = {
        drive: np.sum(
            (predict(with_knobs(trained, {"drive": drive}), dry)[late:] - wet[:-late]) ** 2
        )
        for drive in DRIVES
    }
    assert esr[5.0] < 0.5 * min(esr[2.5], esr[7.5])


@pytest.fixture(scope="module")
def wavenet_run(folder, once):
    def make(place):
        out = drywet(
            "train", "--captures", folder, "--hold-out", "drive=5", "--model", "wavenet",
            "--preset", "nano", "--epochs", 30, "--segment", 1024, "--batch", 8,
            "-o", place / "run",
        )  # fmt: skip
        assert out.code == 0, out.err

    return once("wavenet-with-knobs", make) / "run"


def test_a_wavenet_learns_knobs_too(wavenet_run, folder):
    scores = json.loads((wavenet_run / "scores.json").read_text())
    assert [one["knobs"] for one in scores["positions"] if one["held_out"]] == [{"drive": 5.0}]
    trained = load_model(wavenet_run)
    assert trained.card.model.title == "WaveNet nano + 1 knob"
    x = soundfile.read(folder / "dry.wav", dtype="float32")[0][-2 * RATE :]
    lag = trained.card.output_latency
    for drive in DRIVES:
        wanted = driven(x, drive)[RATE:-lag]
        own, other = (
            esr(predict(with_knobs(trained, {"drive": at}), x)[RATE + lag :], wanted)
            for at in (drive, 10.0 - drive)
        )
        assert own < 0.1, drive
        assert drive == 5 or own < 0.5 * other


def test_what_was_held_out_beyond_all_captures_is_not_between_them(run):
    from drywet.evaluation.closeness import elsewhere

    scores = read_scores(RunFolder(run))
    for one in scores.positions:
        one.knobs = {"drive": 11.0} if one.held_out else one.knobs
        one.esr = 0.2 if one.held_out else 0.001
    (remark,) = elsewhere(scores)
    assert remark.advice.startswith("drive 11 lies outside the 0 to 10 it learned from")


def test_the_verdict_tells_learned_from_other_positions(run):
    """Its figures are those of the positions; it says where to record next where they are apart."""
    from drywet.evaluation.result import Evaluation
    from drywet.evaluation.verdict import verdict

    found = Evaluation.model_validate_json((run / "scores.json").read_text())
    assert [each.text for each in found.verdict] == [each.text for each in verdict(found)]
    for one in found.positions:
        one.esr = 0.2 if one.held_out else 0.01
    (said,) = [each for each in verdict(found) if "guess" in each.text]
    assert "0.010" in said.text
    assert "0.20" in said.text
    assert "drywet plan" in said.advice


def test_scored_on_files_at_a_position(run, folder, tmp_path):
    dry = playing(8, seed=3)
    save(tmp_path / "d.wav", dry)
    save(tmp_path / "w.wav", driven(dry, 2.0))
    at = {
        drive: drywet(
            "evaluate", run, tmp_path / "d.wav", tmp_path / "w.wav", "--drive", drive, "--json"
        ).json["esr"]
        for drive in (2, 10)
    }  # fmt: skip
    assert at[2] < at[10]
    out = drywet("evaluate", run, tmp_path / "d.wav", tmp_path / "w.wav", "--drive", 11)
    assert out.code == 2
    assert "0 to 10" in out.err
    assert drywet("evaluate", run, "--drive", 2).code == 2


def test_every_position_has_an_export_of_its_own(run, tmp_path):
    """With the ESR of a capture at its position, and none where that would be a guess."""
    copied = tmp_path / "pedal"
    shutil.copytree(run, copied)
    made = {
        drive: drywet("export", copied, "--format", "nam", "--drive", drive, "--json").json["path"]
        for drive in (0, 3.3)
    }
    assert [Path(path).name for path in made.values()] == ["pedal_drive0.nam", "pedal_drive3.3.nam"]
    scores = json.loads((copied / "scores.json").read_text())
    wanted = next(one["esr"] for one in scores["positions"] if one["knobs"]["drive"] == 0)
    assert drywet("info", made[0], "--json").json["metadata"]["esr"] == pytest.approx(wanted)
    assert drywet("info", made[3.3], "--json").json["metadata"]["esr"] is None
    told = drywet("export", copied, "--format", "rtneural").out
    assert "knob1 is drive, 0 to 1 for 0 to 10" in told


def test_a_knob_that_is_called_like_an_option_is_told_from_it():
    assert option_of("drive", 7.5) == "--drive 7.5"
    assert option_of("drive") == "--drive"
    assert option_of("channel", 2) == "--knob channel=2"


def test_ranked_with_the_knob_where_it_stood(run, folder, tmp_path):
    """In a capture of its own it is known; elsewhere the user says so, or it is the middle."""
    wet, page = folder / "wet_drive10.wav", tmp_path / "r.html"
    own = drywet("rank", folder / "dry.wav", wet, run, "-o", page, "--json")
    assert own.code == 0, own.err
    assert "run stands at drive 10." in own.json["notes"]
    dry = playing(8, seed=4)
    pair = save(tmp_path / "dry.wav", dry), save(tmp_path / "wet.wav", driven(dry, 8.0))
    asked = ("rank", *pair, run, "-o", page, "--overwrite", "--json")
    told, middle = drywet(*asked, "--drive", 8), drywet(*asked)
    assert "run stands at drive 8." in told.json["notes"]
    assert "run stands at drive 5." in middle.json["notes"]
    assert told.json["models"][0]["esr"] < 0.5 * middle.json["models"][0]["esr"]
    slip = drywet(*asked, "--tone", 8)
    assert (slip.code, slip.err.count("\n")) == (2, 1)
    assert "drive" in slip.err


def test_rendered_with_the_knob_in_its_own_unit(run, folder, tmp_path):
    out = drywet("render", run, folder / "dry.wav", tmp_path / "y.wav", "--drive", 10)
    assert out.code == 0, out.err
    want = predict(
        with_knobs(load_model(run), {"drive": 10}),
        soundfile.read(folder / "dry.wav", dtype="float32")[0],
    )
    got = soundfile.read(tmp_path / "y.wav", dtype="float32")[0]
    assert np.allclose(got, want, atol=1e-6)


def test_the_next_position_is_far_from_all_captures(run):
    found = drywet("plan", run, "--json").json["positions"][0]["drive"]
    assert found not in DRIVES
    assert drywet("plan", run, run, "--json").code == 0


@pytest.mark.proof
def test_a_resumed_run_is_the_same(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    before = (copy / "model.safetensors").read_bytes()
    (copy / "checkpoint.pt").unlink()
    assert drywet("train", "--resume", copy).code == 0
    assert (copy / "model.safetensors").read_bytes() == before


def test_what_needs_a_pair_is_refused(run, folder, tmp_path):
    for wrong in (
        ["train", "--captures", folder, "--clean"],
        ["train", "--captures", folder, folder / "dry.wav", folder / "wet_drive0.wav"],
        ["train", "--captures", folder, "--model", "windowed"],
        ["train", "--over", "drive"],
        ["train", "--device", "sd1", "--over", "gain", "-o", tmp_path / "x"],
        ["train", folder / "dry.wav", folder / "wet_drive0.wav", "--hold-out", "drive=0"],
        ["clean", run, "-o", tmp_path / "y"],
    ):
        out = drywet(*wrong)
        assert out.code == 2, wrong
        assert out.err.count("\n") == 1, out.err


@pytest.mark.proof
def test_a_device_is_learned_with_its_knobs(tmp_path):
    save(tmp_path / "in.wav", playing(15), RATE)
    out = drywet(
        "train", "--device", "triode", "--over", "gain", "--captures", 3, "--signal",
        tmp_path / "in.wav", "--hidden", 4, "--epochs", 1, "--segment", 512, "-o", tmp_path / "run",
        "--json",
    )  # fmt: skip
    assert out.code == 0, out.err
    assert "the wet file peaks" not in out.err  # no advice on recording where nothing was recorded
    scores = out.json["evaluation"]
    assert len(scores["positions"]) == 3
    assert scores["device"] == "triode"
    assert scores["device_probes"] is not None
    assert len(list((tmp_path / "run-capture").glob("wet-*.wav"))) == 3


def test_a_circuit_is_scored_where_it_was_told_to_be_held_out(tmp_path):
    save(tmp_path / "in.wav", playing(5), RATE)
    out = drywet(
        "train", "--device", "triode", "--over", "gain", "--captures", 2, "--hold-out", "gain=0.3",
        "--signal", tmp_path / "in.wav", "--hidden", 4, "--epochs", 0.1, "--segment", 512,
        "-o", tmp_path / "run", "--json",
    )  # fmt: skip
    assert out.code == 0, out.err
    assert str(tmp_path / "run-capture") in out.err
    positions = out.json["evaluation"]["positions"]
    assert [one["knobs"] for one in positions if one["held_out"]] == [{"gain": 0.3}]
    config = RunFolder.open(tmp_path / "run").config()
    held = [each for each in config.captures if not each.split.train]
    assert [each.recording.knobs["gain"] for each in held] == [0.3]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("gain=2", "knob gain at 2"),
        ("volume=1", "no knob volume"),
        ("gain", "KNOB=POSITION"),
        ("gain=1", "at which there is a capture already"),
    ],
)
def test_positions_that_cannot_be_held_out_of_a_circuit(tmp_path, wanted, said):
    out = drywet(
        "train", "--device", "triode", "--over", "gain", "--captures", 2, "--hold-out", wanted,
        "-o", tmp_path / "run",
    )  # fmt: skip
    assert out.code == 2
    assert said in out.err
    assert not list(tmp_path.iterdir())


# --- knobs that turn ---


@pytest.mark.parametrize("kind", ["run", "wavenet_run"])
def test_a_knob_that_stands_still_plays_as_one_that_cannot_turn(kind, request):
    trained, x = load_model(request.getfixturevalue(kind)), playing(1)
    for drive in (0.0, 3.7, 10.0):
        got = TurningStream(trained, {"drive": (drive, drive)}, len(x)).process(x)
        assert np.allclose(got, predict(with_knobs(trained, {"drive": drive}), x), atol=1e-5)


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
@pytest.mark.parametrize("kind", ["run", "wavenet_run"])
def test_turned_in_blocks_of_any_length(kind, block, request):
    trained, x = load_model(request.getfixturevalue(kind)), playing(0.2)
    whole = TurningStream(trained, {"drive": (0, 10)}, len(x)).process(x)
    stream = TurningStream(trained, {"drive": (0, 10)}, len(x))
    parts = [stream.process(x[i : i + block]) for i in range(0, len(x), block)]
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)
    stream.reset()
    assert np.array_equal(stream.process(x), whole)


@pytest.mark.parametrize("kind", ["run", "wavenet_run"])
def test_turning_makes_no_clicks(kind, request):
    """A sine stays one: what a slow turn adds lies by its harmonics, what steps add between."""
    trained = load_model(request.getfixturevalue(kind))
    n = 4 * RATE
    cycles = n // 64  # a harmonic every so many bins
    x = (0.05 * np.sin(2 * np.pi * cycles * np.arange(n) / n)).astype(np.float32)

    def between(y):
        spectrum = np.abs(np.fft.rfft(y * np.blackman(n))) ** 2
        bins = np.arange(len(spectrum))
        far = np.abs((bins + cycles // 2) % cycles - cycles // 2) > cycles // 4
        return 10 * np.log10(spectrum[far].sum() / spectrum.sum())

    smooth = TurningStream(trained, {"drive": (0, 10)}, n).process(x)
    stepped = np.concatenate(
        [
            TurningStream(trained, {"drive": (at, at)}, 1).process(x[: i + 2000])[i:]
            for i, at in ((i, round(10 * i / n)) for i in range(0, n, 2000))
        ]
    )[:n]
    assert between(smooth) < between(stepped) - 10
    assert between(smooth) < -60


def test_the_command_turns_a_knob(run, folder, tmp_path):
    out = drywet("render", run, folder / "dry.wav", tmp_path / "y.wav", "--drive", "0:10")
    assert out.code == 0, out.err
    got = soundfile.read(tmp_path / "y.wav", dtype="float32")[0]
    x = soundfile.read(folder / "dry.wav", dtype="float32")[0]
    still = predict(with_knobs(load_model(run), {"drive": 0.0}), x)
    assert np.abs(got - still)[: RATE // 10].max() < np.abs(got - still)[-2 * RATE :].max()
    assert drywet("evaluate", run, "--drive", "0:1").code == 2
    beyond = drywet("render", run, folder / "dry.wav", tmp_path / "z.wav", "--drive", "0:11")
    assert (beyond.code, (tmp_path / "z.wav").exists()) == (2, False)
