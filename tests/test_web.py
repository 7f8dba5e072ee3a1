"""``drywet serve`` from two dropped files to a model taken home, and whatever may befall it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import soundfile

import drywet
from drywet.audio.read import read
from drywet.evaluation import closeness, verdict
from drywet.inference.stream import predict
from drywet.pair.alignment import NOTHING, Alignment
from drywet.pair.check_timing import timing_findings
from drywet.pair.timing import Timing
from drywet.runs.folder import RunFolder
from drywet.web.app import served as served_files
from drywet.web.jobs import Job, Jobs
from drywet.web.listening import averages, by_chance
from drywet.web.workspace import Workspace
from tests.served import Served, served
from tests.support import RATE, Held, overdrive, playing, save, tool, wait_for
from tests.support import drywet as cli
from tests.test_web_kernels import in_browser


@pytest.fixture
def server(tmp_path):
    with served(tmp_path / "runs") as one:
        one.open()
        yield one


@pytest.fixture
def pair(server, capture) -> dict[str, str]:
    """Two files that were dropped."""
    return {
        role: server.put(path, path.name).json["id"]
        for role, path in zip(("dry", "wet"), capture, strict=True)
    }


QUICK = {"cpu": "light", "quality": "quick"}
LONG = {"name": "n", "cpu": "heavy", "quality": "best"}


def trained(server: Served, asked: dict) -> tuple[dict, dict]:
    """A training from start to end: the job, and the run as listed."""
    answer = server.post("/api/train", QUICK | asked)
    assert answer.code == 200, answer.body
    state = server.wait(lambda now: ended(now, answer.json["id"]))
    job = next(job for job in state["jobs"] if job["id"] == answer.json["id"])
    assert job["state"] == "done", job
    return job, next(run for run in state["runs"] if run["id"] == answer.json["run"])


def ended(state: dict, id: str) -> bool:
    job = next(job for job in state["jobs"] if job["id"] == id)
    return job["state"] not in ("waiting", "running")


def test_from_two_files_to_a_model_taken_home(server, pair, capture, tmp_path):
    checked = server.post("/api/check", pair)
    assert checked.code == 200, checked.body
    report = cli("check", *capture, "--json").json
    *sofar, last = checked.lines
    assert last["report"] == report
    # The levels are known first, the delay later, all of it in the end.
    found = [[one["check"] for one in piece["findings"]] for piece in sofar if "findings" in piece]
    assert found[0] == ["length", "level", "level"]
    assert "latency" in found[1]
    assert all(
        one in last["report"]["findings"] for piece in sofar for one in piece.get("findings", ())
    )
    assert [piece["work"]["done"] for piece in sofar if "work" in piece] == [0, 0.2, 0.4, 0.7, 0.9]
    # What is drawn of the two files lies on each other at the delay that was found.
    overlay = last["overlay"]
    assert len(overlay["dry"]) == len(overlay["wet"]) == (0.05 + 2 * 0.01) * RATE

    job, run = trained(server, {"name": "My TS / 9", "pair": pair})
    assert (run["title"], run["name"], run["model"]) == ("My TS / 9", "My-TS-9", "LSTM 8")
    assert job["latest"]["findings"]["report"] == report
    assert job["latest"]["done"]["esr"] == run["scores"]["esr"]
    assert len(job["curve"]) > 2
    assert job["curve"][-1]["best_esr"] <= job["curve"][0]["best_esr"]

    # Its sounds are those of the test audio, and they are what its scores say.
    sounds = {}
    for name in ("dry", "target", "prediction", "residual"):
        answer = server.get(f"/api/runs/{run['id']}/sound/{name}")
        (tmp_path / f"{name}.wav").write_bytes(answer.body)
        sounds[name] = read(tmp_path / f"{name}.wav")[0].astype(float)
    error = sounds["target"] - sounds["prediction"]
    assert np.sum(error**2) / np.sum(sounds["target"] ** 2) == pytest.approx(
        run["scores"]["esr"], rel=1e-3
    )

    # The .nam is the model.
    answer = server.get(f"/api/runs/{run['id']}/export/nam")
    assert answer.headers["content-disposition"] == 'attachment; filename="My-TS-9.nam"'
    (tmp_path / "m.nam").write_bytes(answer.body)
    theirs, ours = drywet.load(tmp_path / "m.nam"), drywet.load(tmp_path / "runs" / "My-TS-9")
    x = playing(1)
    assert np.max(np.abs(predict(theirs, x) - predict(ours, x))) < 1e-5
    assert json.loads(answer.body)["metadata"]["name"] == "My TS / 9"
    assert {"nam", "rtneural", "c", "drywet"} <= set(run["formats"])
    for format in run["formats"]:
        answer = server.get(f"/api/runs/{run['id']}/export/{format}")
        assert answer.code == 200, answer.body
        assert answer.headers["content-disposition"].startswith('attachment; filename="My-TS-9.')

    # Something else played through it.
    riff = server.put(save(tmp_path / "riff.wav", x), "riff.wav").json["id"]
    answer = server.get(f"/api/runs/{run['id']}/play/{riff}")
    assert answer.headers["content-disposition"].endswith('"riff through My-TS-9.wav"')
    (tmp_path / "played.wav").write_bytes(answer.body)
    assert server.get(f"/api/files/{riff}").body == (tmp_path / "riff.wav").read_bytes()
    assert np.max(np.abs(read(tmp_path / "played.wav")[0] - predict(ours, x))) < 1e-5

    # A report, and a longer training.
    assert server.post(f"/api/runs/{run['id']}/report").code == 200
    assert b"My-TS-9" in server.get(f"/api/runs/{run['id']}/report").body
    assert run["finished"]
    again = server.post(f"/api/runs/{run['id']}/resume", {"longer": True})
    state = server.wait(lambda now: ended(now, again.json["id"]))
    (now,) = state["runs"]
    assert now["history"][-1]["step"] > run["history"][-1]["step"]
    assert now["history"][-1]["best_esr"] <= run["history"][-1]["best_esr"]


def test_news_come_as_they_happen(server, pair):
    """Each event of a training reaches a tab soon after it was written, in order."""
    news = server.news()
    first = next(news)
    assert first["runs"] == first["jobs"] == []
    assert {"sd1", "ts808"} <= {device["name"] for device in first["devices"]}
    id = server.post("/api/train", {**QUICK, "name": "n", "pair": pair}).json["id"]
    told, states = [], []
    for one in news:
        if one.get("job", {}).get("id") != id:
            continue
        states.append(one["job"]["state"])
        if progress := one["job"]["latest"].get("progress"):
            told.append(progress["done"])
        if states[-1] in ("done", "failed"):
            break
    assert states[-1] == "done"
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    wait_for(lambda: not children.read_text().split())  # nor does a zombie stay
    assert list(dict.fromkeys(states)) == ["waiting", "running", "done"]
    assert told == sorted(told)
    assert len(set(told)) > 3


@pytest.mark.proof
def test_a_circuit_is_learned_with_its_knobs(server, tmp_path):
    _, run = trained(server, {"name": "drive", "device": "ts808", "knobs": {"drive": 0.9}})
    config = json.loads((tmp_path / "runs" / "drive" / "config.json").read_text())
    recording = config["captures"][0]["recording"]
    assert (recording["device"], recording["knobs"]["drive"]) == ("ts808", 0.9)
    assert run["device"] == "ts808"


@pytest.mark.parametrize(
    ("plugin", "format", "inside"),
    [
        ("nam", "nam", '"architecture":"WaveNet"'),
        pytest.param("proteus", "proteus", '"hidden_size":40', marks=pytest.mark.proof),
    ],
)
def test_what_is_for_one_plugin_is_what_it_plays(server, pair, plugin, format, inside):
    _, run = trained(server, {"name": "n", "pair": pair, "plugin": plugin})
    assert format in run["formats"]
    file = server.get(f"/api/runs/{run['id']}/export/{format}")
    assert file.code == 200
    assert inside in file.body.decode().replace(" ", "")


def test_a_plain_filter_and_the_bands_are_told_while_it_learns(server, tmp_path):
    """Of a device that is one, the filter leaves nothing, whatever the net does."""
    x = playing(12)
    files = save(tmp_path / "d.wav", x), save(tmp_path / "w.wav", np.convolve(x, [0.2, 0.5])[:-1])
    dropped = [server.put(file, file.name).json["id"] for file in files]
    asked = {"name": "n", "pair": dict(zip(("dry", "wet"), dropped, strict=True)), "force": True}
    job, _ = trained(server, asked)
    told = job["latest"]["baseline"]
    assert told["esr"] < 1e-6
    names, errors = zip(*told["bands"], strict=True)
    assert names[0] == "0-1 kHz"
    assert max(error for error in errors if error is not None) < 1e-2
    assert all(len(point["bands"]) == len(names) for point in job["curve"])
    assert job["curve"][-1]["bands"][0] > told["bands"][0][1]


def test_of_many_trainings_only_the_last_are_kept_in_memory(tmp_path):
    space = Workspace(tmp_path)
    for number in range(12):
        path = space.jobs / f"{number:016x}"
        path.mkdir(parents=True)
        created = f"2026-01-01T00:00:{number:02d}"
        (path / "job.json").write_text(json.dumps({"created": created, "name": "n", "run": "r"}))
        step = {"kind": "progress", "start": 0, "step": 9, "validation_esr": 0.5, "best_esr": 0.5}
        ended = {"kind": "done", "esr": 0.5, "text": "close"}
        (path / "events.jsonl").write_text(f"{json.dumps(step)}\n{json.dumps(ended)}\n")
    jobs = Jobs(space, lambda news: None)
    told = [jobs.all[f"{number:016x}"].told() for number in range(12)]
    assert {one["state"] for one in told} == {"done"}
    assert [len(one["curve"]) for one in told] == [0] * 4 + [1] * 8
    assert all(one["latest"]["done"]["text"] == "close" for one in told)


def test_what_is_heard_while_it_learns(server, pair, tmp_path):
    id = server.post(
        "/api/train", {"name": "n", "cpu": "normal", "quality": "best", "pair": pair}
    ).json["id"]
    server.wait(lambda now: "better" in server.job(id)["latest"])
    sounds = {}
    for name in ("dry", "wet"):
        answer = server.get(f"/api/jobs/{id}/listen/{name}")
        assert answer.code == 200, answer.body
        (tmp_path / f"{name}.wav").write_bytes(answer.body)
        sounds[name], _ = read(tmp_path / f"{name}.wav")
    assert server.get(f"/api/jobs/{id}/listen/model").code == 400
    (model,) = in_browser({"model": server.get(f"/api/jobs/{id}/player").json, "x": sounds["dry"]})
    wet = sounds["wet"].astype(float)
    assert len(model) == len(wet)
    # In time with the device but for the sample that the model lags: it is one model, half learned.
    assert np.sum((wet[:-1] - model[1:]) ** 2) < 0.8 * np.sum(wet**2)
    server.post(f"/api/jobs/{id}/stop")
    run = server.job(id)["run"]
    server.wait(lambda now: ended(now, id))
    # Gone on with, it is heard as before.
    id = server.post(f"/api/runs/{run}/resume", {"longer": False}).json["id"]
    server.wait(lambda now: "better" in server.job(id)["latest"])
    (tmp_path / "again.wav").write_bytes(server.get(f"/api/jobs/{id}/listen/wet").body)
    assert np.array_equal(read(tmp_path / "again.wav")[0], sounds["wet"])
    server.post(f"/api/jobs/{id}/stop")
    server.wait(lambda now: ended(now, id))


def test_a_circuit_is_heard_while_it_is_learned(server):
    asked = LONG | {"device": "triode", "knobs": {}}
    id = server.post("/api/train", asked).json["id"]
    server.wait(lambda now: "better" in server.job(id)["latest"])
    assert server.get(f"/api/jobs/{id}/listen/wet").code == 200
    server.post(f"/api/jobs/{id}/stop")
    server.wait(lambda now: ended(now, id))


@pytest.mark.proof
def test_stop_keeps_the_best_and_it_can_go_on(server, pair):
    id = server.post(
        "/api/train", {"name": "n", "cpu": "heavy", "quality": "best", "pair": pair}
    ).json["id"]
    server.wait(lambda now: "better" in server.job(id)["latest"])
    assert server.post(f"/api/jobs/{id}/stop").code == 200
    state = server.wait(lambda now: ended(now, id))
    (run,) = state["runs"]
    assert server.job(id)["state"] == "stopped"
    assert not run["finished"]
    assert "--resume" in run["scores"]["verdict"][0]["advice"]
    again = server.post(f"/api/runs/{run['id']}/resume", {"longer": False}).json["id"]
    server.wait(lambda now: "better" in server.job(again)["latest"])
    busy = server.post(f"/api/runs/{run['id']}/resume", {"longer": False})
    assert (busy.code, "being trained" in busy.json["error"]) == (400, True)
    server.post(f"/api/jobs/{again}/stop")
    server.wait(lambda now: ended(now, again))


@pytest.mark.proof
def test_trainings_wait_for_each_other_and_may_be_taken_back(server, pair):
    first, second, third = (
        server.post("/api/train", {**QUICK, "name": "same", "pair": pair}).json for _ in range(3)
    )
    assert len({first["run"], second["run"], third["run"]}) == 3, "no two in one folder"
    assert server.post(f"/api/jobs/{third['id']}/stop").code == 200
    state = server.wait(lambda now: ended(now, first["id"]) and ended(now, second["id"]))
    states = {job["id"]: job["state"] for job in state["jobs"]}
    assert [states[one["id"]] for one in (first, second, third)] == ["done", "done", "stopped"]
    assert sorted(run["name"] for run in state["runs"]) == ["same", "same-2"]


@pytest.mark.proof
def test_a_killed_server_is_started_again_and_the_training_goes_on(capture, tmp_path):
    runs = tmp_path / "runs"
    with served(runs, goes_on=True) as first:
        first.open()
        ids = [first.put(path, path.name).json["id"] for path in capture]
        asked = {
            "name": "n",
            "cpu": "normal",
            "quality": "quick",
            "pair": dict(zip(("dry", "wet"), ids, strict=True)),
        }
        id = first.post("/api/train", asked).json["id"]
        first.wait(lambda now: "progress" in first.job(id)["latest"])
    time.sleep(0.5)  # nobody is there
    with served(runs) as second:
        # The tab's cookie is good still, though the port is another one here.
        second.cookie = first.cookie.replace(str(first.port), str(second.port))
        state = second.wait(lambda now: ended(now, id))
        (job,) = state["jobs"]
        assert job["state"] == "done"
        assert len(job["curve"]) > 2
        assert state["runs"][0]["finished"]


def test_a_killed_training_is_told_and_can_go_on(server, pair, tmp_path):
    id = server.post(
        "/api/train", {"name": "n", "cpu": "heavy", "quality": "best", "pair": pair}
    ).json["id"]
    server.wait(lambda now: "better" in server.job(id)["latest"])
    number = int((tmp_path / "runs" / ".page" / "jobs" / id / "pid").read_text())
    os.kill(number, signal.SIGKILL)
    state = server.wait(lambda now: ended(now, id))
    assert state["jobs"][0]["state"] == "lost"
    (run,) = state["runs"]
    assert server.post(f"/api/runs/{run['id']}/resume", {"longer": False}).code == 200


def test_a_capture_that_cannot_be_learned_from_is_told_in_one_sentence(server, tmp_path):
    dry, noise = playing(12), np.random.default_rng(1).standard_normal(12 * RATE).astype("f4") * 0.1
    ids = [
        server.put(save(tmp_path / f"{name}.wav", x), f"{name}.wav").json["id"]
        for name, x in (("dry", dry), ("wet", noise))
    ]
    pair = dict(zip(("dry", "wet"), ids, strict=True))
    found = server.post("/api/check", pair).lines[-1]["report"]
    assert not found["ok"]
    id = server.post("/api/train", {**QUICK, "name": "n", "pair": pair}).json["id"]
    server.wait(lambda now: ended(now, id))
    job = server.job(id)
    assert job["state"] == "failed"
    assert "\n" not in job["latest"]["error"]["text"]
    assert not server.state()["runs"]


def test_a_check_that_nobody_waits_for_ends(server, pair, tmp_path):
    """The page asks anew when another file is dropped; the old check must not stand in the way."""
    dry = playing(60)
    other = np.random.default_rng(2).standard_normal(len(dry)).astype("f4") * 0.1
    slow = {
        name: server.put(save(tmp_path / f"{name}.wav", x), f"{name}.wav").json["id"]
        for name, x in (("dry", dry), ("wet", other))
    }
    for _ in range(3):  # two are looked at at once
        with pytest.raises(TimeoutError):
            server.post("/api/check", slow, timeout=1.5)
    assert server.post("/api/check", pair, timeout=60).code == 200


def test_two_rates_and_two_channels_are_asked_about(server, tmp_path):
    x = playing(3)
    dry = server.put(save(tmp_path / "d.wav", x), "my dry.wav").json
    fast = server.put(save(tmp_path / "w.wav", overdrive(x), 22_050), "my wet.wav").json
    answer = server.post("/api/check", {"dry": dry["id"], "wet": fast["id"]})
    assert answer.code == 400
    assert "22050 Hz" in answer.json["error"]
    assert str(tmp_path) not in answer.json["error"]
    assert "my wet.wav" in answer.json["error"]
    soundfile.write(tmp_path / "st.wav", np.stack((x, -x), 1), RATE)
    stereo = server.put(tmp_path / "st.wav", "st.wav").json
    assert stereo["channels"] == 2
    assert server.post("/api/check", {"dry": dry["id"], "wet": stereo["id"]}).code == 400
    assert (
        server.post("/api/check", {"dry": dry["id"], "wet": stereo["id"], "channel": 1}).code == 200
    )


def test_a_blind_test_is_kept_with_what_guessing_would_give(server, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    (run,) = server.state()["runs"]
    answer = server.post("/api/heard", {"runs": [run["id"]], "trials": 10, "right": 8})
    assert answer.json["chance"] == pytest.approx(56 / 1024)  # (45 + 10 + 1) of 1024
    (test,) = server.state()["listening"]["tests"]
    assert (test["right"], test["of"][0]["title"]) == (8, "small")
    assert server.post(f"/api/runs/{run['id']}/name", {"name": "Blue"}).code == 200
    (test,) = server.state()["listening"]["tests"]
    assert test["of"][0]["title"] == "Blue"
    assert server.post(f"/api/runs/{run['id']}/remove").code == 200
    (test,) = server.state()["listening"]["tests"]
    assert test["of"][0]["title"] == "small", "what it was called when it was heard"
    shutil.copytree(run_folder, tmp_path / "runs" / "small", dirs_exist_ok=True)
    assert answer.json["of"][0]["esr"] == run["scores"]["esr"], "what it was then"
    assert server.post("/api/heard", {"runs": [run["id"]], "trials": 5, "right": 6}).code == 400
    assert server.post("/api/heard", {"runs": ["0" * 16], "trials": 5, "right": 5}).code == 400


@pytest.mark.parametrize(
    ("right", "trials", "chance"), [(0, 5, 1.0), (5, 5, 1 / 32), (12, 16, 2517 / 65536)]
)
def test_chance_is_the_binomial_tail(right, trials, chance):
    assert by_chance(right, trials) == pytest.approx(chance)


def test_a_damaged_run_does_not_hide_the_others(server, run_folder, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(run_folder, tmp_path / "runs" / name)
    (tmp_path / "runs" / "a" / "config.json").write_text('{"settings": 3}')
    (tmp_path / "runs" / "b" / "scores.json").write_text("{")
    runs = {run["name"]: run for run in server.state()["runs"]}
    assert "config.json" in runs["a"]["fault"]
    assert runs["b"]["scores"] is None


def test_a_run_is_renamed_and_taken_away(server, run_folder, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(run_folder, runs / "mine")
    (runs / "mine" / "notes.txt").write_text("somebody's")
    shutil.copytree(run_folder, runs / "other")
    state = server.wait(lambda now: {run["name"] for run in now["runs"]} == {"mine", "other"})
    id = next(run["id"] for run in state["runs"] if run["name"] == "mine")
    for wrong in ({"name": ""}, {"name": "a\nb"}, {"name": "x" * 1000}, {"title": "x"}, {}):
        assert server.post(f"/api/runs/{id}/name", wrong).code == 400
    assert server.post(f"/api/runs/{id}/name", {"name": "Blue / 2"}).code == 200
    run = next(run for run in server.state()["runs"] if run["id"] == id)
    assert (run["title"], run["name"]) == ("Blue / 2", "mine")
    assert server.post(f"/api/runs/{id}/name", {"name": "Blue / 2"}).code == 200
    answer = server.post(f"/api/runs/{id}/name", {"name": "other"})
    assert answer.code == 400
    assert "another run is called other" in answer.json["error"]
    asked = QUICK | {"name": "Blue / 2", "device": "triode", "knobs": {}}
    waiting = [server.post("/api/train", asked).json["id"] for _ in range(2)]
    names = {job["id"]: job["name"] for job in server.state()["jobs"]}
    assert [names[one] for one in waiting] == ["Blue / 2 2", "Blue / 2 3"]
    for one in reversed(waiting):
        server.post(f"/api/jobs/{one}/stop")
    server.wait(lambda now: all(ended(now, one) for one in waiting))
    exported = server.get(f"/api/runs/{id}/export/nam")
    assert "Blue-2.nam" in exported.headers["content-disposition"]
    model = json.loads(exported.body)
    assert model["metadata"]["name"] == "Blue / 2"

    with RunFolder(runs / "mine").claimed():  # by a terminal
        answer = server.post(f"/api/runs/{id}/remove")
        assert answer.code == 400
        assert "another process is training" in answer.json["error"]
    assert server.post(f"/api/runs/{id}/remove").code == 200
    assert (runs / "mine" / "notes.txt").read_text() == "somebody's"
    for made in ("config.json", "model.safetensors", "scores.json", "audio"):
        assert not (runs / "mine" / made).exists()
    assert [run["name"] for run in server.state()["runs"]] == ["other"]
    assert server.post(f"/api/runs/{id}/remove").code == 400


def test_a_stopped_run_that_is_renamed_is_not_at_work(server, run_folder, tmp_path):
    place = shutil.copytree(run_folder, tmp_path / "runs" / "stopped")
    folder = RunFolder(place)
    folder.ending_file.unlink()
    folder.scores_file.unlink(missing_ok=True)
    long_ago = time.time() - 1000
    os.utime(folder.checkpoint_file, (long_ago, long_ago))
    (run,) = server.wait(lambda state: state["runs"])["runs"]
    assert server.post(f"/api/runs/{run['id']}/name", {"name": "Other"}).code == 200
    (run,) = server.state()["runs"]
    assert run["title"] == "Other"
    assert not run["finished"]
    assert not run["at_work"]


def test_a_seed_of_several_is_not_taken_out_of_them(server, run_folder, tmp_path):
    group = tmp_path / "runs" / "seeds"
    shutil.copytree(run_folder, group / "seed-0")
    (group / "seeds.json").write_text("{}")
    (run,) = server.wait(lambda now: now["runs"])["runs"]
    answer = server.post(f"/api/runs/{run['id']}/remove")
    assert answer.code == 400
    assert "several seeds" in answer.json["error"]
    assert (group / "seed-0" / "model.safetensors").is_file()


def test_a_run_that_a_terminal_trains_comes_up_by_itself(server, capture, tmp_path):
    """A tab that is open is told when it begins, and when it ends."""
    tab = server.news()
    assert next(tab)["runs"] == []
    small = ("--hidden", 4, "--segment", 512, "--batch", 4, "--epochs", 1)
    held = Held(tmp_path, 20, "train", *capture, "-o", tmp_path / "runs" / "t", *small)
    held.wait()
    runs = next(news["runs"] for news in tab if news.get("runs"))
    assert [(run["name"], run["at_work"]) for run in runs] == [("t", True)]
    held.go_on()
    held.process.communicate(timeout=120)
    runs = next(news["runs"] for news in tab if news.get("runs") and news["runs"][0]["finished"])
    assert not runs[0]["at_work"]


def test_half_a_line_of_events_is_read_when_it_is_whole(tmp_path):
    (tmp_path / "job.json").write_text('{"name": "n", "created": "", "run": "r"}')
    events: Path = tmp_path / "events.jsonl"
    job = Job(tmp_path)
    events.write_text('{"kind": "begun"}\n{"kind": "prog')
    assert [event["kind"] for event in job.news()] == ["begun"]
    with events.open("a") as file:
        file.write('ress", "step": 1, "validation_esr": null}\n')
    assert [event["kind"] for event in job.news()] == ["progress"]
    assert job.news() == []


def test_ctrl_c_ends_the_server_in_order(tmp_path):
    with served(tmp_path / "runs") as server:
        server.open()
        news = server.news()
        next(news)  # a tab is open
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) in (0, 130, -signal.SIGINT)
        assert "Traceback" not in server.process.stdout.read()


def put_model(server, file: Path | bytes, name: str):
    data = file if isinstance(file, bytes) else file.read_bytes()
    return server.ask(
        "PUT", "/api/models", data, Cookie=server.cookie, Origin=server.origin, X_Drywet="1",
        X_Name=name,
    )  # fmt: skip


def test_a_dropped_model_is_read_and_forgotten(server, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    run = server.state()["runs"][0]
    assert run["live"]
    known = sorted(tmp_path.rglob("*"))
    file = tmp_path / "runs" / "small" / "model.safetensors"
    told = put_model(server, file, "my amp.safetensors").json
    assert told["name"] == "my amp"
    own = server.get(f"/api/runs/{run['id']}/player").json
    assert (own["weights"], own["rate"]) == (told["weights"], told["rate"])
    assert sorted(tmp_path.rglob("*")) == known


@pytest.mark.proof
def test_two_hundred_megabytes_come_and_the_server_stays_small(server, tmp_path):
    """Half an hour of audio: it is written as it comes, and only its head is looked at."""
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 48_000, 1, "PCM_16") as file:
        minute = (0.1 * playing(60, 48_000)).astype(np.float32)
        for _ in range(35):
            file.write(minute)
    assert path.stat().st_size > 200e6
    before = resident(server.process.pid)
    answer = server.put(path, "long.wav")
    assert answer.code == 200, answer.body
    assert answer.json["seconds"] == pytest.approx(35 * 60)
    assert resident(server.process.pid) - before < 30e6


def resident(pid: int) -> int:
    """Bytes of a process that lie in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.proof
