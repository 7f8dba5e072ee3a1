"""Nobody gets into ``drywet serve``: each way that others were got into by, tried on a real one."""

from __future__ import annotations

import asyncio
import shutil
import socket
import stat
import subprocess
import sys
from collections import namedtuple

import pytest

from drywet.errors import DrywetError
from drywet.runs.folder import RunFolder
from drywet.web import uploads
from drywet.web.app import served as files_served
from drywet.web.serve import hosts_of
from drywet.web.workspace import Workspace
from tests.served import Served, served
from tests.support import playing, save


@pytest.fixture(scope="module")
def runs(run_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served") / "runs"
    shutil.copytree(run_folder, folder / "small")
    return folder


@pytest.fixture(scope="module")
def server(runs):
    with served(runs) as one:
        one.opened = one.open()
        yield one


def test_a_folder_that_was_not_there_is_told(server, tmp_path):
    assert server.said == []
    with served(tmp_path / "mistyped") as other:
        assert [str(tmp_path / "mistyped") in line for line in other.said] == [True]


PATHS = ["/", "/static/app.js", "/api/events", "/api/signal", "/api/runs/0123456789abcdef/report"]
CHANGES = [
    ("POST", "/api/train"), ("POST", "/api/check"), ("PUT", "/api/files"), ("POST", "/api/heard"),
    ("POST", "/api/runs/0123456789abcdef/resume"), ("POST", "/api/jobs/0123456789abcdef/stop"),
    ("POST", "/api/runs/0123456789abcdef/report"),
]  # fmt: skip


def test_the_address_opens_the_page_once_and_leaves_no_token_in_it(server):
    first = server.opened
    assert (first.code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert server.token not in cookie
    again = server.ask("GET", f"/?token={server.token}")
    assert again.code == 403
    assert "set-cookie" not in again.headers
    # The browser that has used it is let in, and the token is taken out of its address again.
    same = server.get(f"/?token={server.token}")
    assert (same.code, same.headers["location"]) == (303, "/")
    # The newest address, printed meanwhile, opens another browser.
    line = server.process.stdout.readline()
    assert server.token not in line
    other = Served(server.process, server.port, line.split("token=")[1].strip())
    assert other.open().code == 303


def test_tokens_are_long_and_the_cookies_is_its_owners_alone(server, runs):
    session = runs / ".page" / "session"
    assert len(server.token) >= 32
    assert len(session.read_text()) >= 32
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    assert stat.S_IMODE(session.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cookie", ["", "drywet-1=x", "drywet-{port}=wrong", "drywet-{port}="])
def test_without_the_cookie_nothing_is_shown(server, path, cookie):
    answer = server.ask("GET", path, Cookie=cookie.format(port=server.port))
    assert answer.code == 403
    assert b"drywet serve" in answer.body


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", ""])
def test_another_host_name_is_refused_even_with_the_cookie(server, host):
    """DNS rebinding (Jupyter, TensorBoard #2387): the name is the attacker's, the server ours."""
    assert server.get("/", Host=host).code in (400, 421)
    assert server.get("/", Host=f"localhost:{server.port}").code == 200


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "{origin}"},
        {"X_Drywet": "1"},
        {"X_Drywet": "1", "Origin": "null"},
        {"X_Drywet": "1", "Origin": "https://evil.example"},
        {"X_Drywet": "1", "Origin": "{origin}.evil.example"},
        {"X_Drywet": "1", "Origin": "http://localhost:{port}"},
        {"X_Drywet": "1", "Origin": "{origin}", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_only_the_page_itself_changes_anything(server, method, path, headers):
    """A form or a script of another page has the cookie's browser, but neither of these."""
    sent = {k: v.format(origin=server.origin, port=server.port) for k, v in headers.items()}
    answer = server.ask(method, path, b"{}", Cookie=server.cookie, **sent)
    assert answer.code == 403


def test_there_is_no_cors(server):
    asked = {"Origin": "https://evil.example", "Access_Control_Request_Method": "POST"}
    for answer in (
        server.ask("OPTIONS", "/api/train", Cookie=server.cookie, **asked),
        server.get("/", Origin="https://evil.example"),
    ):
        assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/api/runs/x/sound/dry"])
def test_every_answer_carries_the_policy(server, path):
    for answer in (server.ask("GET", path), *([] if "events" in path else [server.get(path)])):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline'" not in policy.replace("style-src 'unsafe-inline'", "")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_a_report_is_shut_in_by_itself(server, runs):
    """It is a page with scripts, made of a run that may be anyone's."""
    RunFolder(runs / "small").report_file.write_text("<script>alert(1)</script>")
    (run,) = server.state()["runs"]
    answer = server.get(f"/api/runs/{run['id']}/report")
    assert answer.code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy
    RunFolder(runs / "small").report_file.unlink()


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fapp.py", "/static/../access.py", "/static/%2e%2e/access.py",
        "/static/preact.js/..", "//etc/passwd", "/static//etc/passwd", "/static/htm-LICENSE.txt",
        "/api/runs/../session/report", "/api/runs/%2e%2e/report", "/api/runs/small/report",
        "/api/runs/..%2f..%2fsmall/report", "/api/jobs/..%2f..%2fsession/listen/wet",
        "/api/runs/0123456789abcdef/sound/..%2f..%2fconfig.json", "/.page/session",
        "/api/runs/0123456789abcdef/play/../../session", "/api/runs/0123456789abcdef/export/nam",
    ],
)  # fmt: skip
def test_no_path_leads_to_other_files(server, runs, path):
    """By made-up paths (Gradio CVE-2023-51449, CVE-2024-1561; Streamlit CVE-2022-35918)."""
    answer = server.get(path)
    assert answer.code in (400, 404)
    assert (runs / ".page" / "session").read_bytes() not in answer.body
    assert b"def " not in answer.body


@pytest.mark.parametrize("name", ["dry", "target"])
def test_links_in_the_folder_of_runs_are_not_followed(server, runs, tmp_path, name):
    (tmp_path / "config.json").write_text("{}")
    link = runs / "elsewhere"
    link.symlink_to(tmp_path)
    try:
        assert [run["name"] for run in server.state()["runs"]] == ["small"]
    finally:
        link.unlink()


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "device": "../../etc/passwd"},
        {"name": "x", "device": "lv2:urn:some"},
        {"name": "x", "device": "my.cir"},
        {"name": "x", "device": "nosuchcircuit"},
        {"name": "x", "device": "sd1", "out": "/tmp/elsewhere"},
        {"name": "x", "device": "sd1", "config": "/etc/passwd"},
        {"name": "x", "device": "sd1", "knobs": {"../x": 1}},
        {"name": "x", "device": "sd1", "knobs": {"drive": 1e9}},
        {"name": "a\nb", "device": "sd1"},
        {"name": "", "device": "sd1"},
        {"name": "x", "pair": {"dry": "../../../etc/passwd", "wet": "0123456789abcdef"}},
        {"name": "x", "pair": {"dry": "0123456789abcdef", "wet": "0123456789abcdef"}},
        {"name": "x", "pair": {"dry": "session", "wet": "session"}},
        {"name": "x"},
        {"name": "x", "device": "sd1", "quality": "--force"},
        [],
        "x" * 100_000,
    ],
)
def test_a_request_names_no_path_and_nothing_unknown(server, runs, body):
    before = sorted(runs.rglob("*"))
    answer = server.post("/api/train", body)
    assert answer.code == 400
    assert len(answer.json["error"]) < 400
    assert "\n" not in answer.json["error"]
    assert sorted(runs.rglob("*")) == before


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.wav"), (b"no sound at all" * 100, "junk.wav"), (b"MZ", "virus.exe"),
        (b"{}", "model.nam"), (b"x", "../../runs/x.wav/../../y.sh"), (b"R1 in out 1k", "my.cir"),
        (b"RIFF\xff\xff\xff\xffWAVE" * 9, "cut\r\nX-Evil: 1.wav"),
    ],
)  # fmt: skip
def test_what_is_no_sound_file_is_one_sentence_and_is_not_kept(server, runs, data, name):
    answer = server.put(data, name)
    assert answer.code == 400
    assert "\n" not in answer.json["error"]
    assert str(runs) not in answer.json["error"]
    assert not list((runs / ".page" / "files").iterdir())


