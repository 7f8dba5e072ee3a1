"""Models and plugins as devices; NAM's LSTMs against the reader that `test_formats` wrote."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import types
from datetime import datetime

import numpy as np
import pytest

from drywet.devices.lv2 import Lv2Device, parse_info
from drywet.devices.model import ModelDevice
from drywet.devices.vst3 import Vst3Device
from drywet.errors import DrywetError
from drywet.formats.nam import write as nam
from drywet.formats.nam.read import read_nam
from drywet.inference.stream import predict
from drywet.kernels.choice import choice
from drywet.models.recurrent.config import RecurrentConfig
from drywet.trained.model_file import ModelCard, TrainedModel, save_model
from tests.support import playing, random_model, shared
from tests.test_formats import play_nam

RATE = 48_000
X = playing(0.25, RATE)
MADE = datetime(2026, 11, 23)
SINE = np.sin(2 * np.pi * 220 * np.arange(RATE // 4) / RATE).astype(np.float32)
DS1 = "http://guitarix.sourceforge.net/plugins/gx_bossds1_#_bossds1_"
TS9 = "http://guitarix.sourceforge.net/plugins/gxts9#ts9sim"


def trained(layers=1, hidden=8, lag=0) -> TrainedModel:
    config = RecurrentConfig(layers=layers, hidden=hidden)
    card = ModelCard(model=config, rate=44_100, output_latency=lag)
    return TrainedModel.of(random_model(config, 3.1, 0.17), card)


def exported(tmp_path, model, **changes):
    """A ``.nam`` of the model with some top-level keys replaced."""
    path = tmp_path / "pedal.nam"
    path.write_text(json.dumps(nam.document(model, "x", MADE) | changes))
    return path


@pytest.mark.parametrize(("layers", "hidden"), [(1, 8), (2, 8), (3, 5)])
def test_a_nam_comes_back_as_it_went(tmp_path, layers, hidden):
    model = trained(layers, hidden, lag=3)
    back = read_nam(exported(tmp_path, model))
    assert back.card.model_copy(update={"metadata": model.card.metadata}) == model.card
    want = predict(model, X)
    assert np.max(np.abs(predict(back, X) - want)) < 1e-6 * max(np.max(np.abs(want)), 1)


@pytest.mark.parametrize("name", ["BossLSTM-1x16.nam", "BossLSTM-2x8.nam", "core_lstm.nam"])
def test_a_real_nam_plays_as_from_its_own_start_state(name):
    """Float64 from the file's h0 and c0; drywet settles on silence instead."""
    path = shared("models", "nam", name)
    want = play_nam(json.loads(path.read_text()), X)
    device = ModelDevice(path)
    assert read_nam(path).card.rate == RATE
    assert (device.latency(RATE), device.knobs, device.name) == (0, {}, path.stem)
    assert np.max(np.abs(device.process(X, RATE) - want)) < 5e-5 * np.max(np.abs(want))


def small_config(**changes):
    return {"input_size": 1, "hidden_size": 8, "num_layers": 1} | changes


WEIGHTS = nam.document(trained(), "x", MADE)["weights"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "Perceptron"}, "architecture Perceptron"),
        ({"architecture": [["LSTM"]]}, "architecture a JSON list"),
        ({"config": None}, "config is None"),
        ({"config": small_config(hidden_size=10**12)}, "hidden_size is 1000000000000"),
        ({"config": small_config(hidden_size=-8)}, "hidden_size is -8"),
        ({"config": small_config(hidden_size="8")}, "hidden_size is 8; expected 1 to 512"),
        ({"config": small_config(hidden_size=True)}, "hidden_size is True"),
        ({"config": small_config(num_layers=10**9)}, "num_layers is"),
        ({"config": small_config(num_layers=2)}, "expected 905 for an LSTM"),
        ({"config": {"input_size": 1}}, "hidden_size is"),
        ({"config": small_config(input_size=2)}, "input_size is 2"),
        ({"weights": WEIGHTS[:-1]}, f"holds {len(WEIGHTS) - 1} weights"),
        ({"weights": [*WEIGHTS, 0.0]}, f"holds {len(WEIGHTS) + 1} weights"),
        ({"weights": {"0": 1.0}}, "no list of weights"),
        ({"weights": ["1.0"] * len(WEIGHTS)}, "no numbers"),
        ({"weights": [[1.0]] * len(WEIGHTS)}, "no numbers"),
        ({"weights": [*WEIGHTS[:-1], float("nan")]}, "NaN or infinite"),
        ({"weights": [*WEIGHTS[:-1], 1e300]}, "NaN or infinite"),
        ({"weights": [*WEIGHTS[:-1], 10**400]}, "NaN or infinite"),
        ({"sample_rate": "48000"}, "sample_rate is 48000"),
        ({"sample_rate": float("nan")}, "sample_rate is nan"),
        ({"sample_rate": 10**400}, "sample_rate is"),
        ({"sample_rate": 44_100.5}, "sample_rate is 44100.5"),
    ],
)  # fmt: skip
def test_a_hostile_nam_is_one_clear_error(tmp_path, changes, message):
    with pytest.raises(DrywetError, match=message):
        read_nam(exported(tmp_path, trained(), **changes))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"architecture": "LSTM", "weights": [1.0, 2',
        b"\xff\xfe\x00",
        b"[1, 2]",
        b"null",
        b'{"version": "0.5.4"}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
    ids=range(9),
)
def test_what_is_no_nam_is_one_clear_error(tmp_path, content):
    path = tmp_path / "x.nam"
    path.write_bytes(content)
    with pytest.raises(DrywetError):
        read_nam(path)


