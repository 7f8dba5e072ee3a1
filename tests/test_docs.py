"""The documentation cannot rot: every command documented, every documented command run."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import signal
import typing
from pathlib import Path
from unittest import mock

import pytest
import typer
import yaml
from filelock import FileLock
from pydantic import ValidationError

from drywet.cli.app import app
from drywet.models.kind import STATEFUL
from drywet.models.linear.config import LinearConfig
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.registry import ModelConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.models.windowed.config import WindowedConfig
from drywet.runs.choices import QUALITY
from drywet.runs.config import Settings
from drywet.studies.plan import read_plan
from drywet.studies.points import Captured, jobs_of
from tests.served import served
from tests.support import (
    RATE,
    Outcome,
    drywet,
    overdrive,
    playing,
    require_demo,
    save,
    short_captures,
    studies_in_this_process,
)  # fmt: skip

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


def documented_settings() -> dict[str, str]:
    """The defaults in the table of settings, by key."""
    return {
        cells[0].strip("` "): cells[2].strip("` ")
        for line in (ROOT / "docs" / "runs.md").read_text().splitlines()
        if line.startswith("| `") and len(cells := line.strip("|").split("|")) == 4
    }


def require_default(key: str, documented: str, value: object) -> None:
    if isinstance(value, bool):
        assert documented == "no", key
    elif isinstance(value, (int, float)):
        assert float(documented) == value, key
    elif isinstance(value, str):
        assert documented == value, key


def test_every_setting_is_documented_with_its_default():
    rows = documented_settings()
    defaults = Settings().model_dump()
    keys = {
        f"{section}.{key}"
        for section in ("loss", "training", "capture")
        for key in defaults[section]
    }
    assert keys == {key for key in rows if not key.startswith("model.")}
    for key in keys - {"training.epochs"}:
        section, name = key.split(".")
        require_default(key, rows[key], defaults[section][name])


# What the command line can train; a stack is described by a file, as docs/formats.md says.
MODELS = (RecurrentConfig, WindowedConfig, LinearConfig, WaveNetConfig)
IN_FILES_ONLY = {"arrays"}  # of a WaveNet, instead of a preset


def is_refused(model: type, key: str) -> bool:
    """Whether a run with this set cannot be trained: it comes with others' models alone."""
    with contextlib.suppress(ValidationError):
        Settings(model=model(**{key: ("a",) if key == "knobs" else True}))
        return False
    return True


def test_every_setting_of_a_model_is_documented_with_its_default():
    rows = {k.removeprefix("model."): v for k, v in documented_settings().items() if "model." in k}
    found: dict[str, set] = {}
    for model in MODELS:
        for key, field in model.model_fields.items():
            if key not in IN_FILES_ONLY and not (
                key in ("knobs", "bias") and is_refused(model, key)
            ):
                found.setdefault(key, set()).add(field.default)
    preset = rows.pop("preset")  # stands for arrays
    assert WaveNetConfig() == WaveNetConfig(preset=preset) != WaveNetConfig(preset="nano")
    assert set(rows) == set(found)
    assert rows["kind"] == RecurrentConfig().kind
    for key, defaults in found.items():
        if key != "kind":
            (default,) = defaults
            require_default(key, rows[key], default)
    page = (ROOT / "docs" / "runs.md").read_text()
    assert all(f"`{key}`" in page for key in IN_FILES_ONLY)
    every = typing.get_args(typing.get_args(ModelConfig)[0])
    assert {kind.__name__ for kind in every} - {kind.__name__ for kind in MODELS} == {
        "StackConfig", "OnnxConfig",
    }  # fmt: skip


def lay_out(folder: Path) -> None:
    """The files that the documentation speaks of."""
    dry = playing(8, RATE)
    save(folder / "dry.wav", dry)
    save(folder / "wet.wav", overdrive(dry))
    save(folder / "riff.wav", playing(1, RATE, seed=2))
    save(folder / "cab.wav", playing(0.1, RATE, seed=3))
    (netlist,) = blocks((ROOT / "docs" / "circuits.md").read_text(), "spice")
    (folder / "my.cir").write_text(netlist)
    (folder / "captures").mkdir()
    save(folder / "captures" / "dry.wav", dry)
    for drive in (0, 5, 10):
        save(folder / "captures" / f"wet_drive{drive}.wav", overdrive((1 + drive / 10) * dry))
    (folder / "studies").mkdir()
    (folder / "studies" / "seed.yaml").write_text(yaml.safe_dump(SMALL_STUDY))


@pytest.fixture
def desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path)
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


