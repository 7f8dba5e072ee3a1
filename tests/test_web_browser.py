"""The page in a browser: from two dropped files to a downloaded model, by eye, ear and keyboard."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

import drywet
from drywet.audio.read import read
from drywet.inference.stream import Stream, predict
from drywet.models.recurrent.config import RecurrentConfig
from drywet.models.wavenet.config import WaveNetConfig
from drywet.trained.knob_range import KnobRange
from drywet.trained.model_file import ModelCard, TrainedModel, save_model
from tests.served import served
from tests.support import RATE, mild_model, overdrive, playing, save, shared, tool
from tests.test_nam_core import core as core
from tests.test_timing import joined

AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
TURNS = """() => {
  // Where the knobs stand as the audio thread is told.
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (told, ...rest) {
    if (told?.load) window.turned = told.load.knobs;
    return post.call(this, told, ...rest);
  };
}"""
VIEWS = ("Capture", "Models", "Compare", "Play")


@pytest.fixture(scope="module")
def guitar(tmp_path_factory) -> Path:
    """What the browser's input gives, round and round."""
    return save(
        tmp_path_factory.mktemp("input") / "guitar.wav", playing(8, 48_000), 48_000, "PCM_16"
    )


@pytest.fixture(scope="module")
def browser(guitar):
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=tool("chromium"),
            args=[
                "--no-sandbox", "--autoplay-policy=no-user-gesture-required",
                "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={guitar}",
            ],
        )  # fmt: skip
        yield opened
        opened.close()


@pytest.fixture
def page_of(browser):
    """A page of a server, opened by its address; nothing may go wrong on it or leave it."""
    pages = []

    def go(server, **settings):
        page = browser.new_context(bypass_csp=False, **settings).new_page()
        page.complaints, page.origin = [], server.origin
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda m: m.type == "error" and page.complaints.append(m.text))
        page.on(
            "request",
            lambda r: (
                r.url.startswith((server.origin, "blob:", "data:")) or page.complaints.append(r.url)
            ),
        )
        page.goto(f"{server.origin}/?token={server.token}")
        page.wait_for_selector("text=What shall it learn")
        assert page.url == f"{server.origin}/", "no token is left in the address"
        pages.append(page)
        return page

    yield go
    for page in pages:
        assert not page.complaints
        page.context.close()


def view(page, name: str) -> None:
    page.click(f"nav >> text={name}")


def train(page, dry: Path, wet: Path, name: str) -> None:
    """As its user does, quickly and lightly."""
    for file, place in zip((dry, wet), page.locator(".drop input").all(), strict=True):
        place.set_input_files(file)
    page.wait_for_selector("text=Fit to be learned from", timeout=120_000)
    page.fill("input[type=text]", name)
    page.click("text=Quick")
    page.click("text=Light")
    page.click("button:has-text('Train')")
    page.wait_for_selector(f"section[aria-label='Training of {name}']")


def download(page, name: str, place: Path) -> Path:
    page.click("summary:has-text('Take it home')")
    with page.expect_download(timeout=60_000) as waiting:
        page.click(f"button:has-text('{name}')")
    waiting.value.save_as(place / waiting.value.suggested_filename)
    return place / waiting.value.suggested_filename


def heard(page) -> float:
    """How loud it is right now, of what goes to the loudspeakers."""
    return page.evaluate("window.drywetLoudness()")


