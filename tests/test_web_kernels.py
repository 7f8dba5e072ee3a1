"""The page's kernels: WebAssembly plays what PyTorch, the native kernels and the circuits play."""

from __future__ import annotations

import hashlib
import json
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import pytest

import drywet
from drywet.browser import playable
from drywet.devices.circuit import CircuitDevice, built_in
from drywet.dsp.oversampling import filters
from drywet.errors import DrywetError
from drywet.formats.load import load
from drywet.inference.stream import Stream
from drywet.models.activation import Activation, Name
from drywet.models.wavenet.config import WaveNetArray, WaveNetConfig, WaveNetLayer
from tests.exported import (
    DEEP,
    KNOBS,
    LINEAR,
    RECURRENT,
    STACKS,
    WINDOWED,
    close,
    reference,
    trained,
)
from tests.support import grid, playing, shared, tool

BROWSER = Path(drywet.__file__).parent / "browser"
KERNELS = Path(__file__).parent.parent / "kernels"
PLAY = Path(__file__).parent / "browser" / "play.mjs"
X = playing(0.25, 4_000, seed=3)
KNOWN: tuple[Name, ...] = ("tanh", "relu", "leaky_relu", "sigmoid", "silu", "hardtanh", "softsign")
WAVENETS = [
    WaveNetConfig(preset="nano"),
    WaveNetConfig(preset="feather"),
    WaveNetConfig(
        arrays=(
            WaveNetArray(
                channels=5, bottleneck=3, head=1, head_kernel=3, head_bias=True, layer_head=6,
                layers=tuple(
                    WaveNetLayer(
                        kernel=1 + i % 3, dilation=1 + i,
                        activation=Activation(name=name, slope=0.2), gate=Activation(name="tanh"),
                        gating=("none", "gated", "blended")[i % 3],
                    )
                    for i, name in enumerate(KNOWN)
                ),
            ),
        )
    ),
]  # fmt: skip


