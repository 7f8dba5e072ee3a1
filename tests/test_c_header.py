"""C headers compiled with every warning an error, and played against PyTorch in float64."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from itertools import product

import numpy as np
import pytest

from drywet.dsp.oversampling import filters
from drywet.errors import DrywetError
from drywet.formats.c import write as c_header
from drywet.formats.c.program import harmless, identifier, number
from drywet.inference.players import OversampledPlayer
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import kind_of
from drywet.trained.knobs import with_knobs
from tests.exported import (
    KNOBS,
    KNOBS_WAVENET,
    LINEAR,
    RECURRENT,
    STACKS,
    WAVENETS,
    WINDOWED,
    close,
    reference,
    trained,
)
from tests.support import grid, playing, tool

X = playing(0.05, 48_000)
MADE = datetime(2026, 11, 23)
CONFIGS = [*RECURRENT, *WAVENETS, *STACKS, *LINEAR, LinearConfig(taps=20), KNOBS, KNOBS_WAVENET]
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]

# All models in one program: play INDEX BLOCK [KNOB ...], in place, from stdin to stdout.
MAIN = """
#include <stdio.h>
#include <stdlib.h>
static float samples[1 << 20];
#define PLAY(NAME) do { \\
        static NAME##_state state; \\
        NAME##_init(&state); \\
        KNOBS_##NAME \\
        for (at = 0; at < count; at += block) \\
            NAME##_process(&state, samples + at, samples + at, \\
                           count - at < block ? count - at : block); \\
    } while (0)
int main(int argc, char **argv) {
    const int which = atoi(argv[1]), block = atoi(argv[2]);
    const int count = (int)fread(samples, sizeof(float), 1 << 20, stdin);
    int at;
    (void)argc;
    switch (which) {
CASES
    }
    fwrite(samples, sizeof(float), (size_t)count, stdout);
    return 0;
}
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    heads, cases = [], []
    for i, config in enumerate(CONFIGS):
        text = c_header.encode(trained(config), f"m{i}", MADE)
        (folder / f"m{i}.h").write_bytes(text)
        turn = "state.knobs[0] = (float)atof(argv[3]); state.knobs[1] = (float)atof(argv[4]);"
        knobs = f"if (argc > 4) {{ {turn} }}" if config.controls else ""
        heads.append(f'#include "m{i}.h"\n#define KNOBS_m{i} {knobs}\n')
        cases.append(f"    case {i}: PLAY(m{i}); break;\n")
    path = folder / "play.c"
    path.write_text("".join(heads) + MAIN.replace("CASES\n", "".join(cases)))
    return path


def build(source, *flags):
    program = source.with_name("play" + "_".join(re.findall(r"\w+", "".join(flags))))
    command = [tool("cc"), "-std=c99", *STRICT, *flags, source, "-o", program, "-lm"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return program


def play(program, i, block, *knobs):
    command = [program, str(i), str(block), *map(str, knobs)]
    done = subprocess.run(command, input=X.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[:3000]
    return np.frombuffer(done.stdout, np.float32)


@pytest.fixture(scope="module")
def optimised(source):
    return build(source, "-O2")


@pytest.mark.parametrize("i", range(len(CONFIGS)), ids=lambda i: CONFIGS[i].title)
def test_compiled_header_plays_like_the_model_for_blocks_of_any_length(i, optimised):
    want = reference(trained(CONFIGS[i]), X)
    assert np.std(want) > 5e-4
    for block in (1, 7, 512, len(X)):
        assert close(play(optimised, i, block), want)


def test_sanitizers_find_nothing(source):
    program = build(source, "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    for i, config in enumerate(CONFIGS):
        assert close(play(program, i, 33), reference(trained(config), X))


def test_it_is_cplusplus_too(source):
    command = [tool("c++"), "-x", "c++", "-fsyntax-only", "-Wall", "-Werror", source]
    subprocess.run(list(map(str, command)), check=True)


@pytest.mark.parametrize("config", [KNOBS, KNOBS_WAVENET], ids=lambda c: c.title)
def test_knobs_turn(optimised, config):
    i = CONFIGS.index(config)
    want = reference(trained(config), X, {config.knobs[0]: 1.0, config.knobs[1]: 0.0})
    y = play(optimised, i, 64, 1.0, 0.0)
    assert close(y[-500:], want[-500:])  # once the net has forgotten where it started
    assert not close(y[-500:], reference(trained(config), X)[-500:])


OVERSAMPLED = [RECURRENT[0], WAVENETS[0], STACKS[0], KNOBS, KNOBS_WAVENET]


@pytest.mark.parametrize(
    ("factor", "phase"),
    grid(product((2, 8), ("linear", "minimum")), few=[(2, "linear"), (8, "minimum")], spread=True),
)
def test_an_oversampled_header_plays_like_the_stream(tmp_path, factor, phase):
    """In blocks of any length, with no word from the sanitizers."""
    around = filters(48_000, factor, phase)
    heads, cases = [], []
    for i, config in enumerate(OVERSAMPLED):
        text = c_header.encode(trained(config), f"m{i}", MADE, around)
        (tmp_path / f"m{i}.h").write_bytes(text)
        latency = round(around.latency) + trained(config).card.output_latency
        assert f"#define M{i}_LATENCY {latency} ".encode() in text
        heads.append(f'#include "m{i}.h"\n#define KNOBS_m{i}\n')
        cases.append(f"    case {i}: PLAY(m{i}); break;\n")
    source = tmp_path / "play.c"
    source.write_text("".join(heads) + MAIN.replace("CASES\n", "".join(cases)))
    test_it_is_cplusplus_too(source)
    sanitized = build(source, "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    for i, config in enumerate(OVERSAMPLED):
        model = with_knobs(trained(config))
        want = OversampledPlayer(
            kind_of(model.card.model).copies(
                model.card.model, model.weights, model.card.rate, b"", factor
            ),
            around,
        ).process(X)
        assert np.std(want) > 5e-4
        for block in (7, len(X)):
            assert close(play(sanitized, i, block), want)


@pytest.mark.parametrize("name", ["*/ int x; /*", "\\", "??/", '"', "a\nb", "", "9", "é", "@", "_"])
def test_no_name_breaks_out_of_the_header(name, tmp_path):
    model = trained(RecurrentConfig(hidden=2))
    path = tmp_path / "a.h"
    path.write_bytes(c_header.encode(model, name, MADE))
    start = identifier(name)
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]*", start)
    main = tmp_path / "a.c"
    main.write_text(
        f'#include "a.h"\nint main(void) {{ {start}_state s; {start}_init(&s); '
        f"{start}_process(&s, 0, 0, 0); return 0; }}\n"
    )
    command = [tool("cc"), "-std=c99", *STRICT, "-trigraphs", "-fsyntax-only", main]
    subprocess.run(list(map(str, command)), check=True)
    assert not set(harmless(name)) & set('*/\\"?\n@')


def test_floats_read_back_exactly():
    bits = np.random.default_rng(0).integers(0, 2**32, 5000, np.uint32)
    values = bits.view(np.float32)
    for value in (*values[np.isfinite(values)], np.float32(1), np.float32(0), np.float32(1e-45)):
        text = number(value)
        assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?f", text)
        assert "." in text or "e" in text
        assert np.float32(text[:-1]) == value


def test_what_it_cannot_hold_is_refused():
    with pytest.raises(DrywetError, match="cannot hold a windowed"):
        c_header.encode(trained(WINDOWED[0]), "x", MADE)