def test_a_nam_is_bounded_before_it_is_read(tmp_path):
    path = tmp_path / "huge.nam"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DrywetError, match="at most 32000000 bytes"):
        read_nam(path)
    with pytest.raises(DrywetError, match="cannot read"):
        read_nam(tmp_path / "absent.nam")


def test_a_nam_without_rate_is_at_48_khz(tmp_path):
    assert read_nam(exported(tmp_path, trained(), sample_rate=None)).card.rate == RATE
    assert read_nam(exported(tmp_path, trained(), sample_rate=44_100.0)).card.rate == 44_100


def test_a_model_device_plays_from_rest_every_time(tmp_path):
    model = trained(lag=2)
    path = tmp_path / "model.safetensors"
    save_model(path, model)
    device = ModelDevice(path)
    first = device.process(X, 44_100)
    assert np.array_equal(first, predict(model, X))
    assert np.array_equal(device.process(X, 44_100), first)
    assert device.latency(44_100) == 2
    assert np.array_equal(ModelDevice(tmp_path).process(X, 44_100), first)
    assert ModelDevice(tmp_path).name == tmp_path.name


def test_a_model_device_refuses_what_it_cannot_play(tmp_path):
    device = ModelDevice(exported(tmp_path, trained()))
    with pytest.raises(DrywetError, match="Resample the signal to 44100 Hz first"):
        device.process(X, RATE)
    with pytest.raises(DrywetError, match="has no knob drive"):
        device.process(X, 44_100, {"drive": 0.5})
    with pytest.raises(DrywetError, match="NaN or infinite"):
        device.process(np.full(10, np.nan, np.float32), 44_100)