def in_browser(*jobs: dict) -> list[np.ndarray | str]:
    """What the kernels make of some jobs, or why not."""
    given = [
        job | {"x": b64encode(job["x"].tobytes()).decode(), "block": job.get("block", 128)}
        for job in jobs
    ]
    done = subprocess.run(
        [tool("node"), PLAY], text=True, capture_output=True, check=False,
        input=json.dumps({"wasm": str(BROWSER / "kernels.wasm"), "jobs": given}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [
        np.frombuffer(b64decode(one["y"]), np.float32) if "y" in one else one["error"]
        for one in json.loads(done.stdout)
    ]


def test_they_are_built_from_these_sources():
    for line in (KERNELS / "wasm.sums").read_text().splitlines():
        wanted, name = line.split()
        found = hashlib.sha256((KERNELS / name).read_bytes()).hexdigest()
        assert found == wanted, f"{name} has changed: run 'make wasm'"


@pytest.mark.parametrize("config", [*RECURRENT, *WAVENETS], ids=lambda c: c.title)
def test_nets_play_as_in_pytorch(config):
    model = trained(config)
    told = playable.model(model)
    want = reference(model, X)
    for y in in_browser(*({"model": told, "x": X, "block": block} for block in (128, 37, 1))):
        # The large weights of deep nets let rounding grow; WebAssembly has no fused multiply-add.
        assert np.max(np.abs(y - want)) < 1e-4 if config in DEEP else close(y, want)


@pytest.mark.parametrize(
    "config", [KNOBS, WAVENETS[2].model_copy(update={"knobs": KNOBS.knobs})], ids=lambda c: c.title
)
def test_knobs_turn_as_in_pytorch(config):
    model = trained(config)
    told = playable.model(model)
    assert [knob["name"] for knob in told["knobs"]] == list(config.knobs)
    noon, low, turned = in_browser(
        {"model": told, "x": X},
        {"model": told, "x": X, "knobs": [1.0, 0.0]},
        {"model": told, "x": X, "turned": [1.0, 0.0]},
    )
    assert close(noon, reference(model, X))
    wanted = reference(model, X, {config.knobs[0]: 1.0, config.knobs[1]: 0.0})
    assert close(low, wanted)
    assert close(turned[-500:], wanted[-500:]), "once what was before has been forgotten"


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_oversampled_they_play_as_the_native_ones(factor):
    for config in (RECURRENT[0], WAVENETS[0]):
        model = trained(config)
        around = playable.oversampler(model.card.rate, factor)
        (y,) = in_browser({"model": playable.model(model), "filters": around, "x": X})
        stream = Stream(model, factor, "minimum")
        assert close(y, stream.process(X))
        assert around["latency"] == stream.latency


@pytest.mark.parametrize(
    "name",
    grid(
        ("nam/BossWN-standard.nam", "nam/BossWN-a2.nam", "nam/BossLSTM-2x8.nam",
         "nam/BossWN-feather.nam", "nam/core_A2.nam", "guitarml/TS9_FullD.json"),
        ("nam/BossWN-a2.nam", "guitarml/TS9_FullD.json"),
    ),
)  # fmt: skip
def test_models_of_others_play_as_the_native_ones(name):
    model = load(shared("models", *name.split("/")))
    x = playing(0.5, model.card.rate)
    (y,) = in_browser({"model": playable.model(model), "x": x})
    assert close(y, Stream(model).process(x))


@pytest.mark.parametrize("name", grid(built_in(), ("ts808", "triode")))
def test_circuits_play_as_they_are_simulated(name):
    """In time but for the delay of the filters and of the circuit's own, both known."""
    rate, factor = 48_000, 2
    x = playing(0.5, rate)
    linear = filters(rate, factor)
    around = {
        "branches": factor, "latency": linear.latency,
        "split": b64encode(linear.split.tobytes()).decode(),
        "join": b64encode(linear.join.tobytes()).decode(),
    }  # fmt: skip
    device = CircuitDevice(built_in()[name], factor)
    knobs = dict.fromkeys(device.knobs, 0.3)
    own, turned = (
        playable.circuit(name, rate, factor, {}),
        playable.circuit(name, rate, factor, knobs),
    )
    late = round(linear.latency) + 22 // factor
    at_default, then = in_browser(
        {"model": own, "filters": around, "x": x},
        {"model": own, "filters": around, "x": x, "turned": turned},
    )
    for y, positions, first in ((at_default, {}, 0), (then, knobs, rate // 4)):
        want = device.process(x, rate, positions)[first : len(x) - late]
        assert np.sum((y[late:][first:] - want) ** 2) < 1e-3 * np.sum((want - want.mean()) ** 2)


def test_what_does_not_fit_is_refused_in_words():
    told = playable.model(trained(RECURRENT[0]))
    circuit = playable.circuit("triode", 48_000, 1, {})
    other = playable.circuit("sd1", 48_000, 1, {})
    whole = b64decode(circuit["numbers"])
    found = in_browser(
        {"model": told | {"hidden": 7}, "x": X},
        {"model": told | {"cell": 9}, "x": X},
        {"model": playable.model(trained(WAVENETS[0])) | {"weights": ""}, "x": X},
        {"model": circuit | {"numbers": b64encode(whole[:80]).decode()}, "x": X},
        {"model": circuit, "turned": other, "x": X},
    )
    for error, words in zip(
        found,
        ("doesn't fit", "other sizes", "number of weights", "too few", "another"),
        strict=True,
    ):
        assert isinstance(error, str) and words in error


@pytest.mark.parametrize("config", [LINEAR[0], STACKS[0], WINDOWED[0]], ids=lambda c: c.title)
def test_other_kinds_are_told_to_play_files(config):
    with pytest.raises(DrywetError, match="recurrent net or a WaveNet"):
        playable.model(trained(config))
