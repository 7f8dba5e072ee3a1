"""What a study may declare, and what runs come of it."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
import yaml

from drywet.errors import DrywetError
from drywet.models.registry import parameter_count
from drywet.studies.plan import read_plan
from drywet.studies.points import Captured, jobs_of
from drywet.studies.sources import declared
from drywet.studies.workers import sizes
from tests.support import drywet, overdrive, playing, save

STUDIES = Path(__file__).resolve().parent.parent / "studies"

SMALL = {
    "name": "small",
    "devices": [{"name": "SD-1", "device": "sd1"}],
    "settings": {"training": {"final_rate": 1.0}},
    "grids": [{"name": "g", "axes": {"training.epochs": [1, 2]}}],
}


def written(folder: Path, content: object) -> Path:
    path = folder / "study.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def sources(plan, wet: str = "a") -> dict[str, Captured]:
    return {
        source.name: Captured(source.name, Path("dry"), Path("wet"), wet + source.name, None, ())
        for source in plan.sources
    }


def jobs(folder: Path, content: object, wet: str = "a"):
    plan = read_plan(written(folder, content))
    return jobs_of(plan, sources(plan, wet))


def test_the_seed_study_is_the_published_one(tmp_path):
    """Five structures with the study's own counts of parameters, two pedals, five lengths.

    And three seeds, which it had not.
    """
    plan = read_plan(STUDIES / "seed.yaml")
    found = jobs_of(plan, sources(plan))
    counts = {job.settings.model.title: parameter_count(job.settings.model) for job in found}
    assert list(counts.values()) == [1169, 3281, 1169, 4385, 12705]
    assert {job.source.name for job in found} == {"SD-1", "Black '65"}
    for job in found:
        training = job.settings.training
        assert training.milestones == job.lengths == (20, 35, 50, 80, 200)
        assert (training.epochs, training.batch, training.learning_rate) == (200, 64, 1e-3)
        assert job.settings.segment == 1
        assert job.settings.loss.model_dump(exclude_defaults=True) == {"esr": 0, "mae": 1}
    assert {job.settings.training.examples for job in found} >= {20_000, 100_000, 500_000}
    assert len({job.id for job in found}) == len(found) == 3 * 50
    assert len(jobs_of(plan, declared(plan, tmp_path))) == 3 * 50  # before its devices are played


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("quick", [False, True])
def test_every_study_that_comes_with_drywet_can_be_planned(path, quick):
    plan = read_plan(path, quick)
    assert jobs_of(plan, sources(plan))


def test_a_length_on_the_way_is_no_training_of_its_own(tmp_path):
    (one,) = jobs(tmp_path, SMALL)
    assert one.lengths == (1, 2)
    assert one.settings.training.epochs == 2


def test_where_the_rate_falls_to_the_end_every_length_is(tmp_path):
    two = jobs(tmp_path, SMALL | {"settings": {}})
    assert [job.lengths for job in two] == [(1,), (2,)]
    assert all(not job.settings.training.milestones for job in two)


def test_a_name_stands_for_what_decides_the_numbers(tmp_path):
    """Neither threads nor order; the device, the settings and the seed."""

    def names(content, wet="a"):
        return {job.id for job in jobs(tmp_path, content, wet)}

    same = names(SMALL)
    assert names(SMALL | {"settings": {"training": {"final_rate": 1.0, "threads": 7}}}) == same
    assert names(SMALL | {"grids": [{"name": "g", "axes": {"training.epochs": [2, 1, 5]}}]}) == same
    assert not names(SMALL, wet="b") & same
    for changed in ({"seed": 1}, {"batch": 8}):
        other = SMALL | {"settings": {"training": {"final_rate": 1.0, **changed}}}
        assert not names(other) & same


def test_grids_share_what_they_both_ask_for(tmp_path):
    grids = [
        {"name": "sizes", "axes": {"model": [{"hidden": 8}, {"hidden": 16}]}, "seeds": 2},
        {"name": "skip", "axes": {"model.skip": [False, True]}, "seeds": 2},
        {"name": "listed", "points": [{"model.hidden": 8}, {"model.cell": "gru"}]},
    ]
    found = jobs(tmp_path, SMALL | {"grids": grids, "settings": {}})
    titles = [job.settings.model.title for job in found]
    assert titles == ["LSTM 8", "LSTM 8", "LSTM 16", "LSTM 16", "LSTM 16 + skip", "LSTM 16 + skip",
                      "GRU 16"]  # fmt: skip
    assert [job.settings.training.seed for job in found] == [0, 1, 0, 1, 0, 1, 0]


def test_a_pair_may_have_a_capture_of_its_own(tmp_path):
    content = SMALL | {
        "devices": [],
        "pairs": [
            {"name": "a", "dry": "d.wav", "wet": "w.wav", "capture": {"rate": 22050}},
            {"name": "b", "dry": "d.wav", "wet": "v.wav"},
        ],
        "settings": {"capture": {"margin": 2}},
    }
    found = {job.source.name: job.settings.capture for job in jobs(tmp_path, content)}
    assert (found["a"].rate, found["a"].margin) == (22050, 2)
    assert (found["b"].rate, found["b"].margin) == (None, 2)


def test_pairs_from_the_command_line_stand_for_the_devices(tmp_path):
    content = SMALL | {
        "grids": [{"name": "g", "of": ["SD-1"], "axes": {"training.epochs": [1]}}],
        "searches": [{"of": "SD-1", "space": {"model.hidden": [8, 16]}}],
    }
    path = written(tmp_path, content)
    plan = read_plan(
        path, pairs=((Path("x.wav"), Path("one.wav")), (Path("x.wav"), Path("two.wav")))
    )
    assert [source.name for source in plan.sources] == ["one", "two"]
    assert {job.source.name for job in jobs_of(plan, sources(plan))} == {"one", "two"}
    assert plan.searches[0].of == "one"


BAD = {
    "unknown key 'grid'": SMALL | {"grid": []},
    "unknown key 'folder'": SMALL | {"folder": "/"},
    "no devices and no pairs": SMALL | {"devices": []},
    "no grids and no searches": SMALL | {"grids": []},
    "'training.epoch'": SMALL | {"grids": [{"name": "g", "axes": {"training.epoch": [1]}}]},
    "Did you mean training.epochs?": SMALL | {
        "grids": [{"name": "g", "axes": {"training.epoch": [1]}}]
    },
    "'model.hiden'": SMALL | {"settings": {"model": {"hiden": 8}}},
    "Did you mean model.hidden?": SMALL | {"settings": {"model": {"hiden": 8}}},
    "sets 'epochs'": SMALL | {"grids": [{"name": "g", "axes": {"epochs": [1]}}]},
    "no values": SMALL | {"grids": [{"name": "g", "axes": {"training.epochs": []}}]},
    "training.batch": SMALL | {"settings": {"training": {"batch": 0}}},
    "none of SD-1": SMALL | {"grids": [{"name": "g", "of": ["DS-1"]}]},
    "same name": SMALL | {"devices": SMALL["devices"] * 2},
    "name": SMALL | {"name": "../up"},
    "seconds": SMALL | {"signal": {"seconds": 1e9}},
    "rungs": SMALL | {"searches": [{"of": "SD-1", "sampler": "nsga2", "rungs": [0.5],
                                    "space": {"model.hidden": [8]}}]},
    "low must be under high": SMALL | {
        "searches": [{"of": "SD-1", "space": {"training.learning_rate": {"low": 1, "high": 0}}}]
    },
    "combinations": SMALL | {
        "settings": {},
        "grids": [{"name": "g", "seeds": 1000, "axes": {"training.batch": list(range(1, 200))}}],
    },
    "holds a list": [1, 2],
    "not YAML": "a: [",
    "not YAML (": "!!python/object/apply:os.system [echo]",
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_a_bad_declaration_is_refused_in_one_line(tmp_path, message, monkeypatch):
    monkeypatch.setattr("drywet.studies.points._MOST_JOBS", 1000)
    with pytest.raises(DrywetError) as error:
        jobs(tmp_path, BAD[message])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_line_refuses_with_code_2(tmp_path):
    path = written(tmp_path, SMALL)
    dry = playing(6)
    pair = save(tmp_path / "dry.wav", dry), save(tmp_path / "wet.wav", overdrive(dry))
    for args, message in (
        (("study", tmp_path / "none.yaml"), "cannot read"),
        (("study", path, "--quick"), "has no part 'quick'"),
        (("study", path, "--pair", "one.wav"), "a dry and a wet file"),
        (("study", path, "-o", tmp_path), "holds no study"),
        # On a pair: a device would be played first.
        (
            ("study", path, "--pair", *pair, "-o", tmp_path / "new", "--on", "tcp://x"),
            "dask://HOST:PORT",
        ),
        (("study", "status", tmp_path), "holds no study"),
        (("study", "show", tmp_path / "none"), "holds no study"),
    ):
        done = drywet(*args)
        assert done.code == 2, args
        assert message in done.err, args


def test_a_recording_that_is_missing_is_said_before_a_device_is_played(tmp_path):
    both = SMALL | {"pairs": [{"name": "amp", "dry": "no.wav", "wet": "none.wav"}]}
    with mock.patch("drywet.studies.sources.process", side_effect=AssertionError("played")):
        done = drywet("study", written(tmp_path, both), "-o", tmp_path / "out")
    assert done.code == 2
    assert "no.wav does not exist" in done.err


@pytest.mark.proof
def test_a_hundred_thousand_combinations_are_refused(tmp_path):
    with pytest.raises(DrywetError, match="over 100000 combinations"):
        jobs(tmp_path, BAD["combinations"])


@pytest.mark.proof
def test_the_command_line_refuses_a_scheduler_for_a_device(tmp_path):
    """After its capture has been played."""
    path = written(tmp_path, SMALL | {"signal": {"seconds": 60}})
    done = drywet("study", path, "-o", tmp_path / "new", "--on", "tcp://x")
    assert done.code == 2
    assert "dask://HOST:PORT" in done.err


def test_workers_and_their_threads_fit_the_machine():
    from drywet.kernels.threads import threads as cores

    for wanted in (None, 1, 2, 3, 100):
        for waiting in (1, 2, 50):
            workers, threads = sizes(wanted, waiting)
            assert workers <= waiting
            assert workers * threads <= max(cores(), wanted or 1)
    assert sizes(None, 1000) == (cores(), 1)
    assert sizes(None, 1) == (1, cores())