SHORT = {
    "train": (
        "--epochs",
        "1",
        "--examples",
        "400",
        "--segment",
        "512",
        "--batch",
        "4",
        "--optimizer",
        "adam",
    ),
    "demo": ("--seconds", "1"),
}
DOCUMENTED = [
    (page, number, line)
    for page in PAGES
    for number, line in enumerate(commands(page.read_text()))
    if "../shared" not in line  # recordings that are not everybody's
]


@pytest.fixture(scope="session")
def desks(once):
    """For each page a folder in which all its commands are run in order, as a reader would."""

    def find(page: Path) -> Path:
        return once(f"desk-{page.stem}", lay_out)

    return find


@contextlib.contextmanager
def short_cleaning():
    """Some steps of it: how well it cleans is tried elsewhere."""
    usual = STATEFUL.cleaning_steps
    object.__setattr__(STATEFUL, "cleaning_steps", 10)
    try:
        yield
    finally:
        object.__setattr__(STATEFUL, "cleaning_steps", usual)


def run_at(folder: Path, line: str):
    """Run a documented command; the recordings stay what they are."""
    words = shlex.split(line)[1:]
    kept = {name: (folder / name).read_bytes() for name in ("dry.wav", "wet.wav")}
    short = () if "--resume" in words else SHORT.get(words[0], ())
    if "--quality" in words:  # which is a budget
        short = short[2:]
    if words[0] == "serve":
        return serve_and_stop(folder / words[1] if len(words) > 1 else folder / "runs")
    if words[0] == "signal":
        (folder / words[1]).unlink()
    quick = {"cycles": 1, "restarts": 1}
    with (
        contextlib.chdir(folder), short_captures(), studies_in_this_process(),
        mock.patch.dict(QUALITY, quick=quick), short_cleaning(),
    ):  # fmt: skip
        done = drywet(*words, *short)
    for name, data in kept.items():
        (folder / name).write_bytes(data)
    return done


def serve_and_stop(runs: Path) -> Outcome:
    """The page answers, and Ctrl-C ends it."""
    with served(runs) as server:
        page = server.open()
        server.process.send_signal(signal.SIGINT)
        ended = server.process.wait(20)
    return Outcome(0 if (page.code, ended) in ((303, 0), (303, 130)) else 1, "", str(ended))


@pytest.mark.parametrize(
    ("page", "number", "line"), DOCUMENTED, ids=lambda p: getattr(p, "name", str(p))
)
def test_a_documented_command_runs(page, number, line, desks):
    code, _, err = outcome_of(page, number, desks(page))
    assert code == "0", err


def outcome_of(page: Path, number: int, folder: Path) -> list[str]:
    """Code, output and errors of a page's command.

    What its earlier commands make is there: they are run first, each once.
    """
    with FileLock(folder / ".lock"):
        for _, earlier, command in (entry for entry in DOCUMENTED if entry[0] == page):
            outcome = folder / f".command-{earlier}"
            if earlier <= number and not outcome.exists():
                done = run_at(folder, command)
                outcome.write_text(json.dumps([str(done.code), done.out, done.err]))
        return json.loads((folder / f".command-{number}").read_text())


def test_the_documented_demo_leaves_what_it_says(desks):
    (page, number, line) = next(entry for entry in DOCUMENTED if " demo " in entry[2])
    folder = desks(page)
    out = folder / shlex.split(line)[-1]
    _, text, _ = outcome_of(page, number, folder)
    require_demo(out, text)
    with short_captures():
        assert drywet("demo", "-o", out).code == 2


def test_the_python_lines_of_runs_run(desk):
    (code,) = blocks((ROOT / "docs" / "runs.md").read_text(), "python")
    found: dict = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, found)
        found["job"].join()
    assert list(Path("runs").glob("*/model.safetensors"))


def test_the_python_lines_of_circuits_run(desk):
    save(desk / "dry.wav", playing(0.5))
    (code,) = blocks((ROOT / "docs" / "circuits.md").read_text(), "python")
    found: dict = {}
    exec(code, found)
    assert found["wet"].shape == found["dry"].shape


def test_the_python_lines_run(desk):
    (code,) = blocks(README, "python")
    assert len([line for line in code.splitlines() if line.strip()]) == 8
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code.replace("seconds=60", "epochs=0.2, segment=512, batch=4"), {})
    assert out.getvalue()


def test_two_commands_do_the_set_up():
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}: setup", makefile, re.M)
    for target in ("lint types", "test"):
        assert f"make {target}\n" in (ROOT / ".ci" / "run").read_text()


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
        assert len(found) == (1 if quick else 3) * (3 * 6 + 2)
