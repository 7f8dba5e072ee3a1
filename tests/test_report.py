"""The report in a real browser: it plays, it fits, it needs nothing else, and it lies to nobody."""

from __future__ import annotations

import json
import re
import shutil
import time
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from scipy.optimize import minimize

from drywet.figures.front import apart, front, pareto
from drywet.formats.load import load
from drywet.inference.stream import predict
from drywet.report.sound import sound
from drywet.trained.knobs import with_knobs
from tests.support import RATE, drywet, playing, tool
from tests.test_knobs import DRIVES
from tests.test_knobs import folder as folder
from tests.test_knobs import run as run


@pytest.fixture(scope="module")
def single(run_folder, once):
    def make(folder):
        done = drywet("report", run_folder, "-o", folder / "one.html")
        assert done.code == 0, done.err

    return once("report-of-one", make) / "one.html"


@pytest.fixture(scope="module")
def several(run_folder, capture, once):
    def make(folder):
        options = ("--hidden", 4, "--segment", 1024, "--epochs", 1)
        done = drywet("train", *capture, "-o", folder / "worse", *options)
        assert done.code == 0, done.err
        done = drywet("report", run_folder, folder / "worse", "-o", folder / "all.html", "--json")
        assert done.code == 0, done.err
        assert len(done.json["runs"]) == 2

    return once("report-of-two", make) / "all.html"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = tool("chromium")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    pages = []

    def go(path, **settings):
        page = browser.new_context(**settings).new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda m: m.type == "error" and page.complaints.append(m.text))
        page.on(
            "request",
            lambda r: r.url.startswith(("file:", "data:")) or page.complaints.append(r.url),
        )
        page.goto(path.resolve().as_uri())
        pages.append(page)
        return page

    yield go
    for page in pages:
        assert not page.complaints
        page.context.close()


def until(page, condition):
    """Wait for it; the page's policy forbids what playwright does for this."""
    deadline = time.monotonic() + 20
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(20)


def state(page):
    return page.evaluate("drywetPlayer.state()")


def test_it_plays_and_switches_in_place(single, visit):
    page = visit(single)
    page.click("[data-play]")
    until(page, "drywetPlayer.state().position > 0.4")
    assert state(page)["audible"] == "target"
    assert page.evaluate("drywetPlayer.rms()") > 1e-3
    before = state(page)["position"]
    page.click("[data-sound=model0]")
    after = state(page)
    assert after["audible"] == "model0"
    assert 0 <= after["position"] - before < 0.4, "it goes on where it was"
    page.wait_for_timeout(150)
    assert page.evaluate("drywetPlayer.rms()") > 1e-3
    page.click("[data-play]")
    held = state(page)
    assert not held["playing"]
    page.wait_for_timeout(100)
    assert state(page)["position"] == held["position"]


def test_unmatched_sounds_have_their_own_level_and_matched_ones_the_devices(
    single, run_folder, visit
):
    """Unmatched, the residual lies below the device by the root of the ESR."""
    esr = json.loads((run_folder / "scores.json").read_text())["esr"]
    page = visit(single)
    page.click("[data-play]")
    level = {}
    for matched in (True, False):
        page.set_checked("[data-matched]", matched)
        for name in ("target", "residual0"):
            page.click(f"[data-sound={name}]")
            page.wait_for_timeout(100)
            played = []
            for _ in range(32):  # once through the sound
                page.wait_for_timeout(40)
                played.append(page.evaluate("drywetPlayer.rms()"))
            level[matched, name] = float(np.sqrt(np.mean(np.square(played))))
    assert level[False, "residual0"] / level[False, "target"] == pytest.approx(esr**0.5, rel=0.5)
    assert level[False, "target"] == pytest.approx(level[True, "target"], rel=0.5)
    assert level[True, "residual0"] > 1.3 * level[False, "residual0"]


