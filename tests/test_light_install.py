"""What `pip install drywet` alone brings is enough to play, convert, inspect and run circuits."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from drywet.kernels.choice import choice
from tests.support import playing, save

EXTRAS = ("torch", "scipy", "matplotlib", "pyloudnorm", "jinja2", "yaml", "filelock", "onnx")
HIDE = f"""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
"""

pytestmark = pytest.mark.skipif(choice().target is None, reason=choice().reason)


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    """The command line in processes that find none of the extras."""
    hidden = tmp_path_factory.mktemp("hidden")
    (hidden / "sitecustomize.py").write_text(HIDE)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(hidden), *sys.path])}
    script = (
        "import json, sys\n"
        "from drywet.cli import app\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    sys.argv = ['drywet', *words]\n"
        "    try: app.main()\n"
        "    except SystemExit as stop:\n"
        "        if stop.code: sys.exit(stop.code)\n"
    )

    def run(*commands):
        import json

        words = json.dumps([[str(word) for word in command] for command in commands])
        call = [sys.executable, "-c", script, words]
        return subprocess.run(call, env=environment, capture_output=True, text=True, check=False)

    return run


def test_models_play_convert_and_are_described(light, run_folder, tmp_path):
    source = save(tmp_path / "in.wav", playing(1))
    nam, aidax = tmp_path / "m.nam", tmp_path / "m.aidax.json"
    done = light(
        ("doctor",),
        ("render", run_folder, source, tmp_path / "run.wav"),
        ("export", run_folder, "-o", nam),
        ("render", nam, source, tmp_path / "nam.wav"),
        ("convert", run_folder, aidax),
        ("convert", run_folder, tmp_path / "m.h"),
        ("convert", nam, tmp_path / "m.rtneural.json"),
        ("info", aidax),
        ("check", source, tmp_path / "run.wav"),
    )
    assert done.returncode in (0, 2), done.stderr  # the check may find it too short
    assert (tmp_path / "m.rtneural.json").is_file(), done.stderr
    assert "pip install 'drywet[train]'" in done.stdout  # the doctor's advice


def test_circuits_run(light, tmp_path):
    done = light(
        ("devices",),
        ("signal", tmp_path / "dry.wav", "--seconds", 30, "--rate", 16000),
        ("process", "sd1", tmp_path / "dry.wav", tmp_path / "wet.wav", "--oversample", 2),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "wet.wav").is_file()


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("train", "dry.wav", "wet.wav"), "train"),
        (("demo", "-o", "nowhere"), "train"),
        (("evaluate", "RUN"), "score"),
        (("report", "RUN"), "score"),
    ],
)
def test_what_needs_more_says_what_to_install(light, run_folder, command, extra):
    done = light([str(run_folder) if word == "RUN" else word for word in command])
    assert done.returncode == 2, done.stderr
    assert f"pip install 'drywet[{extra}]'" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("drywet: ")
    assert "Traceback" not in done.stderr


def test_python_says_so_too():
    code = f"{HIDE}\nimport drywet\ntry: drywet.train\nexcept drywet.DrywetError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "PyTorch is not installed" in done.stdout, done.stderr