def test_a_disk_that_is_full_is_one_sentence(capture, tmp_path):
    """A real one: a file system of its own, in memory, for which one has to be root."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a file system can only be mounted by root")
    try:
        with served(place / "runs") as server:
            server.open()
            (place / "filler").write_bytes(bytes(200_000_000))  # half a gigabyte is kept free
            answer = server.put(capture[0], "dry.wav")
            assert answer.code == 400, answer.code
            assert "free on the disk" in answer.json["error"]
            (place / "filler").unlink()
            assert server.put(capture[0], "dry.wav").code == 200
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_models_that_are_none(server):
    wrong = {
        "song.wav": (b"la la", "song.wav is no model"),
        "amp.nam": (b"la la", "amp.nam"),
        "../../amp.nam": (b'{"architecture": 1}', "amp.nam"),
        "big.nam": (b"[" * 33_000_000, "over 32 MB"),
        "deep.json": (b"[" * 100_000, "deep.json"),
    }
    for name, (data, said) in wrong.items():
        answer = put_model(server, data, quote(name))
        assert answer.code == 400
        assert said in answer.json["error"]
        assert "/tmp" not in answer.json["error"]
        assert "\n" not in answer.json["error"]


def test_circuits_and_filters_by_name_and_number_alone(server):
    sd1 = {"name": "sd1", "rate": 48_000, "factor": 2, "knobs": {"drive": 0.7}}
    assert server.post("/api/circuit", sd1).json["knobs"][0]["name"] == "drive"
    turned = server.post("/api/circuit", sd1 | {"knobs": {"drive": 0.2}}).json
    assert turned["numbers"] != server.post("/api/circuit", sd1).json["numbers"]
    for wrong in (
        {"name": "../sd1"}, {"name": "fender"}, {"knobs": {"gain": 0.5}}, {"knobs": {"drive": 2}},
        {"factor": 3}, {"rate": 1}, {"path": "/etc/passwd"},
    ):  # fmt: skip
        answer = server.post("/api/circuit", sd1 | wrong)
        assert answer.code == 400
        assert answer.json["error"]
    assert len(server.post("/api/oversampler", {"rate": 44_100, "factor": 4}).json["split"]) > 100
    assert server.post("/api/oversampler", {"rate": 44_100, "factor": 1}).code == 400


def test_blind_rankings_are_averaged_over_rounds(server, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    (run,) = server.state()["runs"]
    id = run["id"]
    whole = {"capture": run["capture"], "models": [id]}
    for model, reference in ((60, 100), (70, 95), (80, 92), (20, 50)):
        scores = {"reference": reference, "low anchor": 10, id: model}
        assert server.post("/api/ranked", whole | {"scores": scores}).code == 200
    (found,) = server.state()["listening"]["ranked"]
    assert (found["rounds"], found["left_out"]) == (3, 1)
    assert [row["key"] for row in found["sounds"]] == ["reference", id, "low anchor"]
    row = found["sounds"][1]
    # Student's t at 2 degrees of freedom: 4.3027; deviation 10, over the root of 3.
    assert (row["mean"], row["half"]) == pytest.approx((70, 4.302653 * 10 / 3**0.5))
    for wrong in ({id: 50}, {"reference": 101, id: 5}, {"reference": 90, "x": 3, id: 5}):
        assert server.post("/api/ranked", whole | {"scores": wrong}).code == 400


def test_an_average_of_nothing_or_one():
    one = {
        "capture": "c", "models": ["m"], "of": [{"title": "amp"}], "at": "",
        "scores": {"reference": 95, "m": 40},
    }  # fmt: skip
    (found,) = averages([one])
    assert [(row["mean"], row["half"]) for row in found["sounds"]] == [(95, None), (40, None)]
    (found,) = averages([one | {"scores": {"reference": 10, "m": 40}}])
    assert found["rounds"] == 0
    trained_on = one | {"of": [{"title": "amp", "esr": 0.001}]}
    rows = [row for each in averages([one, trained_on]) for row in each["sounds"]]
    assert [row["esr"] for row in rows if row["key"] == "m"] == [None, 0.001], "another model"
    assert averages([]) == []


def test_the_page_stays_light():
    """Under 400 kB as it lies there: the first view needs no wait on any network."""
    assert sum(file.stat().st_size for file in served_files().values()) < 400_000


def test_two_takes_lie_on_each_other_once_they_are_mended(server, tmp_path):
    """A device that does nothing, its second take later: the page's picture shows it so."""
    x = playing(24)
    x[20 * RATE : 21 * RATE] *= 2  # the loudest moment is in the second take
    late = np.concatenate([x[: 12 * RATE], np.zeros(250, np.float32), x[12 * RATE :]])
    files = save(tmp_path / "d.wav", x), save(tmp_path / "w.wav", late)
    dry, wet = (server.put(file, file.name).json["id"] for file in files)
    found = server.post("/api/check", {"dry": dry, "wet": wet, "per_take": True}).lines[-1]
    assert found["report"]["latency_samples"] == 0  # of the first take
    one, other = (np.array(found["overlay"][name]) for name in ("dry", "wet"))
    assert np.max(np.abs(one - other)) < 1e-3


def test_advice_names_what_the_page_has(tmp_path):
    """What is a button or a tick there is named so; what is not, is for a terminal."""
    moves = Timing(kind="drift", ppm=40.0, moved=9.0, takes=(), error=0.5)
    drifts = timing_findings(moves, 0, Alignment(latency=0), NOTHING, RATE)
    advice = [closeness._UNFINISHED, next(drifts).fix, verdict._TREBLE]
    code = "import { onPage } from %s; console.log(JSON.stringify(%s.map(onPage)))"
    shutil.copy(Path(drywet.__file__).parent / "web/static/advice.js", tmp_path / "advice.mjs")
    (tmp_path / "say.mjs").write_text(code % (json.dumps("./advice.mjs"), json.dumps(advice)))
    said = subprocess.check_output([tool("node"), tmp_path / "say.mjs"], text=True)
    unfinished, drift, treble = json.loads(said)
    assert unfinished == "The training was stopped: press Go on training."
    assert drift.startswith("Tick it below to have it mended. Next time")
    assert treble == f"{verdict._TREBLE} (In a terminal.)"
