"""ONNX files from anybody: played where that is safe, else refused in one line."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from drywet.errors import DrywetError
from drywet.formats.onnx import write as onnx_write
from drywet.formats.onnx.read import read_onnx
from drywet.inference.stream import Stream, predict
from drywet.models.linear.config import LinearConfig
from drywet.models.onnx.config import OnnxConfig
from drywet.models.registry import build, multiply_adds, parameter_count
from drywet.trained.knobs import with_knobs
from drywet.trained.model_file import save_model
from tests.exported import RECURRENT, close, trained
from tests.support import playing

X = playing(0.05, 48_000)
MADE = datetime(2026, 11, 23)


def written(path, config):
    path.write_bytes(onnx_write.encode(trained(config), "x", MADE))
    return path


def refused(path, reason="."):
    with pytest.raises(DrywetError, match=reason) as caught:
        read_onnx(path)
    assert "\n" not in str(caught.value)


def edited(path, edit):
    model = onnx.load(path)
    edit(model)
    path.write_bytes(model.SerializeToString())
    return path


def weight(model, name="head.weight"):
    return next(t for t in model.graph.initializer if t.name == name)


def card(model, old, new):
    entry = next(entry for entry in model.metadata_props if entry.key == "drywet")
    entry.value = entry.value.replace(old, new) if old else new


def poison(model):
    weight(model).raw_data = np.full(8, np.nan, np.float32).tobytes()


def shorter(model):
    weight(model).dims[1] -= 1
    weight(model).raw_data = weight(model).raw_data[:-4]


def outside(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (poison, "NaN"),
        (shorter, "head.weight"),
        (outside, "another file"),
        (lambda m: weight(m).dims.append(1 << 40), "holds"),
        (lambda m: m.graph.initializer.remove(weight(m)), "lacks the tensor"),
        (lambda m: m.graph.initializer.append(weight(m)), "another graph"),
        (lambda m: setattr(m.graph.node[0], "op_type", "Add"), "another graph"),
        (lambda m: m.graph.node.add(op_type="Loop"), "another graph"),
        (lambda m: card(m, '"skip":false', '"skip":true'), "another graph"),
        (lambda m: card(m, '"hidden":8', '"hidden":500'), "is float32"),
        (lambda m: card(m, "", "{"), "not JSON"),
        (lambda m: card(m, "", "[" * 100_000), "not JSON"),
        (lambda m: card(m, "", "{}"), "lacks the key"),
        (lambda m: m.graph.ClearField("node"), "no graph"),
    ],
)
def test_drywets_card_on_anything_else_is_refused(edit, reason, tmp_path):
    refused(edited(written(tmp_path / "a.onnx", RECURRENT[0]), edit), reason)


def test_files_that_are_no_onnx_are_refused(tmp_path):
    path = written(tmp_path / "a.onnx", RECURRENT[0])
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 3):
        path.write_bytes(whole[:size])
        refused(path)
    for _ in range(20):
        path.write_bytes(rng.bytes(300))
        refused(path)
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    refused(path, "bytes")
    refused(tmp_path / "none.onnx", "cannot read")


@pytest.mark.parametrize("own", [True, False])
def test_any_flipped_bit_gives_a_model_or_one_line(own, tmp_path):
    path = tmp_path / "a.onnx"
    whole = (written(path, LinearConfig(taps=4)) if own else smoother(path)).read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(150):
        data = bytearray(whole)
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        path.write_bytes(data)
        try:
            model = read_onnx(path)
            assert all(np.isfinite(w).all() for w in model.weights.values())
        except DrywetError as error:
            assert "\n" not in str(error)


# Graphs by hand, with nothing of drywet's.


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def node(kind, inputs=("x",), outputs=("y",), **more):
    return helper.make_node(kind, list(inputs), list(outputs), **more)


def const(name, numbers, kind=np.float32):
    return numpy_helper.from_array(np.asarray(numbers, kind), name)


def save(path, nodes, weights=(), audio=(1, 1, "N"), before=(), after=(), props=None):
    ends = [value("x", list(audio)), *before], [value("y", list(audio)), *after]
    graph = helper.make_graph(nodes, "g", *ends, initializer=list(weights))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("x.y", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    helper.set_model_props(model, props or {})
    path.write_bytes(model.SerializeToString())
    return path


ONE = const("one", [1], np.int64)


def smoother(path, layout="1x1xN", names=("h_in", "h_out"), props=None, held=1):
    """y[n] = 0.5 x[n] + 0.25 x[n - 1], the last sample handed on."""
    nodes = [
        node("Reshape", ["x", "channels"], ["x3"]),
        node("Concat", [names[0], "x3"], ["joined"], axis=2),
        node("Conv", ["joined", "w"], ["y3"]),
        node("Slice", ["joined", "last", "end", "time"], [names[1]]),
        node("Reshape", ["y3", "sides"]),
    ]
    sides = [1 if side == "1" else -1 for side in layout.split("x")]
    weights = [
        const("channels", [1, 1, -1], np.int64),
        const("sides", sides, np.int64),
        const("w", [[[0.25, 0.5]]]),
        const("last", [-held], np.int64),
        const("end", [1 << 60], np.int64),
        const("time", [2], np.int64),
    ]
    audio = ["N" if side < 0 else 1 for side in sides]
    states = [value(names[0], [1, 1, 1])], [value(names[1], [1, 1, held])]
    return save(path, nodes, weights, audio, *states, props)


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        ("1x1xN", ("h_in", "h_out")),
        ("1xNx1", ("state_0", "new_state_0")),
        ("1xN", ("foo", "bar")),
        ("N", ("h0", "hn")),
    ],
)
def test_an_untrusted_filter_plays(layout, names, tmp_path):
    model = read_onnx(smoother(tmp_path / "a.onnx", layout, names, {"sample_rate": "44100"}))
    assert isinstance(model.card.model, OnnxConfig)
    assert (model.card.model.layout, model.card.rate) == (layout, 44_100)
    assert multiply_adds(model.card.model) == parameter_count(model.card.model) == 2
    want = np.convolve(X, [0.5, 0.25])[: len(X)]
    assert close(predict(model, X), want)
    stream = Stream(model)
    pieces = [stream.process(part) for part in np.split(X, [1, 2, 50, 51])]
    assert close(np.concatenate(pieces), want)
    stream.reset()
    assert close(stream.process(X), want)


def lstm(path, after=("p", "q"), stateless=False):
    """Two states of equal shape that only their order tells apart; audio (batch, N, 1)."""
    rng, n = np.random.default_rng(0), 6
    shapes = {"w": (1, 4 * n, 1), "r": (1, 4 * n, n), "b": (1, 8 * n), "head": (n, 1)}
    weights = {name: rng.normal(0, 0.4, shape) for name, shape in shapes.items()}
    states = [] if stateless else ["", "a", "z"]
    nodes = [
        node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        node("LSTM", ["steps", "w", "r", "b", *states], ["every", "p", "q"], hidden_size=n),
        node("Squeeze", ["every", "one"], ["h"]),
        node("MatMul", ["h", "head"], ["mixed"]),
        node("Transpose", ["mixed"], perm=[1, 0, 2]),
    ]
    held = [1, "batch", n]
    ends = [[value(name, held) for name in names] for names in (("a", "z"), after)]
    tensors = [ONE, *(const(*pair) for pair in weights.items())]
    save(path, nodes, tensors, ["batch", "N", 1], *([[], []] if stateless else ends))
    return weights


def test_an_untrusted_lstm_plays(tmp_path):
    weights = lstm(tmp_path / "a.onnx")
    model = read_onnx(tmp_path / "a.onnx")
    n, rate = 6, model.card.rate
    assert rate == 48_000
    assert multiply_adds(model.card.model) == 4 * n * (1 + n) + n
    h = c = np.zeros(n)
    want = []
    bias = weights["b"][0, : 4 * n] + weights["b"][0, 4 * n :]
    for sample in np.concatenate((np.zeros(2_000), X)):  # long enough to settle
        i, o, f, g = np.split(weights["w"][0, :, 0] * sample + weights["r"][0] @ h + bias, 4)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        want.append(weights["head"][:, 0] @ h)
    assert close(predict(model, X), np.array(want[2_000:]))


def test_a_graph_that_forgets_or_mixes_up_its_state_is_refused(tmp_path):
    for how in ({"stateless": True}, {"after": ("q", "p")}):
        lstm(tmp_path / "a.onnx", **how)
        refused(tmp_path / "a.onnx", "depends on how the audio is cut")


def loop(path):
    still = helper.make_graph(
        [node("Identity", ["go"], ["still"])], "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL)],
        [value("still", [], TensorProto.BOOL)],
    )  # fmt: skip
    true = const("true", True, bool)
    return save(path, [node("Loop", ["", "true"], [], body=still), node("Identity")], [true])


def doubling(path):
    nodes = [node("Concat", [f"v{i}"] * 2, [f"v{i + 1}"], axis=1) for i in range(40)]
    last = node("ReduceSum", ["v40", "one"])
    return save(path, [node("Identity", outputs=["v0"]), *nodes, last], [ONE])


def expanding(path, shape):
    nodes = [
        node("ReduceSum", ["x"], ["sum"], keepdims=0),
        node("Cast", ["sum"], ["scalar"], to=TensorProto.INT64),
        node("Unsqueeze", ["scalar", "zero"], ["many"]),
        node("Concat", ["one", shape, "one"], ["shape"], axis=0),
        node("Expand", ["x", "shape"], ["z"]),
        node("ReduceSum", ["z", "one"]),
    ]
    weights = [ONE, const("zero", [0], np.int64), const("huge", [1 << 40], np.int64)]
    return save(path, nodes, weights)


def convolving(path, taps, **more):
    return save(path, [node("Conv", ["x", "w"], **more)], [const("w", np.ones((1, 1, taps)))])


def scaled(path, names, ranges=None):
    """A graph with a knob for its volume."""
    props = {"knobs": names, "knob_ranges": ranges}
    props = {key: text for key, text in props.items() if text is not None}
    return save(path, [node("Mul", ["x", "knobs"])], before=[value("knobs", [1, 1])], props=props)


def test_a_knob_of_another_programs_turns(tmp_path):
    model = read_onnx(scaled(tmp_path / "a.onnx", '["volume"]', '[{"name": "volume", "most": 10}]'))
    assert close(predict(with_knobs(model, {"volume": 8}), X), 0.8 * X)
    assert close(predict(model, X), 0.5 * X)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (loop, "'Loop'"),
        (doubling, "would hold"),
        (lambda p: expanding(p, "huge"), "would hold|cannot be told"),
        (lambda p: expanding(p, "many"), "cannot be told beforehand"),
        (lambda p: edited(convolving(p, 1), outside), "another file"),
        (lambda p: save(p, [node("Evil", domain="x.y")]), "'x.y.Evil'"),
        (lambda p: save(p, [node("Sqrt", ["nothing"])]), "no valid ONNX graph"),
        (lambda p: save(p, [node("Sqrt")] * 5_000), "5000 nodes"),
        (lambda p: save(p, [node("Identity")], audio=(1, 1, 512)), "could be the audio"),
        (lambda p: save(p, [node("Identity")], audio=(1, 2, "N")), "could be the audio"),
        (lambda p: save(p, [node("Identity")], before=[value("k", [1, 3])]), "beside the audio"),
        (lambda p: save(p, [node("Identity")], before=[value("k", [1, 1, "M"])]), "2 inputs"),
        (lambda p: smoother(p, props={"samplerate": "1e99"}), "sample_rate"),
        (lambda p: smoother(p, held=2), "going in"),
        (lambda p: scaled(p, '["drive", "tone"]'), r"2 knobs, its input 'knobs' is \(1, 1\)"),
        (lambda p: scaled(p, '["drive"]', '[{"name": "drive", "least": 1e999}]'), "names of knobs"),
        (lambda p: scaled(p, "drive"), "names of knobs"),
        (lambda p: scaled(p, None), "beside the audio"),
        (lambda p: save(p, [node("Add", ["x", "w"])], [const("w", [np.inf])]), "NaN or infinite"),
        (lambda p: convolving(p, 3), "outputs with a sample for every sample"),
        (lambda p: convolving(p, 3, pads=[1, 1]), "depends on how the audio is cut"),
        (lambda p: save(p, [node("Log")]), "depends on how"),  # NaN for half of all samples
    ],
)
def test_what_cannot_be_played_safely_is_refused_in_one_line(make, reason, tmp_path):
    refused(make(tmp_path / "a.onnx"), reason)


def test_an_untrusted_graph_is_not_trained_nor_saved_as_weights(tmp_path):
    model = read_onnx(smoother(tmp_path / "a.onnx"))
    with pytest.raises(DrywetError, match="PyTorch"):
        build(model.card.model)
    with pytest.raises(DrywetError, match="cannot hold an ONNX graph"):
        save_model(tmp_path / "a.safetensors", model)
    (tmp_path / "b.onnx").write_bytes(onnx_write.encode(model, "b", MADE))
    assert np.array_equal(predict(read_onnx(tmp_path / "b.onnx"), X), predict(model, X))


def test_without_the_package_one_line_says_what_to_install():
    code = (
        "import sys\n"
        "sys.modules['onnx'] = None\n"
        "from drywet.formats.onnx.read import read_onnx\n"
        "from drywet.errors import DrywetError\n"
        "try: read_onnx('a.onnx')\n"
        "except DrywetError as error: sys.exit('drywet[onnx]' not in str(error))\n"
        "sys.exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