def test_a_file_is_kept_under_the_servers_name(server, runs, tmp_path):
    sound = save(tmp_path / "s.wav", playing(1))
    answer = server.put(sound, "../../../evil \u00e9.wav")
    assert answer.code == 200
    found = answer.json
    assert (found["rate"], found["channels"]) == (16_000, 1)
    assert found["seconds"] == pytest.approx(1)
    kept = {path.name for path in (runs / ".page" / "files").iterdir()}
    assert kept == {f"{found['id']}.wav", f"{found['id']}.json"}
    for path in (runs / ".page" / "files").iterdir():
        path.unlink()


def receive(space: Workspace, name: str, pieces: list[bytes], length: int | None = None):
    async def stream():
        for piece in pieces:
            yield piece

    return asyncio.run(uploads.receive(space, name, length, stream()))


def test_bytes_are_counted_while_they_come(tmp_path, monkeypatch):
    """Whatever was announced (starlette CVE-2024-47874)."""
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    space = Workspace(tmp_path / "runs")
    for length in (None, 10, 100_000):
        with pytest.raises(DrywetError, match="over 0 MB"):
            receive(space, "a.wav", [b"x" * 400] * 3, length)
    assert not list(space.files.iterdir())


def test_a_disk_that_fills_is_one_sentence(tmp_path, monkeypatch):
    space = Workspace(tmp_path / "runs")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12, 10**6))
    with pytest.raises(DrywetError, match="only 1 MB are free"):
        receive(space, "a.wav", [b"x" * 400])
    assert not list(space.files.iterdir())