LISTEN = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode && this.context instanceof AudioContext) {
    if (window.ear?.context !== this.context) window.ear = new AnalyserNode(this.context);
    connect.call(this, window.ear);
  }
  return connect.call(this, to, ...rest);
};
window.drywetLoudness = () => {
  if (!window.ear) return 0;
  const samples = new Float32Array(window.ear.fftSize);
  window.ear.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
};
"""


def until_heard(page) -> None:
    for _ in range(400):
        if heard(page) > 1e-3:
            return
        page.wait_for_timeout(25)
    raise AssertionError("nothing is heard")


def test_the_whole_way(page_of, capture, tmp_path):
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        train(page, *capture, "My overdrive")
        view(page, "Models")
        done = "section[aria-label='My overdrive'] >> text=below the signal"
        page.wait_for_selector(done, timeout=120_000)
        page.evaluate(LISTEN)
        file = download(page, "Neural Amp Modeler", tmp_path)
        assert file.name == "My-overdrive.nam"
        assert json.loads(file.read_text())["metadata"]["name"] == "My overdrive"
        # Compared, and told apart blind by somebody who guesses.
        page.check("label:has-text('compare') input")
        view(page, "Compare")
        page.click("button.main:has-text('Play')")
        until_heard(page)
        model = "button:has-text('My overdrive') >> nth=0"
        page.click(model)
        assert page.get_attribute(model, "aria-pressed") == "true"
        page.select_option("select >> nth=-1", "5")
        page.click("button:has-text('Blind test')")
        for number in range(1, 6):
            page.wait_for_selector(f"text=Trial {number} of 5")
            assert page.is_disabled("label:has-text('My overdrive') input[type=checkbox]")
            assert page.is_disabled("button:has-text('Rank blind')")
            page.click("button:has-text('X is the device')")
        page.wait_for_selector("text=of 5 right")
        page.click("button:has-text('Done')")
        page.wait_for_selector("td:has-text('of 5')")
        (line,) = (tmp_path / "runs" / ".page" / "listening.jsonl").read_text().splitlines()
        assert json.loads(line)["trials"] == 5


@pytest.mark.proof
def test_two_tabs_and_a_closed_one(page_of, browser, capture, tmp_path):
    with served(tmp_path / "runs") as server:
        first = page_of(server)
        second = first.context.new_page()
        second.goto(server.origin)
        second.wait_for_selector("text=What shall it learn")
        train(first, *capture, "shared")
        second.wait_for_selector("section[aria-label='Training of shared']")
        first.close()
        view(second, "Models")
        done = "section[aria-label=shared] >> text=below the signal"
        second.wait_for_selector(done, timeout=120_000)
        assert second.inner_text("nav").count("Models (1)") == 1


def test_a_wrong_file_is_one_sentence_on_the_page(page_of, tmp_path):
    (tmp_path / "notes.wav").write_bytes(b"not a sound " * 100)
    (tmp_path / "song.txt").write_text("la la")
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        wrong = {"notes.wav": "not readable as audio", "song.txt": "is no sound file"}
        for name, said in wrong.items():
            page.locator(".drop input").first.set_input_files(tmp_path / name)
            page.wait_for_selector(f"[role=alert]:has-text('{said}')")
            assert page.is_disabled("button:has-text('Train') >> nth=0")
            assert str(tmp_path) not in page.inner_text("[role=alert]")
        page.complaints.clear()  # the browser notes each refusal


def test_joined_takes_are_mended_by_a_tick(page_of, tmp_path):
    x = playing(20)
    wet = overdrive(x)
    files = (save(tmp_path / "dry.wav", x), save(tmp_path / "wet.wav", joined(wet, 10 * RATE, 300)))
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        for file, place in zip(files, page.locator(".drop input").all(), strict=True):
            place.set_input_files(file)
        listening = ".card:has-text('Listening to the two files')"
        page.wait_for_selector(f"{listening} li:has-text('peaks at')")  # the rest is to be found
        assert page.locator(listening).locator("li:has-text('joined takes')").count() == 0
        page.wait_for_selector("text=joined takes with latencies of their own", timeout=120_000)
        page.wait_for_selector("h3:has-text('better once mended')", timeout=120_000)
        page.wait_for_selector(listening, state="detached")
        advice = page.text_content("li:has-text('joined takes')")
        assert "Tick it below" in advice
        assert "--" not in advice
        page.check("label:has-text('Align each take by itself') input")
        page.wait_for_selector("text=aligned each by itself", timeout=120_000)
        page.fill("input[type=text]", "Two takes")
        page.click("text=Quick")
        page.click("text=Light")
        page.click("button:has-text('Train')")
        page.wait_for_selector("section[aria-label='Training of Two takes']")
        view(page, "Models")
        done = "section[aria-label='Two takes'] >> text=below the signal"
        page.wait_for_selector(done, timeout=120_000)
    kept = json.loads((tmp_path / "runs" / "Two-takes" / "config.json").read_text())
    takes = kept["captures"][0]["recording"]["takes"]
    assert [latency for _, latency in takes] == [0, 300]


def test_a_server_that_is_gone_is_told(page_of, tmp_path):
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        page.wait_for_selector("text=The server does not answer", timeout=10_000)
        page.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1100])
def test_everybody_can_use_it(page_of, run_folder, tmp_path, width, scheme):
    """Labels, focus, contrast by axe-core; nothing is wider than the window."""
    if not AXE.is_file():
        assert not os.environ.get("CI"), ".ci/run must install tests/browser"
        pytest.skip("axe-core is not installed: npm install in tests/browser")
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    with served(tmp_path / "runs") as server:
        page = page_of(server, viewport={"width": width, "height": 800}, color_scheme=scheme)
        for name in VIEWS:
            view(page, name)
            for summary in page.locator("summary").all():
                summary.click()
            if name == "Compare":
                page.check("fieldset input[type=checkbox]")
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run()")["violations"]
            assert not found, [(one["id"], [n["html"] for n in one["nodes"]]) for one in found]
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.click("text=Capture")
        page.click("text=A built-in circuit")
        assert not page.evaluate("axe.run()")["violations"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_keyboard_does_everything(page_of, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        page.evaluate(LISTEN)
        page.focus("nav >> text=Compare")
        page.keyboard.press("Enter")
        page.focus("fieldset input[type=checkbox]")
        page.keyboard.press("Space")
        page.focus(".player")
        page.keyboard.press("Space")
        until_heard(page)
        page.keyboard.press("3")
        assert page.get_attribute("button:has-text('small') >> nth=0", "aria-pressed") == "true"
        page.keyboard.press("Space")
        page.wait_for_selector("button:has-text('Play')")


def test_a_reload_loses_nothing(page_of, capture, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        for file, place in zip(capture, page.locator(".drop input").all(), strict=True):
            place.set_input_files(file)
        page.wait_for_selector("text=Fit to be learned from", timeout=120_000)
        page.fill("input[type=number]", "3")
        page.fill("input[type=text]", "Mine")
        page.click("text=Light")
        view(page, "Play")
        page.select_option("label:has-text('What to play through') select", "circuit:triode")
        page.select_option("label:has-text('Oversampling') select", "2")
        page.fill("input[aria-label=volume]", "0.25")
        page.fill("input[aria-label='Gain after']", "-6")
        view(page, "Compare")
        page.check("fieldset input[type=checkbox]")
        page.reload()
        page.wait_for_selector("fieldset input[type=checkbox]:checked")
        view(page, "Capture")
        assert [one.inner_text() for one in page.locator(".drop .name").all()] == [
            file.name for file in capture
        ]
        assert page.input_value("input[type=text]") == "Mine"
        assert page.is_checked("label:has-text('Light') input")
        page.wait_for_selector("text=Fit to be learned from", timeout=120_000)
        assert page.input_value("input[type=number]") == "3"
        page.wait_for_selector("text=by hand")
        view(page, "Play")
        page.wait_for_selector("input[aria-label=volume]")
        chosen = page.input_value("label:has-text('What to play through') select")
        assert chosen == "circuit:triode"
        assert page.input_value("label:has-text('Oversampling') select") == "2"
        assert page.input_value("input[aria-label=volume]") == "0.25"
        assert page.input_value("input[aria-label='Gain after']") == "-6"


def test_a_reload_keeps_the_view_and_the_browsers_way_back_leads_to_the_last(page_of, tmp_path):
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        view(page, "Models")
        page.reload()
        page.wait_for_selector("h2:has-text('Models')")
        view(page, "Compare")
        page.go_back()
        page.wait_for_selector("h2:has-text('Models')")


def test_a_run_is_renamed_and_deleted_on_the_page(page_of, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        view(page, "Models")
        page.click("summary:has-text('Rename')")
        page.fill("details input[type=text]", "endless " * 40)
        page.click("button:has-text('Rename')")
        page.wait_for_selector("details [role=alert]")
        page.complaints.clear()  # the browser notes the refusal
        page.fill("details input[type=text]", "Sunday's drive")
        page.click("button:has-text('Rename')")
        page.wait_for_selector('section[aria-label="Sunday\'s drive"]')
        page.click("button:has-text('Delete Sunday')")
        page.click("text=Keep it")
        page.click("button:has-text('Delete Sunday')")
        page.click("text=Delete it for good")
        page.wait_for_selector("text=Nothing is trained yet")
        assert not (tmp_path / "runs" / "small").exists()


def test_models_are_ranked_blind_beside_the_hidden_device(page_of, run_folder, tmp_path):
    shutil.copytree(run_folder, tmp_path / "runs" / "small")
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        view(page, "Compare")
        page.evaluate(LISTEN)
        page.check("fieldset input[type=checkbox]")
        page.click("button:has-text('Rank blind')")
        page.wait_for_selector("text=How close is each")
        assert page.locator(".player").count() == 0, "it would tell which is which"
        page.evaluate(AXE.read_text())
        assert not page.evaluate("axe.run()")["violations"]
        assert page.inner_text("legend >> text=How close").count("small") == 0
        loudness = {}
        for letter in "ABCD":  # the device, two anchors, the model
            page.click(f"button:has-text('Sound {letter}')")
            page.wait_for_timeout(400)
            loudness[letter] = heard(page)
            assert page.is_disabled("button:has-text('Keep')")
            page.fill(f"input[aria-label='Mark of sound {letter}']", "95")
        assert min(loudness.values()) > 1e-4
        page.click("button:has-text('Keep')")
        page.wait_for_selector("text=Blind ranking, 1 round")
        page.click("button.main:has-text('Play')")
        until_heard(page)
        page.wait_for_timeout(400)
        page.click("button:has-text('Loop to here')")
        page.click("button:has-text('Loop all')")
        box = page.locator("canvas.seek").bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + 0.2 * box["width"], y)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.6 * box["width"], y, steps=4)
        page.mouse.up()
        seconds = page.text_content("button:has-text('Loop all') + .figure").split(" to ")
        start, end = (float(edge.removesuffix(" s")) for edge in seconds)
        assert end / start == pytest.approx(3, rel=0.05)  # 60 % of the way over 20 %
        page.keyboard.press("Space")  # wherever the focus is
        page.wait_for_selector("button.main:text-is('Play')")
        page.keyboard.press("2")
        assert page.get_attribute("button:text-is('Device')", "aria-pressed") == "true"
        page.click("button:has-text('Plain filter')")
        page.wait_for_selector("canvas[aria-label^='Spectrogram of Plain filter']")
    (line,) = (tmp_path / "runs" / ".page" / "listening.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert set(kept["scores"]) == {"reference", "low anchor", "plain filter", kept["models"][0]}


def recorded(page, place: Path, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """What went into the model and what came out of it."""
    page.click("button:has-text('Record')")
    page.wait_for_timeout(1000 * seconds)
    page.click("button:has-text('Stop recording')")
    sounds = []
    for name in ("what went in", "what came out"):
        with page.expect_download() as waiting:
            page.click(f"button:has-text('{name}')")
        waiting.value.save_as(place / "recorded.wav")
        sounds.append(read(place / "recorded.wav")[0])
    return sounds[0], sounds[1]


def same_after(x: np.ndarray, first: int, played: np.ndarray) -> None:
    """Once the past that was not recorded is forgotten."""
    assert len(x) == len(played) > first + 20_000
    assert np.std(played[first:]) > 1e-3
    assert np.max(np.abs(x[first:] - played[first:])) < 1e-6


def test_a_guitar_through_a_dropped_model(page_of, tmp_path):
    """The browser's input, live, is played as drywet plays it: also oversampled, also turned."""
    config = WaveNetConfig(preset="nano")
    net = mild_model(config, 1.0, 0.5)
    net.head_scale.fill_(1.0)
    model = TrainedModel.of(net, ModelCard(model=config, rate=48_000, output_latency=0))
    save_model(tmp_path / "amp.safetensors", model)
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        view(page, "Play")
        page.set_input_files("input[accept*='.nam']", tmp_path / "amp.safetensors")
        page.wait_for_selector("text=WaveNet nano")
        (tmp_path / "broken.nam").write_text("{}")
        page.set_input_files("input[accept*='.nam']", tmp_path / "broken.nam")
        page.wait_for_selector(".card [role=alert]:has-text('broken.nam')")
        page.complaints.clear()  # the browser notes the refusal
        models = "label:has-text('What to play through') select"
        page.select_option(models, "circuit:triode")
        page.wait_for_selector("[role=alert]", state="detached")
        page.select_option(models, "file:0")
        page.evaluate(LISTEN)
        page.click("button:has-text('My guitar')")
        page.click("button.main:has-text('Play')")
        page.wait_for_selector("text=of a core")
        assert heard(page) < 1e-6, "it starts muted"
        page.click("button:has-text('Unmute')")
        until_heard(page)
        x, y = recorded(page, tmp_path, 1.5)
        same_after(y, 8_000, Stream(model).process(x))
        page.select_option("label:has-text('Oversampling') select", "4")
        page.wait_for_timeout(1500)
        x, y = recorded(page, tmp_path, 1.5)
        same_after(y, 8_000, Stream(model, 4, "minimum").process(x))
        page.select_option("label:has-text('What to play through') select", "circuit:triode")
        page.wait_for_selector("input[aria-label=volume]")
        page.wait_for_timeout(1000)
        until_heard(page)
        page.set_input_files("label:has-text('Cabinet') input", tmp_path / "broken.nam")
        page.wait_for_selector("[role=alert]:has-text('broken.nam is no sound')")
        page.click("button.main:has-text('Stop')")
        page.click("button.main:has-text('Play')")  # it was never taken for one
        page.wait_for_selector("button.main:has-text('Stop')")
        page.click("button.main:has-text('Stop')")


