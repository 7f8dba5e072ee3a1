"""Oversampled models: filters as promised, exact aliases gone, memory kept in seconds."""

from __future__ import annotations

import numpy as np
import pytest

from drywet.audio.read import read
from drywet.dsp import polyphase
from drywet.dsp.oversampling import FACTORS, filters, flat_to
from drywet.errors import DrywetError
from drywet.evaluation.probes import ask_model
from drywet.inference.players import OversampledPlayer
from drywet.inference.stream import Stream, predict
from drywet.kernels import oversampler
from drywet.kernels.choice import choice
from drywet.models.linear.config import LinearConfig
from drywet.models.player import Player
from drywet.models.recurrent.config import RecurrentConfig
from drywet.trained.model_file import ModelCard, TrainedModel
from tests.support import drywet, playing, save
from tests.test_kinds import BUILT, by_title, trained

RATE = 48_000
N = 4_799  # a prime: every harmonic and every alias of a whole number of periods is apart
SETTLE = 2_000
OVER = FACTORS[1:]


class Static(Player):
    """A function of the sample alone, whose harmonics and aliases are known exactly."""

    def __init__(self, function) -> None:
        self.function = function

    def process(self, block):
        return self.function(block).astype(np.float32)

    def reset(self) -> None:
        pass


def sine(place: int, peak: float = 1.0) -> np.ndarray:
    n = np.arange(-SETTLE, N)
    return (peak * np.cos(2 * np.pi * place * n / N)).astype(np.float32)


def spectrum(y: np.ndarray) -> np.ndarray:
    return np.fft.rfft(y[-N:].astype(float)) * 2 / N


def static(function, factor: int) -> OversampledPlayer:
    return OversampledPlayer(Static(function), filters(RATE, factor))


def db(value: float) -> float:
    return 20 * float(np.log10(max(value, 1e-12)))


@pytest.mark.parametrize("phase", ["linear", "minimum"])
@pytest.mark.parametrize("factor", OVER)
@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_both_filters_are_flat_and_stop_as_they_say(rate, factor, phase):
    found = filters(rate, factor, phase)
    flat = flat_to(rate)
    assert flat == min(max(20_000, rate * 5 / 12), 0.4535 * rate)
    hz = np.fft.rfftfreq(1 << 18, 1 / (rate * factor))
    first = np.abs(np.fft.rfft((found.split.T / factor).ravel().astype(float), 1 << 18))
    second = np.abs(np.fft.rfft(found.join[::-1].T.ravel().astype(float), 1 << 18))
    for response, stop in ((first, rate - flat), (second, rate / 2)):
        assert np.max(np.abs(20 * np.log10(response[hz <= flat]))) < 1e-3
        assert 20 * np.log10(np.max(response[hz >= stop])) < -105


@pytest.mark.parametrize("phase", ["linear", "minimum"])
@pytest.mark.parametrize("factor", OVER)
def test_the_latency_is_that_of_a_low_note(factor, phase):
    """Of the identity: the phase of a sine of 30 Hz says by how much it was delayed."""
    around = filters(RATE, factor, phase)
    player = OversampledPlayer(Static(lambda x: x), around)
    place = 3
    y = spectrum(player.process(sine(place)))[place]
    assert abs(abs(y) - 1) < 1e-4
    delay = -np.angle(y) * N / (2 * np.pi * place)
    assert delay == pytest.approx(around.latency, abs=0.02)
    if phase == "linear":
        assert around.latency == round(around.latency)
    else:
        assert around.latency < 6