def test_keys_and_seeking(single, visit):
    page = visit(single)
    page.keyboard.press("1")
    assert page.get_attribute("[data-sound=dry]", "aria-pressed") == "true"
    page.keyboard.press("Space")
    until(page, "drywetPlayer.state().playing")
    box = page.locator("[data-seek]").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 5)
    page.wait_for_timeout(60)
    length = 2.4  # the fixture's test audio lasts about as long
    assert 0.3 * length < state(page)["position"] < 0.9 * length


def test_the_blind_test_is_blind_and_counts(single, visit):
    page = visit(single)
    page.click("[data-blind]")
    until(page, "drywetPlayer.state().playing")
    assert page.is_disabled("[data-sound=target]")
    assert page.locator("[data-sound][aria-pressed=true]").count() == 0
    page.click("[data-hear=a]")
    assert state(page)["audible"] == "target"
    page.click("[data-hear=b]")
    assert state(page)["audible"] == "model0"
    answers, right = [], 0
    for _ in range(12):
        page.click("[data-hear=x]")
        truth = {"target": "a", "model0": "b"}[state(page)["audible"]]
        answers.append(truth)
        page.click("[data-answer=a]")
        right += truth == "a"
        assert f"{right} of {len(answers)} right" in page.inner_text("[data-result]")
    assert {"a", "b"} == set(answers), "one in two thousand fails by chance"
    page.click("[data-blind]")
    assert page.is_enabled("[data-sound=target]")


def test_the_chance_of_guessing_is_the_binomials(single, visit):
    from scipy.stats import binom

    page = visit(single)
    page.click("[data-blind]")
    until(page, "drywetPlayer.state().playing")
    for _ in range(8):
        page.click("[data-hear=x]")
        truth = {"target": "a", "model0": "b"}[state(page)["audible"]]
        page.click(f"[data-answer={truth}]")
    said = re.search(r"in (\d+) % of tests", page.inner_text("[data-result]"))
    assert int(said[1]) == round(100 * binom.sf(7, 8, 0.5))