def test_knobs_turn_on_the_devices_own_scale(page_of, tmp_path):
    """In marks; what only followed another knob has no slider, and the net still gets its place."""
    config = RecurrentConfig(hidden=4, knobs=("master", "drive"))
    ranges = (
        KnobRange(name="master", most=10, follows="drive"),
        KnobRange(name="drive", least=2, most=12, unit="marks"),
    )
    card = ModelCard(model=config, rate=48_000, output_latency=0, knobs=ranges)
    save_model(tmp_path / "amp.safetensors", TrainedModel.of(mild_model(config, 1.0, 0.5), card))
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        view(page, "Play")
        page.set_input_files("input[accept*='.nam']", tmp_path / "amp.safetensors")
        drive = page.locator("input[aria-label=drive]")
        drive.wait_for()
        assert page.locator("input[aria-label=master]").count() == 0
        assert (drive.get_attribute("min"), drive.get_attribute("max")) == ("2", "12")
        assert drive.input_value() == "7"
        drive.fill("9.5")
        assert "9.5" in page.inner_text("label:has(input[aria-label=drive])")
        page.evaluate(TURNS)
        page.click("button:has-text('My guitar')")
        page.click("button.main:has-text('Play')")
        page.wait_for_selector("text=of a core")
        assert page.evaluate("window.turned") == [0.5, 0.75]
        page.click("button.main:has-text('Stop')")