def test_no_more_files_than_are_any_good(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    space = Workspace(tmp_path / "runs")
    for _ in range(2):
        uploads.describe(receive(space, "a.wav", [b"x"]), "a.wav", {})
    with pytest.raises(DrywetError, match="dropped already"):
        receive(space, "a.wav", [b"x"])


def test_the_server_imports_no_pytorch():
    code = "import sys, drywet.web.app, drywet.web.serve; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_is_not_ours_is_as_published():
    import hashlib

    vendored = {  # sha256 of htm 3.1.1's preact/standalone.module.js on the npm registry
        "preact.js": "72284e8e9079c87817145df1110f74e8a2aa040b2fc384922e18dfcb46fc1fd7",
    }
    for name, sha256 in vendored.items():
        assert hashlib.sha256(files_served()[name].read_bytes()).hexdigest() == sha256


def test_another_host_is_never_without_a_token(tmp_path):
    """Named, it listens to others too; they still need the address of the terminal."""
    with served(tmp_path / "runs", "--host", "0.0.0.0") as server:
        assert server.ask("GET", "/").code == 403
        assert server.ask("GET", "/", Host=f"evil.example:{server.port}").code == 421
        assert server.open().code == 303
        assert server.get("/").code == 200


def test_the_names_of_the_server_are_its_own():
    alone = hosts_of("127.0.0.1", 80)
    assert alone[0] == "127.0.0.1:80"
    assert {"localhost:80", "[::1]:80"} <= set(alone)
    assert hosts_of("192.168.7.7", 80) == ["192.168.7.7:80"]
    assert hosts_of("studio.local", 80) == ["studio.local:80"]
    everywhere = hosts_of("0.0.0.0", 80)
    assert "0.0.0.0:80" not in everywhere
    assert f"{socket.gethostname()}:80" in everywhere
    assert "127.0.0.1:80" in everywhere


def test_a_port_that_is_taken_is_one_line(server, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "drywet.cli.app", "serve", str(tmp_path / "r"), "--no-browser",
         "--port", str(server.port)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--port" in done.stderr