@pytest.mark.parametrize("factor", OVER)
@pytest.mark.parametrize("place", [1_201, 1_999])
def test_a_cube_folds_nothing_back(factor, place):
    """cos^3 = 3/4 cos + 1/4 cos 3: at 12 kHz and at 20 kHz the third harmonic is out of reach."""
    alias = abs(N - 3 * place)
    at_own_rate = spectrum(sine(place) ** 3)
    assert abs(at_own_rate[alias]) == pytest.approx(0.25, abs=1e-4)
    y = spectrum(static(lambda x: x**3, factor).process(sine(place)))
    assert abs(y[place]) == pytest.approx(0.75, abs=2e-4)
    # Twice as fast, that of 20 kHz folds to 36 kHz, which the filter behind stops.
    assert db(abs(y[alias])) < -100


@pytest.mark.parametrize(("factor", "most_db"), [(1, -22), (2, -45), (4, -84), (8, -100)])
def test_aliases_of_a_tanh_fall_and_its_harmonics_stay(factor, most_db):
    """Harmonics by numerical integration over a period; what is between them is aliased."""
    place, gain = 419, 4.0
    angle = 2 * np.pi * (np.arange(1 << 16) + 0.5) / (1 << 16)
    x = sine(place)
    function = lambda x: np.tanh(gain * x)  # noqa: E731
    y = spectrum(function(x) if factor == 1 else static(function, factor).process(x))
    harmonics = np.arange(place, N // 2, place)
    audible = [h for h in harmonics if h * RATE / N < 20_000]
    for number, h in enumerate(audible, 1):
        want = 2 * np.mean(np.tanh(gain * np.cos(angle)) * np.cos(number * angle))
        if factor >= 4:
            assert abs(y[h]) == pytest.approx(abs(want), abs=2e-4)
    y[harmonics] = 0
    y[0] = 0
    assert db(float(np.abs(y).max())) < most_db


def one_pole(forget: float, scale: float) -> TrainedModel:
    """An LSTM of one unit whose gates stand still: c' = f c + i w x, y = o c / (i w o)."""
    small = 3e-2  # tanh is linear to its cube, and far above the rounding of 1
    config = RecurrentConfig(hidden=1)
    logit = float(np.log(forget / (1 - forget)))
    weights = {
        "input_gain": np.float32(small),
        "output_gain": np.float32(scale / small * 4),  # i = o = 1/2
        "rec.weight_ih_l0": np.float32([[0], [0], [1], [0]]),
        "rec.weight_hh_l0": np.zeros((4, 1), np.float32),
        "rec.bias_ih_l0": np.float32([0, logit, 0, 0]),
        "rec.bias_hh_l0": np.zeros(4, np.float32),
        "head.weight": np.ones((1, 1), np.float32),
        "head.bias": np.zeros(1, np.float32),
    }
    weights = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    return TrainedModel(weights, ModelCard(model=config, rate=RATE, output_latency=0))


@pytest.mark.parametrize("factor", FACTORS)
def test_an_lstms_memory_keeps_its_length_in_seconds(factor):
    """Its recurrence y[n] = x[n] + f y[n-1] has the response 1 / (1 - f exp(-iw)), however fast."""
    forget = 0.8
    model = one_pole(forget, 0.2)
    stream = Stream(model, factor)
    for place in (5, 97, 800, 1_777):
        stream.reset()
        y = spectrum(stream.process(sine(place, 0.1)))[place] / 0.1
        w = 2 * np.pi * place / N
        want = 0.2 / (1 - forget * np.exp(-1j * w)) * np.exp(-1j * w * stream.latency)
        assert abs(y - want) < 5e-4


@pytest.mark.parametrize("config", BUILT, **by_title)
@pytest.mark.parametrize("factor", OVER)
def test_streams_equal_the_whole_for_every_block_size(config, factor):
    model = trained(config)
    x = playing(0.1, model.card.rate)
    stream = Stream(model, factor)
    whole = stream.process(x)
    scale = float(np.abs(whole).max()) + 1e-3
    for block in (1, 7, 64, 500):
        stream.reset()
        y = np.concatenate([stream.process(x[i : i + block]) for i in range(0, len(x), block)])
        assert np.max(np.abs(y - whole)) < 1e-5 * scale
    assert len(stream.process(x[:0])) == 0
    in_time = predict(model, x, factor)
    assert len(in_time) == len(x)
    latency = int(stream.latency)
    assert np.max(np.abs(in_time[:-latency] - whole[latency:])) < 1e-5 * scale


def test_a_linear_model_sounds_as_it_does():
    """Nothing aliases in it: oversampled it is itself, up to the filters, in time."""
    model = trained(LinearConfig(taps=9))
    t = np.arange(8_000) / model.card.rate
    x = np.sin(2 * np.pi * (100 + 1_500 * t) * t).astype(np.float32) * np.float32(0.3)
    own = predict(model, x)
    for factor in OVER:
        middle = slice(200, -200)
        assert np.max(np.abs(predict(model, x, factor) - own)[middle]) < 1e-4 * np.abs(own).max()


@pytest.mark.parametrize("factor", OVER)
def test_numpys_filters_are_the_kernels(factor):
    if choice().target is None:
        pytest.skip(choice().reason)
    around = filters(RATE, factor)
    slow = polyphase.PolyphaseFilters(around)
    fast = oversampler.PolyphaseFilters(around.split, around.join)
    rng = np.random.default_rng(0)
    for _ in range(2):
        for block in (1, 300, 2, 777):
            x = rng.uniform(-1, 1, block).astype(np.float32)
            copies = rng.uniform(-1, 1, (factor, block)).astype(np.float32)
            assert np.max(np.abs(slow.split(x) - fast.split(x))) < 2e-6
            assert np.max(np.abs(slow.join(copies) - fast.join(copies))) < 2e-6
        slow.reset()
        fast.reset()


@pytest.mark.parametrize("factor", [0, 3, -2, 16])
def test_another_factor_is_refused(run_folder, tmp_path, factor):
    with pytest.raises(DrywetError, match="1, 2, 4 or 8"):
        Stream(trained(LinearConfig()), factor)
    source = save(tmp_path / "in.wav", playing(0.2))
    target = tmp_path / "out.wav"
    for verb in ("render", "process"):
        done = drywet(verb, run_folder, source, target, "--oversample", factor)
        assert done.code == 2
        assert "1, 2, 4 or 8" in done.err
        assert not target.exists()


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("verb", ["render", "process"])
def test_an_oversampled_file_stays_in_time(run_folder, tmp_path, verb, rate):
    source = save(tmp_path / "in.wav", playing(2, rate), rate)
    played = {}
    for factor in (1, 4):
        target = tmp_path / f"{factor}.wav"
        resampled = ["--resample"] if rate != 16_000 else []
        if resampled and verb == "process":
            pytest.skip("process plays a model at its own rate")
        done = drywet(verb, run_folder, source, target, "--oversample", factor, *resampled)
        assert done.code == 0, done.err
        played[factor], found = read(target)
        assert found == rate
    own, fast = played[1].astype(float), played[4].astype(float)
    assert len(own) == len(fast)
    lags = range(-3, 4)
    error = [np.sum((np.roll(fast, -lag) - own)[50:-50] ** 2) for lag in lags]
    assert lags[int(np.argmin(error))] == 0
    assert min(error) < 0.02 * np.sum(own**2)


def test_evaluate_scores_it_oversampled_and_writes_nothing(run_folder):
    before = {path: path.read_bytes() for path in run_folder.iterdir() if path.is_file()}
    own, fast = (
        drywet("evaluate", run_folder, "--oversample", factor, "--json").json for factor in (1, 4)
    )
    assert (own["oversample"], fast["oversample"]) == (1, 4)
    assert fast["aliasing_db"] < own["aliasing_db"] - 6
    assert fast["esr"] == pytest.approx(own["esr"], rel=0.2)
    assert fast["cost"]["multiply_adds"] == 4 * own["cost"]["multiply_adds"]
    assert fast["oversampled"] is None
    tried = own["oversampled"]
    same = [p for p in fast["probes"]["aliasing"][2] if p[:2] == [tried["hz"], tried["level_db"]]]
    assert same[0][2] == pytest.approx(tried["asr_db"], abs=0.1)
    scores = run_folder / "scores.json"
    after = {path: path.read_bytes() for path in before if path != scores}
    assert all(before[path] == after[path] for path in after)


def test_export_writes_it_where_the_format_can_hold_it(run_folder, tmp_path):
    out = tmp_path / "a.h"
    made = ("export", run_folder, "--format", "c", "-o", out, "--oversample", 4, "--json")
    linear = drywet(*made).json
    fast = drywet(*made, "--minimum-phase", "--overwrite").json
    assert linear["output_latency"] == 1 + filters(16_000, 4).latency
    assert fast["output_latency"] < 8
    assert "4 times oversampled" in out.read_text()
    for name in ("nam", "rtneural", "proteus"):
        target = tmp_path / f"a.{name}"
        done = drywet("export", run_folder, "--format", name, "-o", target, "--oversample", 4)
        assert done.code == 2
        assert "run the net once a sample" in done.err
        assert not target.exists()


@pytest.mark.parametrize("config", BUILT, **by_title)
def test_it_starts_from_settled_silence(config):
    """Filters included: what a net at rest gives is there from the first sample on."""
    model = trained(config)
    silence = np.zeros(300, np.float32)
    rest = float(Stream(model).process(silence)[-1])
    for phase in ("linear", "minimum"):
        stream = Stream(model, 4, phase)
        for _ in range(2):
            y = stream.process(silence)
            assert np.max(np.abs(y - rest)) < 2e-5 * max(abs(rest), 1)
            stream.process(np.ones(100, np.float32))
            stream.reset()


def test_what_does_not_go_together_is_refused(run_folder, tmp_path):
    with pytest.raises(DrywetError, match="linear or minimum"):
        Stream(trained(LinearConfig()), 4, "min")
    done = drywet("export", run_folder, "--format", "c", "-o", tmp_path / "a.h", "--minimum-phase")
    assert done.code == 2
    assert "no oversampling" in done.err
    assert not (tmp_path / "a.h").exists()
    source = save(tmp_path / "in.wav", playing(0.1))
    done = drywet("process", "nope.nam", source, tmp_path / "o.wav", "--oversample", 4)
    assert "no device nope.nam" in done.err


def test_every_output_says_that_it_is_oversampled(run_folder, tmp_path):
    source = save(tmp_path / "in.wav", playing(0.1))
    said = "4 times oversampled"
    header = ("export", run_folder, "--format", "c", "-o", tmp_path / "a.h")
    for command in (
        ("evaluate", run_folder),
        ("render", run_folder, source, tmp_path / "o.wav"),
        header,
        ("convert", run_folder, tmp_path / "b.h"),
    ):
        assert said in drywet(*command, "--oversample", 4).out
        assert said not in drywet(*command).out
    page = tmp_path / "r.html"
    assert drywet("report", run_folder, "-o", page, "--oversample", 4).code == 0
    text = page.read_text()
    assert said in text
    assert "Aliasing by ear" not in text, "that is of the model at its own rate"


def test_an_oversampled_graph_comes_back_with_its_latency(run_folder, tmp_path):
    path = tmp_path / "a.onnx"
    done = drywet("export", run_folder, "--format", "onnx", "-o", path, "--oversample", 4, "--json")
    latency = done.json["output_latency"]
    assert latency == 1 + filters(16_000, 4).latency
    assert drywet("info", path, "--json").json["output_latency"] == latency


def test_the_probes_of_an_oversampled_model_are_in_time():
    """A linear model's transfer curve is a line, not the loop that a delay would draw."""
    model = trained(LinearConfig(taps=9))
    own, fast = (ask_model(model, factor).transfer for factor in (1, 4))
    assert np.allclose(own.dynamic, fast.dynamic, atol=1e-3)