def test_a_new_model_does_not_take_the_place_of_what_is_played(page_of, run_folder, tmp_path):
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        view(page, "Play")
        models = "label:has-text('What to play through') select"
        first = page.input_value(models)
        assert first.startswith("circuit:")
        shutil.copytree(run_folder, tmp_path / "runs" / "small")
        page.wait_for_selector(f"{models} option:has-text('small')", state="attached")
        assert page.input_value(models) == first


@pytest.mark.proof
def test_a_ts9_from_two_files_to_neural_amp_modeler(page_of, core, tmp_path):
    """The downloaded .nam, played by NAM Core itself, is what drywet plays."""
    dry, wet = shared("audio", "ts9", "dry.flac"), shared("audio", "ts9", "wet.flac")
    with served(tmp_path / "runs") as server:
        page = page_of(server)
        train(page, dry, wet, "TS9")
        page.wait_for_selector("button:has-text('Listen now')", timeout=120_000)
        page.evaluate(LISTEN)
        page.click("button:has-text('Listen now')")
        page.wait_for_selector("text=better ones are faded in")
        until_heard(page)
        page.click("button:has-text('Device')")
        until_heard(page)
        view(page, "Models")
        page.wait_for_selector("section[aria-label=TS9] >> text=below the signal", timeout=240_000)
        file = download(page, "Neural Amp Modeler", tmp_path)
        page.complaints.clear()  # what was heard while it learned ended with it
    trained = drywet.load(file)
    x = playing(2, 48_000)
    ours, theirs = predict(trained, x), core(file, x)
    assert np.sum((ours - theirs) ** 2) / np.sum(ours**2) < 1e-4  # Core's fast tanh