@pytest.mark.parametrize("width", [320, 360, 768, 1200, 1400])
def test_it_fits_every_screen(several, visit, width):
    page = visit(several, viewport={"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tables = "[...document.querySelectorAll('.scroll')]"
    cut = page.evaluate(f"{tables}.filter(s => s.scrollWidth > s.clientWidth).length")
    assert cut == 0 or width < 360, "tables whose last columns are out of sight"
    small = page.evaluate(
        "[...document.querySelectorAll('button')].filter(b => b.offsetHeight < 40).length"
    )
    assert small == 0, "buttons that a thumb can hit"
    # Text in the figures stays readable: at least 6 px for the smallest tick on a phone.
    sizes = page.evaluate(
        "[...document.querySelectorAll('figure svg text')]"
        ".map(t => t.getBoundingClientRect().height)"
    )
    assert min(size for size in sizes if size) > 6


def contrast(a, b):
    def luminance(color):
        channels = [int(v) / 255 for v in re.findall(r"\d+", color)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_in_the_light_and_in_the_dark(single, visit, scheme):
    """WCAG 2: 4.5 to 1 for text, in the figures too."""
    page = visit(single, color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor")
    assert contrast(ground, "rgb(0,0,0)") < 3 if scheme == "dark" else True
    for where in ("p", ".quiet", "td", "figcaption", "h3"):
        color = page.evaluate(f"getComputedStyle(document.querySelector('{where}')).color")
        assert contrast(color, ground) >= 4.5, where
    fills = page.evaluate(
        "[...document.querySelectorAll('figure svg text')].map(t => getComputedStyle(t).fill)"
    )
    on_maps = {"rgb(0, 0, 0)", "rgb(255, 255, 255)"}  # figures on a field of the aliasing map
    assert all(contrast(fill, ground) >= 4.5 for fill in set(fills) - on_maps)


def test_it_prints(single, visit):
    page = visit(single)
    page.emulate_media(media="print")
    assert not page.is_visible(".player")
    assert page.is_visible("ul.verdict")
    assert page.pdf()[:4] == b"%PDF"


def test_one_page_without_network(single, several):
    for path in (single, several):
        text = path.read_text()
        assert not re.search(r'(src|href)\s*=\s*"(?!data:|#)', text)
        assert not re.search(r"url\((?!#)", text)
        sounds = re.search(r'id="sounds">(.*?)</script>', text, re.S)[1]
        assert len(text) - len(sounds) < 5e6


NAMES = ["<img src=x onerror=alert(1)>", "<!--<script>", r"a$\frac$ {{ x }}", "_under"]


def named_as_they_are(page, text, names):
    assert "<img src=x" not in text
    for name in names:
        assert name in page.inner_text("table")
        assert name in page.text_content("figure svg"), "in the first figure, accuracy against cost"
    assert page.evaluate("Boolean(window.drywetPlayer)")


def test_names_are_text_and_nothing_else(run_folder, tmp_path, visit):
    """A folder's name may hold anything, an untrusted config too."""
    evil = [shutil.copytree(run_folder, tmp_path / name) for name in NAMES]
    done = drywet("report", *evil, "-o", tmp_path / "r.html")
    assert done.code == 0, done.err
    named_as_they_are(visit(tmp_path / "r.html"), (tmp_path / "r.html").read_text(), NAMES)


@pytest.mark.proof
@pytest.mark.parametrize("name", NAMES)
def test_a_name_beside_another_is_text_and_nothing_else(run_folder, tmp_path, visit, name):
    evil = shutil.copytree(run_folder, tmp_path / name)
    done = drywet("report", evil, run_folder, "-o", tmp_path / "r.html")
    assert done.code == 0, done.err
    named_as_they_are(visit(tmp_path / "r.html"), (tmp_path / "r.html").read_text(), [name])


@pytest.mark.proof
def test_runs_of_one_name_are_told_apart(run_folder, tmp_path):
    a, b = (shutil.copytree(run_folder, tmp_path / side / "same") for side in "ab")
    done = drywet("report", a, b, a, "-o", tmp_path / "r.html", "--json")
    assert done.code == 0, done.err
    assert len(done.json["runs"]) == 2, "named twice, scored once"
    text = (tmp_path / "r.html").read_text()
    assert "a/same" in text
    assert "b/same" in text


def test_runs_at_other_rates_and_on_other_audio_are_not_ranked(run_folder, capture, tmp_path):
    """Even where the rate is none that FLAC or a browser knows."""
    done = drywet(
        "train", *capture, "-o", tmp_path / "low", "--rate", 7919, "--hidden", 4,
        "--segment", 1024, "--epochs", 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    done = drywet("report", run_folder, tmp_path / "low", "-o", tmp_path / "r.html", "--json")
    assert done.code == 0, done.err
    assert any("not ranked" in text for text in done.json["comparison"])


def test_a_click_before_the_sounds_are_ready_is_harmless(single, visit):
    page = visit(single)
    page.evaluate(
        "() => { const hit = (q) => document.querySelector(q).click();"
        " hit('[data-play]'); hit('[data-sound=dry]'); hit('[data-seek]');"
        " dispatchEvent(new Event('resize')); }"
    )
    until(page, "drywetPlayer.state().playing")
    assert state(page)["audible"] == "dry"


def test_seeking_often_draws_no_oftener(single, visit):
    page = visit(single)
    page.click("[data-play]")
    until(page, "drywetPlayer.state().playing")
    page.evaluate(
        "() => { window.drawn = 0; const own = CanvasRenderingContext2D.prototype.clearRect;"
        " CanvasRenderingContext2D.prototype.clearRect = function (...a)"
        " { window.drawn += 1; return own.apply(this, a); }; }"
    )
    counts = []
    for _ in range(2):
        page.evaluate("window.drawn = 0")
        page.wait_for_timeout(400)
        counts.append(page.evaluate("window.drawn"))
        for _ in range(8):
            page.evaluate("document.querySelector('[data-seek]').click()")
            page.wait_for_timeout(30)
    assert counts[1] < 2 * counts[0] + 5


def test_the_comparison_says_only_what_it_can(several):
    """Two seconds of test audio decide nothing, however far apart the models are."""
    text = several.read_text()
    assert "too few to tell models apart" in text
    assert "too short" in text


def test_the_verdict_comes_first(single):
    text = single.read_text()
    assert text.index("dB below the signal") < text.index("Listen")


def test_refusals(run_folder, tmp_path):
    done = drywet("report", tmp_path)
    assert done.code == 2
    assert "not the folder of a run" in done.err
    done = drywet("report", run_folder, "-o", tmp_path / "no" / "such" / "place.html")
    assert done.code == 2
    assert "cannot write" in done.err
    done = drywet("report", run_folder, "-o", "song.wav")
    assert done.code == 2
    assert ".html" in done.err
    assert "scoring" not in done.err, "before the work, not after it"


def test_sounds_keep_their_level(tmp_path):
    import base64
    import io

    import soundfile

    target = playing(2)
    packed = sound("x", "X", 0.1 * target, target, RATE)
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(packed.data)))
    assert rate == RATE
    assert np.abs(samples).max() == pytest.approx(0.9, abs=1e-3)
    assert np.allclose(samples * packed.true_gain, 0.1 * target, atol=1e-5)
    assert np.allclose(samples * packed.matched_gain, target, atol=2e-3)


def test_the_names_of_many_models_lie_apart_and_near_their_points():
    """However close the models are."""
    rng = np.random.default_rng(4)
    points = {f"model {i}": (50 + i, float(e)) for i, e in enumerate(rng.uniform(4e-3, 5e-3, 12))}
    points |= {"far off": (900.0, 0.4)}
    figure = front(points, dict.fromkeys(points, "#3f7fbf"))
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    # Of the words alone, without the lines that lead to them.
    boxes = sorted((Text.get_window_extent(t) for t in axes.texts), key=lambda box: box.y0)
    assert len(boxes) == 13
    assert all(a.y1 <= b.y0 + 1 for a, b in pairwise(boxes))
    assert all(box.x1 <= figure.bbox.x1 for box in boxes)
    for axis in (axes.xaxis, axes.yaxis):
        assert sum(bool(label.get_text()) for label in axis.get_ticklabels()) > 1


def test_places_are_moved_as_little_as_can_be():
    """Against a general solver of the same quadratic programme."""
    places = np.array([0.1, 0.12, 0.5, 0.51, 0.97])
    want = minimize(
        lambda x: ((x - places) ** 2).sum(), np.linspace(0, 1, 5), method="SLSQP",
        bounds=[(0, 1)] * 5, options={"ftol": 1e-12},
        constraints=[{"type": "ineq", "fun": lambda x: np.diff(x) - 0.1}],
    )  # fmt: skip
    assert apart(places, 0.1) == pytest.approx(want.x, abs=1e-5)
    assert np.diff(apart(np.full(30, 0.5), 0.1)) == pytest.approx(1 / 29)


def test_the_front_holds_what_nothing_beats():
    points = {"a": (10, 0.1), "b": (20, 0.2), "c": (30, 0.01), "d": (30, 0.02), "e": (5, 0.5)}
    assert pareto(points) == ["e", "a", "c"]


def test_aliasing_is_heard_at_the_models_rate_and_oversampled(single, visit):
    page = visit(single)
    assert page.evaluate("document.querySelectorAll('audio').length") == 2  # no device to ask
    page.evaluate("document.querySelectorAll('audio').forEach((a) => { a.preload = 'auto'; })")
    until(page, "[...document.querySelectorAll('audio')].every((a) => a.readyState > 0)")
    seconds = page.evaluate("[...document.querySelectorAll('audio')].map((a) => a.duration)")
    assert np.allclose(seconds, 13 * 0.35, atol=0.01)
    said = page.inner_text("section[aria-label='Aliasing by ear']")
    own, fast = map(int, re.findall(r"(-\d+) dB", said))
    assert fast < own - 6
    assert "Model, 4 times oversampled" in said


def test_knobs_are_turned_while_it_plays(run, visit, tmp_path):
    """In the browser it is what drywet plays at that position, before a turn and after it."""
    done = drywet("report", run, "-o", tmp_path / "knobs.html")
    assert done.code == 0, done.err
    page = visit(tmp_path / "knobs.html")
    words = page.inner_text("body")
    assert "with drive; scored on" in words
    assert "at positions that were not learned from" in words
    assert "The knobs: from 0.0 s drive 5." in words
    assert words.count("The knobs are at drive 5.") == 3  # what test signals tell
    assert "Along the knobs" in words
    assert "the others where they stood at drive 5:" in words
    first = page.evaluate(f"drywetKnobs.some({RATE})")
    dry = np.array(page.evaluate("drywetKnobs.dry()"), np.float32)
    trained = load(run)
    wanted = predict(with_knobs(trained, {"drive": 5.0}), dry)[:RATE]
    assert np.max(np.abs(first - wanted)) < 1e-5 * np.max(np.abs(wanted))
    page.click("button:has-text('drive 10')")
    assert page.locator("[data-knob]").input_value() == "1"
    assert page.get_attribute("button:has-text('drive 10')", "aria-pressed") == "true"
    turning = page.evaluate(f"drywetKnobs.some({RATE})")
    after = page.evaluate(f"drywetKnobs.some({RATE})")
    wanted = predict(with_knobs(trained, {"drive": 10.0}), dry)[2 * RATE : 3 * RATE]
    assert np.max(np.abs(after - wanted)) < 1e-3 * np.max(np.abs(wanted))
    assert np.max(np.abs(np.diff(turning))) < 1.5 * np.max(np.abs(np.diff(wanted)))  # no click
    page.click(".turn [data-play]")
    page.wait_for_timeout(300)
    assert page.evaluate("drywetKnobs.playing()")
    page.click(".player [data-play]")
    until(page, "drywetPlayer.state().playing")
    assert not page.evaluate("drywetKnobs.playing()")  # one at a time
    page.click(".turn [data-play]")
    until(page, "drywetKnobs.playing()")
    assert not page.evaluate("drywetPlayer.state().playing")


def test_scores_that_hear_no_difference_are_in_no_table(single):
    text = single.read_text()
    assert "MFCC" in text
    assert not {"MUSHRA", "Zimtohrli"} & set(re.findall(r"\w+", text))


def test_without_knobs_there_is_nothing_to_turn(single):
    text = single.read_text()
    assert "Turn the knobs" not in text
    assert "wasm" not in text


@pytest.mark.proof
def test_a_switch_is_chosen_among_its_steps(folder, visit, tmp_path):
    captures = "\n".join(
        f"  - {{wet: {folder / f'wet_drive{drive:g}.wav'}, drive: {drive:g}}}" for drive in DRIVES
    )
    steps = ", ".join(f"{drive:g}" for drive in DRIVES)
    listed = tmp_path / "captures.yaml"
    knobs = f"knobs:\n  drive: {{steps: [{steps}]}}"
    listed.write_text(f"dry: {folder / 'dry.wav'}\n{knobs}\ncaptures:\n{captures}\n")
    few = ("--hidden", 4, "--segment", 1024, "--batch", 16, "--epochs", 2)
    done = drywet("train", "--captures", listed, "-o", tmp_path / "run", *few)
    assert done.code == 0, done.err
    assert drywet("report", tmp_path / "run", "-o", tmp_path / "r.html").code == 0
    page = visit(tmp_path / "r.html")
    for drive in DRIVES:
        button = page.locator(f"[data-shares]:has-text('drive {drive:g} ')")
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert page.locator("[data-knob] option:checked").text_content() == f"{drive:g}"
