"""The documentation cannot rot: every command documented, every documented command run."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from drywet.cli.app import app
from drywet.runs.config import Settings
from drywet.studies.plan import read_plan
from drywet.studies.points import Captured, jobs_of
from tests.support import drywet, overdrive, playing, save

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def commands(text: str) -> list[str]:
    """Lines of shell blocks that call drywet, without comments."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    return [line.split("#")[0].strip() for line in lines if line.startswith("drywet ")]


def test_every_command_is_documented():
    documented = {line.split()[1] for page in PAGES for line in commands(page.read_text())}
    existing = {command.name for command in app.registered_commands}
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    assert existing | set(groups) <= documented
    text = "\n".join(page.read_text() for page in PAGES)
    for name, group in groups.items():
        for command in group.registered_commands:
            assert command.name == "run" or f"drywet {name} {command.name} " in text


def test_every_option_of_study_is_documented():
    page = (ROOT / "docs" / "study.md").read_text()
    group = typer.main.get_command(app).commands["study"]
    for command in group.commands.values():
        for parameter in command.params:
            for name in parameter.opts:
                assert not name.startswith("--") or name in page, name


def test_every_option_of_train_is_documented():
    group = typer.main.get_command(app)
    options = {
        name
        for parameter in group.commands["train"].params
        for name in parameter.opts
        if name.startswith("--")
    }
    documented = "\n".join(page.read_text() for page in PAGES)
    missing = {name for name in options if not re.search(rf"{name}\b", documented)}
    assert not missing


def test_every_setting_is_documented_with_its_default():
    rows = {
        cells[0].strip("` "): cells[2].strip("` ")
        for line in (ROOT / "docs" / "runs.md").read_text().splitlines()
        if line.startswith("| `") and len(cells := line.strip("|").split("|")) == 4
    }
    defaults = Settings().model_dump()
    keys = {
        f"{section}.{key}"
        for section in ("loss", "training", "capture")
        for key in defaults[section]
    }
    assert keys == {key for key in rows if not key.startswith("model.")}
    for key in keys:
        section, name = key.split(".")
        value = defaults[section][name]
        if isinstance(value, bool):
            assert rows[key] == "no"
        elif isinstance(value, (int, float)):
            assert float(rows[key]) == value, key


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the files that the documentation speaks of."""
    monkeypatch.chdir(tmp_path)
    dry = playing(35, 16_000)
    save(Path("dry.wav"), dry)
    save(Path("wet.wav"), overdrive(dry))
    save(Path("riff.wav"), playing(2, 16_000, seed=2))
    (netlist,) = blocks((ROOT / "docs" / "circuits.md").read_text(), "spice")
    Path("my.cir").write_text(netlist)
    Path("studies").mkdir()
    Path("studies/seed.yaml").write_text(yaml.safe_dump(SMALL_STUDY))
    return tmp_path


# In place of the one that takes minutes.
SMALL_STUDY = {
    "name": "seed",
    "pairs": [{"name": "amp", "dry": "../dry.wav", "wet": "../wet.wav"}],
    "evaluation": "scores",
    "settings": {"training": {"segment": 256, "epochs": 0.1}},
    "grids": [{"name": "g", "axes": {"model.hidden": [2, 3]}}],
    "quick": {"grids": [{"name": "g", "axes": {"model.hidden": [2]}}]},
}


SHORT = {"train": ["--seconds", "2"], "demo": ["--seconds", "2"]}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_documented_commands_run(page, desk):
    """In order, as a reader would; trainings get a budget of two seconds."""
    wav = {name: (desk / name).read_bytes() for name in ("dry.wav", "wet.wav")}
    for line in commands(page.read_text()):
        words = shlex.split(line)[1:]
        if "../shared" in line:
            continue  # recordings that are not everybody's
        budget = [] if "--resume" in words else SHORT.get(words[0], [])
        if words[0] == "signal":
            Path(words[1]).unlink()
        done = drywet(*words, *budget)
        assert done.code == 0, f"{line}\n{done.err}"
        for name, data in wav.items():
            (desk / name).write_bytes(data)


def test_the_python_lines_of_circuits_run(desk):
    (code,) = blocks((ROOT / "docs" / "circuits.md").read_text(), "python")
    found: dict = {}
    exec(code, found)
    assert found["wet"].shape == found["dry"].shape


def test_the_python_lines_run(desk):
    (code,) = blocks(README, "python")
    assert len([line for line in code.splitlines() if line.strip()]) == 8
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code.replace("seconds=60", "seconds=2"), {})
    assert out.getvalue()


def test_two_commands_do_the_set_up():
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}: setup", makefile, re.M)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_documented_files_exist():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_settings_examples_train(capture, tmp_path):
    examples = [block for page in PAGES for block in blocks(page.read_text(), "json")]
    assert examples
    for number, example in enumerate(examples):
        file = tmp_path / f"{number}.json"
        file.write_text(example)
        done = drywet(
            "train", *capture, "-o", tmp_path / f"run-{number}", "--config", file,
            "--epochs", 0.1, "--segment", 1024,
        )  # fmt: skip
        assert done.code == 0, done.err


def test_the_study_example_can_be_planned(tmp_path):
    (example,) = blocks((ROOT / "docs" / "study.md").read_text(), "yaml")
    path = tmp_path / "study.yaml"
    path.write_text(example)
    for quick in (False, True):
        plan = read_plan(path, quick)
        sources = {
            s.name: Captured(s.name, Path("d"), Path("w"), s.name, None, ()) for s in plan.sources
        }
        found = jobs_of(plan, sources)
        assert len(found) == (1 if quick else 3) * (2 * 6 + 2)