@pytest.mark.skipif(choice().target is None, reason="the kernels are not built")
def test_a_recurrent_model_device_needs_no_torch(tmp_path):
    code = (
        "import sys, numpy as np; from drywet.devices.model import ModelDevice;"
        f"ModelDevice({str(exported(tmp_path, trained()))!r}).process("
        "np.zeros(100, np.float32), 44100); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


LV2_INFO = """http://example.org/plugin

→Name:              Gx: Test 1
→Class:             Plugin
→Has latency:       yes, reported by port 12
→Bundle:            file:///usr/lib/lv2/test.lv2/
→Presets:\x20

→Port 0:
→→Type:        http://lv2plug.in/ns/lv2core#AudioPort
→→             http://lv2plug.in/ns/lv2core#InputPort
→→Symbol:      in
→→Name:        In

→Port 1:
→→Type:        http://lv2plug.in/ns/lv2core#ControlPort
→→             http://lv2plug.in/ns/lv2core#InputPort
→→Scale Points:
→→→0 = "highquality"
→→→2 = "Minimum: 7"

→→Symbol:      MODE
→→Name:        Mode: of work
→→Minimum:     0.000000
→→Maximum:     2.000000
→→Default:     3.000000
→→Properties:  http://lv2plug.in/ns/lv2core#integer
→→             http://lv2plug.in/ns/lv2core#enumeration


→Port 2:
→→Type:        http://lv2plug.in/ns/lv2core#InputPort
→→             http://lv2plug.in/ns/lv2core#ControlPort
→→Symbol:      LEVEL
→→Name:        Level
→→Minimum:     -20.000000
→→Maximum:     12.000000
→→Default:     -2.000000

→Port 3:
→→Type:        http://lv2plug.in/ns/lv2core#ControlPort
→→             http://lv2plug.in/ns/lv2core#InputPort
→→Symbol:      BYPASS
→→Name:        BYPASS
→→Designation: http://lv2plug.in/ns/lv2core#enabled
→→Minimum:     0.000000
→→Maximum:     1.000000
→→Default:     1.000000

→Port 4:
→→Type:        http://lv2plug.in/ns/lv2core#ControlPort
→→             http://lv2plug.in/ns/lv2core#InputPort
→→Symbol:      corner
→→Name:        Corner
→→Minimum:     0.000100
→→Maximum:     0.450000
→→Default:     0.225050
→→Properties:  http://lv2plug.in/ns/lv2core#sampleRate


→Port 5:
→→Type:        http://lv2plug.in/ns/lv2core#ControlPort
→→             http://lv2plug.in/ns/lv2core#InputPort
→→Symbol:      bare
→→Name:        Bare

→Port 12:
→→Type:        http://lv2plug.in/ns/lv2core#ControlPort
→→             http://lv2plug.in/ns/lv2core#OutputPort
→→Symbol:      latency
→→Name:        latency (samples)
→→Designation: http://lv2plug.in/ns/lv2core#latency

""".replace("→", "\t")


def test_lv2info_is_read():
    plugin = parse_info(LV2_INFO)
    assert plugin.name == "Gx: Test 1"
    assert plugin.reports_latency
    assert plugin.per_rate == {"corner"}
    found = {s: (k.text, k.default, k.least, k.most) for s, k in plugin.knobs.items()}
    assert found == {
        "MODE": ("Mode: of work", 2.0, 0.0, 2.0),  # its default lay out of its range
        "LEVEL": ("Level", -2.0, -20.0, 12.0),
        "corner": ("Corner, as a share of the sample rate", 0.22505, 0.0001, 0.45),
        "bare": ("Bare", 0.0, 0.0, 1.0),
    }


@pytest.mark.parametrize("uri", ["", "-i", "--help", "http://x\0y", "http://x\ny", "\udc80"])
def test_what_is_no_uri_is_refused(uri):
    with pytest.raises(DrywetError, match="is no LV2 URI"):
        Lv2Device(uri)


def test_a_missing_command_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DrywetError, match="apt install lilv-utils guitarix-lv2"):
        Lv2Device(DS1)


def script(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo oops >&2; exit 5", r"\(oops\)"),
        ("kill -SEGV $$", "crashed with signal 11"),
        ("exec sleep 60", "did not end within"),
        ("exit 0", "exit code 0"),
    ],
)
def test_a_plugin_that_fails_is_one_clear_error(tmp_path, monkeypatch, body, message):
    (tmp_path / "info").write_text(LV2_INFO)
    script(tmp_path, "lv2info", f"cat {tmp_path}/info")
    script(tmp_path, "lv2apply", body)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    device = Lv2Device("http://example.org/plugin")
    monkeypatch.setattr("drywet.devices.lv2._START_SECONDS", 0.3)
    monkeypatch.setattr("drywet.devices.lv2._SLOWEST", 0.0)
    with pytest.raises(DrywetError, match=message):
        device.process(X[:100], RATE)


@pytest.mark.parametrize(
    ("written", "want"),
    [([[1, 5], [2, 5], [3, 5]], [1, 2, 3, 0]), ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4])],
)
def test_an_output_becomes_mono_of_the_same_length(tmp_path, monkeypatch, written, want):
    """The first of two channels, padded or cut; and the controls that were asked for."""
    import soundfile

    soundfile.write(tmp_path / "w.wav", np.array(written, np.float32), RATE, subtype="FLOAT")
    (tmp_path / "info").write_text(LV2_INFO)
    script(tmp_path, "lv2info", f"cat {tmp_path}/info")
    script(tmp_path, "lv2apply", f'cp {tmp_path}/w.wav "$4"; echo "$@" > {tmp_path}/args')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    device = Lv2Device("http://example.org/plugin")
    assert device.name == "Gx-Test-1"
    wet = device.process(np.ones(4, np.float32), RATE, {"LEVEL": -3.5, "corner": 0.25})
    assert wet.dtype == np.float32
    assert wet.tolist() == want
    controls = "-c MODE 2.0 -c LEVEL -3.5 -c corner 12000.0 -c bare 0.0 http://example.org/plugin"
    assert (tmp_path / "args").read_text().strip().endswith(controls)
    with pytest.raises(DrywetError, match="turns while it plays"):
        device.process(X[:4], RATE, {"LEVEL": np.zeros(4)})


@pytest.fixture
def installed():
    """URIs of the LV2 plugins on this machine."""
    if shutil.which("lv2apply") is None:
        pytest.skip("lilv-utils is not installed")
    done = subprocess.run(["lv2ls"], capture_output=True, text=True, check=True)
    if not {DS1, TS9} <= set(done.stdout.split()):
        pytest.skip("guitarix-lv2 is not installed")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("uri", "drive", "dry_level"), [(DS1, "DRIVE", 0.3), (TS9, "fslider2_", 1)]
)
def test_a_real_lv2_pedal_clips(installed, uri, drive, dry_level):
    device = Lv2Device(uri)
    assert device.latency(RATE) == 0

    def third(position):
        """The third harmonic's share of the fundamental."""
        wet = device.process(SINE * np.float32(dry_level), RATE, {drive: position})
        assert (wet.shape, wet.dtype) == (SINE.shape, np.float32)
        assert np.isfinite(wet).all()
        tail = wet[-RATE // 10 :]  # a whole number of periods
        spectrum = np.abs(np.fft.rfft(tail))
        return spectrum[66] / spectrum[22]

    assert third(1.0) > 0.05
    assert third(0.0) < third(1.0)
    with pytest.raises(DrywetError, match="0 to 1"):
        device.process(SINE, RATE, {drive: 2.0})


def test_a_plugin_that_is_not_there(installed):
    with pytest.raises(DrywetError, match="is not installed"):
        Lv2Device("http://example.org/none")


def test_an_lv2_plugins_own_latency_is_measured(installed):
    uri = "http://plugin.org.uk/swh-plugins/fastLookaheadLimiter"
    if uri not in installed:
        pytest.skip("swh-lv2 is not installed")
    assert Lv2Device(uri).latency(RATE) == 240  # 5 ms of looking ahead


def test_a_missing_pedalboard_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    with pytest.raises(DrywetError, match=r"pip install drywet\[vst3\]"):
        Vst3Device("x.vst3")


class Parameter:
    """What drywet uses of pedalboard's parameters."""

    name = "Drive"
    raw_value = 0.25

    def get_text_for_raw_value(self, value):
        return f"{10 * value:g} dB"


class StereoPlugin:
    """What drywet uses of pedalboard's plugins, two samples short."""

    name, version, manufacturer_name, is_effect = "Fuzz / 2", "1.0", "Nobody", True

    def __init__(self, path):
        if "broken" in path:
            raise ImportError("Unable to load plugin.")
        self.parameters = {"drive": Parameter()}

    def __call__(self, audio, rate, reset):
        if len(audio) != 2:
            raise ValueError("does not support 1-channel output")
        return audio[:, :-2] * self.parameters["drive"].raw_value * reset


def test_a_vst3_plugin_plays(monkeypatch, tmp_path):
    """The adapter alone; pedalboard itself and a plugin are checked where they are at hand."""
    fake = types.SimpleNamespace(VST3Plugin=StereoPlugin)
    monkeypatch.setitem(sys.modules, "pedalboard", fake)
    device = Vst3Device(tmp_path / "x.vst3")
    assert (device.name, device.latency(RATE)) == ("Fuzz-2", 0)
    assert device.knobs["drive"].text == "Drive, 0 dB to 10 dB"
    assert device.process(np.ones(5, np.float32), RATE).tolist() == [0.25] * 3 + [0, 0]
    assert device.process(np.ones(4, np.float32), RATE, {"drive": 1.0}).tolist() == [1, 1, 0, 0]
    assert device.process(np.ones(4, np.float32), RATE).tolist() == [0.25, 0.25, 0, 0]
    with pytest.raises(DrywetError, match="Unable to load plugin"):
        Vst3Device(tmp_path / "broken.vst3")
