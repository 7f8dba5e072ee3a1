"""The way of the data is the architecture: imports point one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import drywet

SOURCE = Path(drywet.__file__).parent

# From the signal up to the verbs; a part may import itself and what stands before it.
LAYERS = [
    {"errors", "words"},
    {"storage", "validation"},
    {"audio"},
    {"optimizers"},
    {"dsp", "kernels"},
    {"metrics"},
    {"circuits"},
    {"pair"},
    {"data"},
    {"models"},
    {"losses"},
    {"trained"},
    {"captures"},
    {"inference"},
    {"formats"},
    {"runs"},
    {"figures", "devices"},
    {"browser", "evaluation"},
    {"report"},
    {"training"},
    {"verbs"},
    {"studies"},
    {"web"},
    {"cli"},
]
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}


def part_of(module: str) -> str | None:
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "drywet" and len(pieces) > 1 else None


def imports(path: Path) -> set[str]:
    """Modules of drywet that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "drywet"}


def files() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem in RANK]


def test_every_part_has_a_layer():
    parts = {p.relative_to(SOURCE).parts[0].removesuffix(".py") for p in SOURCE.rglob("*.py")}
    assert parts - {"__init__"} == set(RANK)


def test_imports_point_down():
    wrong = []
    for path in files():
        own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for module in imports(path):
            other = part_of(module)
            if other in RANK and other != own and RANK[other] >= RANK[own]:
                wrong.append(f"{path.relative_to(SOURCE)} imports {module}")
    assert not wrong


def reachable(module: str) -> set[str]:
    """All drywet modules that importing ``module`` may bring in."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        path = SOURCE.joinpath(*name.split(".")[1:])
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in seen or name == "drywet" or not path.is_file():
            continue
        seen.add(name)
        todo += imports(path)
    return seen


def test_running_a_model_never_imports_the_trainer():
    for verb in ("evaluate", "export", "info", "render", "check", "signal"):
        trained_by = {
            m for m in reachable(f"drywet.verbs.{verb}") if m.startswith("drywet.training")
        }
        assert not trained_by, verb
    assert any(m.startswith("drywet.training") for m in reachable("drywet.verbs.train"))


def test_the_command_line_only_calls_verbs():
    allowed = {
        "verbs",
        "studies",
        "cli",
        "errors",
        "runs",
        "storage",
        "training",
        "validation",
        "formats",
        "web",
        "words",
    }
    for path in (SOURCE / "cli").glob("*.py"):
        assert {part_of(m) for m in imports(path)} - {None} <= allowed, path


def test_rendering_a_recurrent_net_needs_no_pytorch(run_folder, tmp_path):
    from drywet.kernels.choice import choice
    from tests.support import playing, save

    if choice().target is None:
        pytest.skip(choice().reason)
    source = save(tmp_path / "in.wav", playing(1))
    code = (
        "import sys\n"
        "from drywet.verbs.render import render\n"
        "render(*sys.argv[1:])\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, run_folder, source, tmp_path / "out.wav"]
    subprocess.run(list(map(str, command)), check=True)


def test_help_and_import_load_nothing_heavy():
    code = (
        "import sys, drywet\n"
        "from drywet.cli import app\n"
        "sys.argv = ['drywet', '--help']\n"
        "try: app.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'scipy', 'matplotlib', 'pydantic', 'soundfile', 'soxr'}\n"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout
